package poll

import (
	"context"
	"maps"
	"slices"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/state"
)

// Limits of what is asked for at once.
const (
	maxTouched = 1000             // torrents; a question for all is cheaper than for more
	afterGone  = 10 * time.Second // a full pass follows: the others have moved up in the queue
)

// touches are the torrents that something was done with. It is guarded by Poller.mu
// but for wake.
type touches struct {
	wake   chan struct{} // of one place
	hashes []state.Hash
	all    bool
	begun  uint64        // questions
	ended  uint64        // questions
	end    chan struct{} // closed when the next question ends
	failed error         // what came of the last one
}

// Touch has the torrents asked for at once, with all that a list shows, whether they
// are known or new; those that the daemon no longer has leave the state. It does not
// wait for it. None is none.
func (p *Poller) Touch(hashes []state.Hash) { p.touch(hashes, false) }

// TouchAndWait is Touch that returns when the state has the torrents as they were
// after the call, with the daemon's error when it could not be asked, or with that of
// ctx. None returns at once.
func (p *Poller) TouchAndWait(ctx context.Context, hashes []state.Hash) error {
	if len(hashes) == 0 {
		return nil
	}
	return p.awaitTouch(ctx, p.touch(hashes, false))
}

// TouchAllAndWait is TouchAndWait of all torrents: when one moves in the queue the
// others make room.
func (p *Poller) TouchAllAndWait(ctx context.Context) error {
	return p.awaitTouch(ctx, p.touch(nil, true))
}

// touch returns the number of the question that will tell.
func (p *Poller) touch(hashes []state.Hash, all bool) uint64 {
	if len(hashes) == 0 && !all {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t := &p.touches
	t.hashes = append(t.hashes, hashes...)
	if t.all = t.all || all || len(t.hashes) > maxTouched; t.all {
		t.hashes = nil
	}
	wakeUp(t.wake)
	return t.begun + 1
}

func (p *Poller) awaitTouch(ctx context.Context, number uint64) error {
	for {
		p.mu.Lock()
		ended, end, failed := p.touches.ended, p.touches.end, p.touches.failed
		p.mu.Unlock()
		if ended >= number {
			return failed
		}
		select {
		case <-end:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rest waits for the next poll, and asks meanwhile for what is touched.
func (p *Poller) rest(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-p.wakePoll:
			return
		case <-p.touches.wake:
			if !p.askTouched(ctx) {
				return // a whole poll has to tell
			}
		}
	}
}

// askTouched asks for what is touched. It returns false when the daemon has started
// again, so that all has to be asked for.
func (p *Poller) askTouched(ctx context.Context) bool {
	p.mu.Lock()
	t := &p.touches
	hashes, all := t.hashes, t.all
	t.hashes, t.all = nil, false
	t.begun++
	p.mu.Unlock()
	slices.SortFunc(hashes, func(a, b state.Hash) int { return slices.Compare(a[:], b[:]) })
	hashes = slices.Compact(hashes)
	var err error
	whole := all || p.run == 0
	if !whole && len(hashes) > 0 {
		whole, err = p.pollNamed(ctx, hashes)
	}
	if whole && err == nil {
		p.nextFull = time.Time{}
		err = p.poll(ctx)
	}
	if err != nil && ctx.Err() == nil {
		p.fail(err)
	}
	p.mu.Lock()
	t.ended, t.failed = t.begun, err
	close(t.end)
	t.end = make(chan struct{})
	p.mu.Unlock()
	return err == nil
}

// pollNamed asks for the torrents and puts the answer into the state. It returns
// true when the daemon has started again, so that the answer says too little.
func (p *Poller) pollNamed(ctx context.Context, hashes []state.Hash) (restarted bool, err error) {
	var list transmission.Listing
	q := transmission.Query{Which: transmission.Named, Hashes: hashes, Known: p.known}
	sent := time.Now()
	if err := p.cfg.Daemon.Ask(ctx, q, &list); err != nil {
		return false, err
	}
	if list.Run != p.run || p.loading {
		return true, nil
	}
	there := make(map[state.Hash]bool, len(list.Rows))
	for i := range list.Rows {
		there[list.Rows[i].Torrent.Hash] = true
	}
	p.settle(list.Rows, sent.Unix())
	gone := make(map[state.Hash]bool)
	p.update(func(tx *state.Tx) {
		for _, h := range hashes {
			if there[h] {
				continue
			}
			tx.Remove(h)
			gone[h] = true
			if full := time.Now().Add(afterGone); full.Before(p.nextFull) {
				p.nextFull = full
			}
		}
		p.put(tx, list.Rows)
	})
	if len(gone) > 0 {
		maps.DeleteFunc(p.ids, func(_ int64, h state.Hash) bool { return gone[h] })
	}
	return false, nil
}
