// Package mirror owns the two machines that keep a copy of a box's state at
// home: the Source beside the torrent daemon and the Follower in the
// controller, over any ordered stream of bytes. The copy is state-based: the
// source never queues changes, it sends the difference between the newest state
// and the last one sent, as often as the line takes it.
//
// Home opens with a Hello that names the version it has, and the box answers
// with what is missing: a difference, or a snapshot. Either may take several
// frames, and the newest state goes first; how much may be on the way is bounded
// by home's acks. While a page looks, what moves is told about right, and exactly
// as soon as it stops, is opened, or is asked for. See package wire for the
// frames.
package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"offing/tunnel/wire"
)

// ErrVersion is returned by both sides' Run when they do not speak the same
// version of the protocol. The error's text says which side must be updated.
var ErrVersion = errors.New("the two ends of the line speak different versions")

// errProtocol is in the chain of what a peer does against the protocol.
var errProtocol = errors.New("the other end broke the mirror protocol")

// versionError says what to do when home and the box do not fit.
func versionError(home, box uint32) error {
	update := "update the agent on the box"
	if home < box {
		update = "update the controller"
	}
	return fmt.Errorf("%w (controller %d, agent %d): %s", ErrVersion, home, box, update)
}

// connection is one side of an opened connection. Each half runs in a goroutine
// of its own and returns when rw is closed, never with nil.
type connection interface {
	read(context.Context) error
	write(context.Context) error
}

// run opens a connection and runs its halves until one of them fails or ctx
// ends. It closes rw, and returns when everything it started has ended.
func run(ctx context.Context, rw io.Closer, open func() (connection, error)) error {
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error {
		<-inner.Done()
		rw.Close() // ends a read or a write that is under way
		return nil
	})
	group.Go(func() error {
		c, err := open()
		if err != nil {
			return err
		}
		group.Go(func() error { return c.read(inner) })
		return c.write(inner)
	})
	err := group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// wake puts a token into c, a channel of capacity one, unless one is there.
func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// unexpected is the error for a frame that does not belong where it came.
func unexpected(f wire.Frame) error {
	return fmt.Errorf("%w: frame of type %d out of place", errProtocol, f.Type())
}
