package executor

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"offing/agent/internal/transmission"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// planQueue makes a move in the queue one that may be repeated: a relative move
// becomes absolute places, and those that move to an end go in their order.
func (t *task) planQueue(ctx context.Context, hashes []state.Hash) (*plan, error) {
	p := &plan{}
	places := make(map[state.Hash]int32, len(hashes))
	for from := 0; from < len(hashes); from += batch {
		part := hashes[from:min(from+batch, len(hashes))]
		err := t.try(ctx, func() error {
			known, err := t.find(ctx, part)
			if err != nil {
				return err
			}
			for h, k := range known {
				places[h] = k.Queue
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for _, h := range hashes {
		if _, ok := places[h]; ok {
			p.Order = append(p.Order, h)
		} else {
			p.Missing = append(p.Missing, h)
		}
	}
	slices.SortStableFunc(p.Order, func(a, b state.Hash) int { return cmp.Compare(places[a], places[b]) })
	switch t.kind {
	case command.QueueUp:
		p.up(places)
	case command.QueueDown:
		return p, t.try(ctx, func() error {
			stats, err := t.cfg.Daemon.Stats(ctx)
			if err == nil {
				p.down(places, stats.Torrents)
			}
			return err
		})
	}
	return p, nil
}

// up moves each torrent before the one above it, from the first on, so that none of
// them is moved by the next. Those that are at the top already stay there in order.
func (p *plan) up(places map[state.Hash]int32) {
	for i, h := range p.Order {
		p.Places = append(p.Places, max(places[h]-1, int32(i)))
	}
}

// down moves each torrent behind the one below it, from the last on. Those that are
// at the end of a queue of n already stay there in order.
func (p *plan) down(places map[state.Hash]int32, n int32) {
	slices.Reverse(p.Order)
	for i, h := range p.Order {
		p.Places = append(p.Places, max(min(places[h]+1, n-1-int32(i)), 0))
	}
}

// moveInQueue carries out the plan. It may be repeated from the mark on, because
// places are absolute and ends are ends.
func (t *task) moveInQueue(ctx context.Context, p *plan) error {
	of := len(p.Order) + len(p.Missing)
	if t.entry.mark == 0 {
		for _, h := range p.Missing {
			t.fail(h, transmission.UnknownTorrent())
		}
	}
	step := batch
	if t.kind == command.QueueTop {
		// The last go first: what comes to the top later is above them.
		p = &plan{Order: slices.Clone(p.Order)}
		slices.Reverse(p.Order)
	}
	for from := t.entry.mark; from < len(p.Order); {
		to := min(from+step, len(p.Order))
		err := t.try(ctx, func() error { return t.moveSome(ctx, p, from, to) })
		if errors.Is(err, errStopped) {
			return err
		}
		for _, h := range p.Order[from:to] {
			if err != nil {
				t.fail(h, t.unsure(t.cfg.Daemon.Fault(err)))
			} else {
				t.result.Done++
			}
		}
		if from = to; from < len(p.Order) {
			t.markAt(from, of)
		}
	}
	return nil
}

func (t *task) moveSome(ctx context.Context, p *plan, from, to int) error {
	if p.Places == nil {
		return t.cfg.Daemon.MoveInQueue(ctx, t.kind, p.Order[from:to])
	}
	for i := from; i < to; i++ {
		if err := t.cfg.Daemon.SetQueue(ctx, p.Order[i], p.Places[i]); err != nil {
			return err
		}
	}
	return nil
}
