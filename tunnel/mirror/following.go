package mirror

import (
	"context"
	"fmt"
	"io"
	"slices"
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
	cover bool        // the source sends by the clock

	// Under Follower.mu, from the reading half to the writing one.
	arrived uint64 // snapshots, deltas and details, to be acknowledged
	resync  bool   // to be asked for

	// What follows belongs to the reading half.
	snapshot bool // one is coming in
	deaf     bool // until the snapshot that was asked for begins
	forgiven bool // the two had diverged once
	transit  transit
}

// open says hello and reads the answer.
func (c *following) open(rw io.ReadWriter) (err error) {
	if c.in, err = wire.NewReader(rw, wire.TypeWelcome, wire.TypeRefuse, wire.TypeSnapshot, wire.TypeDelta, wire.TypeCheck, wire.TypeDetail); err != nil {
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
		c.epoch, c.cover = frame.Epoch, frame.Cover
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
	total := 0
	for _, frame := range frames {
		size, err := c.out.Write(frame)
		if err != nil {
			return err
		}
		total += size
	}
	pad := c.out.Pad
	if c.cover {
		pad = c.out.PadCell
	}
	padding, err := pad()
	c.count(func(s *Stats) { s.FramesOut += uint64(len(frames)); s.BytesOut += uint64(total + padding) })
	return err
}

// write tells the source what has changed on this side. Acks that are late are
// joined: the number counts all. Under cover a cell goes out by the clock, and
// what there is to say waits for it.
func (c *following) write(ctx context.Context) error {
	var told care
	acked := uint64(0)
	var beat pulse
	for {
		c.mu.Lock()
		now, arrived, resync := c.interest, c.arrived, c.resync
		c.resync = false
		c.mu.Unlock()
		frames := c.news(&told, &now, resync)
		if arrived != acked {
			frames = append(frames, &wire.Ack{Frames: arrived})
		}
		if err := c.send(frames...); err != nil {
			return err
		}
		told, acked = now, arrived
		wake, alarm := c.wake, (<-chan time.Time)(nil)
		if c.cover {
			beat.beat(time.Now())
			wake, alarm = nil, time.After(beat.wait(time.Now(), coverEvery))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
		case <-alarm:
		}
	}
}

// news returns the frames that tell what home wants now.
func (c *following) news(told, now *care, resync bool) (frames []wire.Frame) {
	if now.level != told.level || !slices.Equal(now.open, told.open) {
		interest := &wire.Interest{Level: uint8(now.level)}
		for i := range now.open {
			interest.Open = append(interest.Open, now.open[i][:])
		}
		frames = append(frames, interest)
	}
	if resync {
		frames = append(frames, &wire.Resync{})
	}
	return frames
}

// acknowledge has the writing half tell that a snapshot, delta or detail has
// arrived.
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
