package mirror

import (
	"context"
	"errors"
	"fmt"
	"time"

	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// maxTorrents bounds what a box can make home remember.
const maxTorrents = 200_000

// errDiverged is in the chain of what shows that the two ends do not have the
// same state. A snapshot mends it.
var errDiverged = errors.New("the copy has diverged from the box")

// partial is a snapshot of which some parts have come.
type partial struct {
	to   state.Version
	next uint32 // index of the part to come
	seen map[state.Hash]struct{}
}

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
	case *wire.Part:
		err = c.takePart(frame)
		c.acknowledge()
	case *wire.Delta:
		err = c.takeDelta(&frame.Delta)
		c.acknowledge()
	case *wire.Check:
		err = c.takeCheck(frame)
	case *wire.Fresh:
		c.takeFresh(frame)
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
	c.part = nil
	c.count(func(s *Stats) { s.Resyncs++ })
	c.log.Warn("resync", "err", err)
	if c.forgiven {
		return fmt.Errorf("after a resync: %w", err)
	}
	c.forgiven, c.deaf = true, true
	c.askResync()
	return nil
}

// takePart applies a part of a snapshot. Torrents that the snapshot does not
// have are kept until its end, so that nobody sees an empty box meanwhile.
func (c *following) takePart(p *wire.Part) error {
	if p.Index == 0 {
		c.deaf = false
		c.part = &partial{to: p.Delta.To, seen: make(map[state.Hash]struct{})}
		c.setVersion(state.Version{})
	}
	if c.deaf {
		return nil
	}
	if c.part == nil || p.Index != c.part.next || p.Delta.To != c.part.to || p.Delta.To.Epoch != c.epoch {
		return fmt.Errorf("%w: part %d of %v out of place", errDiverged, p.Index, p.Delta.To)
	}
	c.part.next++
	for i := range p.Delta.Changes {
		c.part.seen[p.Delta.Changes[i].Torrent.Hash] = struct{}{}
	}
	if err := c.apply(&p.Delta, p.Last); err != nil {
		return err
	}
	if p.Last {
		c.part = nil
		c.setVersion(p.Delta.To)
		c.count(func(s *Stats) { s.Snapshots++ })
	}
	return nil
}

func (c *following) takeDelta(d *state.Delta) error {
	if c.deaf {
		return nil
	}
	if have := c.version(); d.To.Epoch != have.Epoch || d.From != have.Seq {
		return fmt.Errorf("%w: a delta from %d to %v upon %v", errDiverged, d.From, d.To, have)
	}
	if err := c.apply(d, false); err != nil {
		return err
	}
	c.setVersion(d.To)
	c.count(func(s *Stats) { s.Deltas++ })
	return nil
}

// apply changes the state; at the end of a snapshot it removes what no part had.
func (c *following) apply(d *state.Delta, end bool) error {
	err := c.state.Update(func(tx *state.Tx) error {
		if err := tx.Apply(d); err != nil {
			return err
		}
		if end {
			tx.Keep(func(h state.Hash) bool { _, ok := c.part.seen[h]; return ok })
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

// takeFresh renews the state's age. It says nothing of a state that is not whole.
func (c *following) takeFresh(f *wire.Fresh) {
	now := time.Now()
	onTheWay := c.transit.estimate(now, f.Elapsed())
	if (c.version() != state.Version{}) {
		c.state.Touch(now.Add(-f.Age() - onTheWay))
	}
}
