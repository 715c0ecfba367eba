package mirror

import (
	"context"
	"errors"
	"fmt"
	"time"

	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// errDiverged is in the chain of what shows that the two ends do not have the
// same state. A snapshot mends it.
var errDiverged = errors.New("the copy has diverged from the box")

// read takes what the source says.
func (c *following) read(context.Context) error {
	for {
		frame, err := c.next()
		if err != nil {
			return err
		}
		if err := c.take(frame); err != nil {
			return err
		}
	}
}

func (c *following) take(frame wire.Frame) (err error) {
	switch frame := frame.(type) {
	case *wire.Delta:
		err = c.takeDelta(frame)
		c.acknowledge()
	case *wire.Detail:
		c.takeDetail(frame)
		c.acknowledge()
	case *wire.Check:
		err = c.takeCheck(frame)
	default:
		err = unexpected(frame)
	}
	if errors.Is(err, errDiverged) {
		err = c.diverged(err)
	}
	return err
}

// diverged asks for a snapshot, once in a connection: when that did not help, a
// new connection may.
func (c *following) diverged(err error) error {
	c.setVersion(state.Version{})
	c.count(func(s *Stats) { s.Resyncs++ })
	c.log.Warn("resync", "err", err)
	if c.forgiven {
		return fmt.Errorf("after a resync: %w", err)
	}
	c.forgiven, c.deaf = true, true
	c.askResync()
	return nil
}

// takeDelta applies news. Torrents that a snapshot does not have are kept until
// its end, so that nobody sees an empty box meanwhile.
func (c *following) takeDelta(d *wire.Delta) error {
	onTheWay := time.Duration(0)
	if d.Known {
		onTheWay = c.transit.estimate(time.Now(), d.Elapsed)
	}
	if d.Snapshot {
		c.deaf, c.snapshot = false, true
		c.setVersion(state.Version{})
	}
	if c.deaf {
		return nil
	}
	if err := c.apply(d); err != nil {
		return err
	}
	c.note(!d.Whole, d.Live)
	if !d.Whole {
		return nil
	}
	c.setVersion(state.Version{Epoch: c.epoch, Seq: d.Seq})
	if d.Known {
		c.state.Touch(time.Now().Add(-d.Age - onTheWay))
	}
	c.count(func(s *Stats) {
		if c.snapshot {
			s.Snapshots++
		} else {
			s.Deltas++
		}
	})
	c.snapshot = false
	return nil
}

// apply changes the state; at the end of a snapshot it removes what was not
// spoken of.
func (c *following) apply(d *wire.Delta) error {
	delta := state.Delta{Changes: d.Changes, Removed: d.Removed, Session: d.Session, Host: d.Host, Settings: d.Settings}
	err := c.state.Update(func(tx *state.Tx) error {
		if err := tx.Apply(&delta); err != nil {
			return err
		}
		if c.snapshot && d.Whole {
			has := c.in.Has()
			tx.Keep(func(h state.Hash) bool { _, ok := has[h]; return ok })
		}
		return nil
	})
	if errors.Is(err, state.ErrUnknownTorrent) {
		return fmt.Errorf("%w: %w", errDiverged, err)
	}
	if n := c.state.Totals().Torrents; err == nil && n > c.most {
		c.setVersion(state.Version{})
		return fmt.Errorf("%w: %d torrents, more than %d", errProtocol, n, c.most)
	}
	return err
}

func (c *following) takeCheck(f *wire.Check) error {
	if c.deaf {
		return nil
	}
	if have := c.version(); have.Epoch != c.epoch || have.Seq != f.Seq {
		return fmt.Errorf("%w: a checksum of %d upon %v", errDiverged, f.Seq, have)
	}
	if _, sum := c.state.Checksum(); sum != f.Sum {
		return fmt.Errorf("%w: checksums differ at %d", errDiverged, f.Seq)
	}
	return nil
}
