package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"
)

// ErrVersion is returned by Outbox.Run and by Serve when the two ends do not speak
// the same version of the protocol. Its text says which of them must be updated.
var ErrVersion = errors.New("the two ends speak different versions of the commands")

func versionError(home, box uint32) error {
	update := "update the agent on the box"
	if home < box {
		update = "update the controller"
	}
	return fmt.Errorf("%w (controller %d, agent %d): %s", ErrVersion, home, box, update)
}

// carry runs the two halves of one end until one of them fails or ctx ends. It closes
// rw, and returns when both have ended: ctx's error if ctx has ended, io.EOF if the
// other end closed between two frames, and else what went wrong.
func carry(ctx context.Context, rw io.Closer, read, write func(context.Context) error) error {
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error {
		<-inner.Done()
		rw.Close() // ends a read or a write that is under way
		return nil
	})
	group.Go(func() error { return read(inner) })
	group.Go(func() error { return write(inner) })
	err := group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// readHello reads the frame that comes first and returns its version.
func readHello(in *reader, c codec) (uint32, error) {
	t, body, err := in.next()
	if err != nil {
		return 0, err
	}
	if t != frameHello {
		return 0, unexpected(t)
	}
	var h hello
	err = c.decode(body, &h)
	return h.Version, err
}

// addHello puts ours into the first batch.
func addHello(out *writer, c codec) error {
	body, err := c.encode(&hello{Version: Version})
	if err == nil {
		out.add(frameHello, body)
	}
	return err
}

// unexpected is the error for a frame that does not belong where it came.
func unexpected(t frameType) error {
	return fmt.Errorf("%w: a frame of type %d out of place", errMalformed, t)
}

// wake puts a token into c, a channel of capacity one, unless one is there.
func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
