package executor

import (
	"context"
	"slices"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// Transmission says that it has stopped a torrent and does so at its next pulse, up to
// half a second later (3.00 and 4.1, measured). Start, verify and remove show at once.
const (
	settleLimit = time.Second // that a result waits for the daemon to show it
	settlePause = 50 * time.Millisecond
	// checkedLimit is how long a stop of what is being checked looks whether it took.
	checkedLimit = 4 * time.Second
)

// noteStops notes which torrents the daemon was just asked to stop.
func (e *Executor) noteStops(hashes []state.Hash) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for h, at := range e.stops {
		if time.Since(at) > settleLimit {
			delete(e.stops, h)
		}
	}
	for _, h := range hashes {
		e.stops[h] = time.Now()
	}
}

// awaitStops waits for those torrents to stop that the daemon was just asked to stop,
// be it by an agent before this one: while it has not yet, it takes a start for what is
// so already, and then stops the torrent for good.
func (t *task) awaitStops(ctx context.Context, b *part) error {
	t.mu.Lock()
	fresh := time.Since(t.opened) < settleLimit
	left := b.there(func(k transmission.Known) bool { return k.Status == state.Stopped })
	left = slices.DeleteFunc(left, func(h state.Hash) bool { return !fresh && time.Since(t.stops[h]) > settleLimit })
	t.mu.Unlock()
	return t.watch(ctx, settleLimit, left, func(running []state.Hash, _ map[state.Hash]transmission.Known) ([]state.Hash, error) {
		return running, nil
	})
}

// stopChecked stops torrents that were being checked, or waited for it: Transmission
// 3.00 checks a torrent before it starts it the first time, and when that ends it
// starts it though it was stopped meanwhile.
func (t *task) stopChecked(ctx context.Context, b *part) error {
	checked := b.there(func(k transmission.Known) bool {
		return k.Status != state.Checking && k.Status != state.CheckQueued
	})
	quiet := time.Now()
	return t.watch(ctx, checkedLimit, checked, func(running []state.Hash, known map[state.Hash]transmission.Known) ([]state.Hash, error) {
		if len(running) > 0 {
			quiet = time.Now()
		}
		if time.Since(quiet) > settleLimit {
			return nil, nil
		}
		// A stop in the midst of the check is what is lost.
		running = slices.DeleteFunc(running, func(h state.Hash) bool {
			return known[h].Status == state.Checking || known[h].Status == state.CheckQueued
		})
		if len(running) == 0 {
			return checked, nil
		}
		return checked, t.cfg.Daemon.Act(ctx, command.Stop, running)
	})
}

// watch looks at torrents again and again, for so long at most, and has do say with
// those that run which are to be looked at next.
func (t *task) watch(
	ctx context.Context, limit time.Duration, hashes []state.Hash,
	do func(running []state.Hash, known map[state.Hash]transmission.Known) ([]state.Hash, error),
) error {
	for until := time.Now().Add(limit); len(hashes) > 0 && time.Now().Before(until); {
		if !wait(ctx, settlePause) {
			return errStopped
		}
		known, _, err := t.cfg.Daemon.Find(ctx, hashes)
		if err != nil {
			return err
		}
		var running []state.Hash
		for _, h := range hashes {
			if k, ok := known[h]; ok && k.Status != state.Stopped {
				running = append(running, h)
			}
		}
		if hashes, err = do(running, known); err != nil {
			return err
		}
	}
	return nil
}

// awaited are the torrents that have to show what was done before the result is told:
// of very many the last, which the daemon was asked about last.
func (t *telling) awaited() []state.Hash {
	switch t.kind {
	case command.Start, command.StartNow, command.Stop, command.Remove:
		return t.touched[max(0, len(t.touched)-batch):]
	}
	return nil
}

// shows tells whether the daemon has what the command was to bring about.
func (t *telling) shows(known map[state.Hash]transmission.Known) bool {
	for _, h := range t.awaited() {
		k, ok := known[h]
		switch {
		case !ok: // it has gone, or never was
		case t.kind == command.Remove, (k.Status == state.Stopped) != (t.kind == command.Stop):
			return false
		}
	}
	return true
}

// settled takes apart what can be told and what the daemon does not show yet.
func (e *Executor) settled(ctx context.Context, list []telling) (ready, held []telling) {
	var hashes []state.Hash
	for i := range list {
		hashes = append(hashes, list[i].awaited()...)
	}
	if e.cfg.Touch == nil || len(hashes) == 0 {
		return list, nil
	}
	ctx, cancel := context.WithTimeout(ctx, touchTimeout)
	defer cancel()
	known, _, err := e.cfg.Daemon.Find(ctx, hashes)
	for _, t := range list {
		if t.until.IsZero() {
			t.until = time.Now().Add(settleLimit)
		}
		if err != nil || t.shows(known) || time.Now().After(t.until) {
			ready = append(ready, t)
		} else {
			held = append(held, t)
		}
	}
	return ready, held
}
