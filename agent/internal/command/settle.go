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
// half a second later (3.00 and 4.1, measured), or more on a machine that is busy.
// Start, verify and remove show at once.
const (
	settleLimit = time.Second // that a result waits for the daemon to show it
	// stopLimit is that for a stop, and how long after one a start waits for it.
	stopLimit   = 5 * time.Second
	settlePause = 50 * time.Millisecond
	// A stop of what is being checked looks so often whether it took, for so long at
	// most. Looks are counted, and not time, since a daemon that is busy with something
	// else neither stops nor starts anything.
	checkedLooks = 20
	checkedLimit = 10 * time.Second
)

// noteStops notes that the daemon is asked to stop torrents.
func (e *Executor) noteStops(hashes []state.Hash) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for h, until := range e.stopping {
		if time.Now().After(until) {
			delete(e.stopping, h)
		}
	}
	for _, h := range hashes {
		e.stopping[h] = time.Now().Add(stopLimit)
	}
}

// noteStarts notes that the daemon is asked to start torrents.
func (e *Executor) noteStarts(hashes []state.Hash) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range hashes {
		delete(e.stopping, h)
		if time.Since(e.opened) < stopLimit {
			e.stopping[h] = time.Time{} // nor by an agent before this one
		}
	}
}

// awaitStops waits for those torrents to stop that the daemon was just asked to stop,
// be it by an agent before this one: while it has not yet, it takes a start for what is
// so already, and then stops the torrent for good.
func (t *task) awaitStops(ctx context.Context, b *part) error {
	running := b.there(func(k transmission.Known) bool { return k.Status == state.Stopped })
	var last time.Time
	t.mu.Lock()
	running = slices.DeleteFunc(running, func(h state.Hash) bool {
		until, ok := t.stopping[h]
		if !ok {
			until = t.opened.Add(stopLimit)
		}
		if until.After(last) {
			last = until
		}
		return time.Now().After(until)
	})
	t.mu.Unlock()
	return t.watch(ctx, last, running, func(running []state.Hash, _ map[state.Hash]transmission.Known) ([]state.Hash, error) {
		return running, nil
	})
}

func isChecked(k transmission.Known) bool {
	return k.Status == state.Checking || k.Status == state.CheckQueued
}

// stopChecked stops torrents that were being checked, or waited for it: Transmission
// 3.00 checks a torrent before it starts it the first time, and when that ends it
// starts it though it was stopped meanwhile.
func (t *task) stopChecked(ctx context.Context, b *part) error {
	checked := b.there(func(k transmission.Known) bool { return !isChecked(k) })
	// What waited for its turn may have come to be checked before it was stopped.
	queued := b.there(func(k transmission.Known) bool {
		return k.Status != state.DownloadQueued && k.Status != state.SeedQueued
	})
	if len(queued) > 0 {
		known, _, err := t.cfg.Daemon.Find(ctx, queued)
		if err != nil {
			return err
		}
		for _, h := range queued {
			if k, ok := known[h]; ok && isChecked(k) {
				checked = append(checked, h)
			}
		}
	}
	calm := 0
	return t.watch(ctx, time.Now().Add(checkedLimit), checked, func(running []state.Hash, known map[state.Hash]transmission.Known) ([]state.Hash, error) {
		if calm++; len(running) > 0 {
			calm = 0
		}
		if calm == checkedLooks {
			return nil, nil
		}
		// A stop in the midst of the check is what is lost.
		running = slices.DeleteFunc(running, func(h state.Hash) bool { return isChecked(known[h]) })
		if len(running) == 0 {
			return checked, nil
		}
		return checked, t.cfg.Daemon.Act(ctx, command.Stop, running)
	})
}

// watch looks at torrents again and again, until then at most, and has do say with
// those that run which are to be looked at next.
func (t *task) watch(
	ctx context.Context, until time.Time, hashes []state.Hash,
	do func(running []state.Hash, known map[state.Hash]transmission.Known) ([]state.Hash, error),
) error {
	for len(hashes) > 0 && time.Now().Before(until) {
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
			if t.kind == command.Stop {
				t.until = time.Now().Add(stopLimit)
			}
		}
		if err != nil || t.shows(known) || time.Now().After(t.until) {
			ready = append(ready, t)
		} else {
			held = append(held, t)
		}
	}
	return ready, held
}
