package mirror

import (
	"context"
	"fmt"
	"io"
	"time"

	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// following is the follower's side of one connection.
type following struct {
	*Follower
	in    *wire.Reader
	out   *wire.Writer
	epoch state.Epoch // the source's

	// Under Follower.mu, from the reading half to the writing one.
	arrived uint64 // parts and deltas, to be acknowledged
	resync  bool   // to be asked for

	// What follows belongs to the reading half.
	part     *partial // of the snapshot that is coming in; nil when none is
	deaf     bool     // until the snapshot that was asked for begins
	forgiven bool     // the two had diverged once
	transit  transit
}

// open says hello and reads the answer.
func (c *following) open(rw io.ReadWriter) (err error) {
	if c.in, err = wire.NewReader(rw, wire.TypeWelcome, wire.TypeRefuse, wire.TypePart, wire.TypeDelta, wire.TypeFresh, wire.TypeCheck); err != nil {
		return err
	}
	if c.out, err = wire.NewWriter(rw); err != nil {
		return err
	}
	have, asked := c.version(), time.Now()
	if err := c.send(&wire.Hello{Version: wire.Version, Epoch: have.Epoch, Seq: have.Seq}); err != nil {
		return err
	}
	frame, err := c.next()
	if err != nil {
		return err
	}
	switch frame := frame.(type) {
	case *wire.Refuse:
		return refused(frame)
	case *wire.Welcome:
		if frame.Version != wire.Version {
			return versionError(wire.Version, frame.Version)
		}
		c.epoch = frame.Epoch
		c.transit = newTransit(asked, time.Now())
		return nil
	}
	return unexpected(frame)
}

// refused turns the box's answer into an error. Its text is not repeated where
// ours says it as well: the box is not to be trusted with what people read.
func refused(r *wire.Refuse) error {
	if r.Code == wire.RefuseVersion {
		return versionError(wire.Version, r.Version)
	}
	return fmt.Errorf("the agent refuses the mirror (code %d): %q", r.Code, r.Text)
}

// next reads a frame and counts it.
func (c *following) next() (wire.Frame, error) {
	frame, err := c.in.Next()
	if err == nil {
		c.count(func(s *Stats) { s.FramesIn++; s.BytesIn += uint64(c.in.Size()) })
	}
	return frame, err
}

// send writes frames and counts them.
func (c *following) send(frames ...wire.Frame) error {
	for _, frame := range frames {
		size, err := c.out.Write(frame)
		if err != nil {
			return err
		}
		c.count(func(s *Stats) { s.FramesOut++; s.BytesOut += uint64(size) })
	}
	return c.out.Flush()
}

// write tells the source what has changed on this side. Acks that are late are
// joined: the number counts all.
func (c *following) write(ctx context.Context) error {
	told, acked := Idle, uint64(0)
	for {
		c.mu.Lock()
		level, arrived, resync := c.interest, c.arrived, c.resync
		c.resync = false
		c.mu.Unlock()
		var frames []wire.Frame
		if level != told {
			frames = append(frames, &wire.Interest{Level: uint8(level)})
		}
		if arrived != acked {
			frames = append(frames, &wire.Ack{Frames: arrived})
		}
		if resync {
			frames = append(frames, &wire.Resync{})
		}
		if err := c.send(frames...); err != nil {
			return err
		}
		told, acked = level, arrived
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.wake:
		}
	}
}

// acknowledge has the writing half tell that a part or delta has arrived.
func (c *following) acknowledge() {
	c.mu.Lock()
	c.arrived++
	c.mu.Unlock()
	wake(c.wake)
}

// askResync has the writing half ask for a snapshot.
func (c *following) askResync() {
	c.mu.Lock()
	c.resync = true
	c.mu.Unlock()
	wake(c.wake)
}
