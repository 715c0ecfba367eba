package executor

import (
	"context"
	"errors"
	"slices"

	"offing/agent/internal/transmission"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// part is some of a command's torrents.
type part struct {
	hashes []state.Hash                      // all of them
	known  map[state.Hash]transmission.Known // those that the daemon has
	faults map[state.Hash]*command.Fault     // of those with which it cannot be done
	from   int                               // the index of the first in the command
}

// there are the torrents that the daemon has, and that skip does not know to be done.
func (b *part) there(skip func(transmission.Known) bool) []state.Hash {
	var list []state.Hash
	for _, h := range b.hashes {
		if k, ok := b.known[h]; ok && b.faults[h] == nil && (skip == nil || !skip(k)) {
			list = append(list, h)
		}
	}
	return list
}

// each does something with all torrents, a part at a time, and notes in the journal
// how far it has come. A daemon that refuses one part is asked for the next.
func (t *task) each(ctx context.Context, hashes []state.Hash, do func(context.Context, *part) error) error {
	for from := t.entry.mark; from < len(hashes); {
		to := min(from+batch, len(hashes))
		var b *part
		err := t.try(ctx, func() error {
			known, err := t.find(ctx, hashes[from:to])
			if err != nil {
				return err
			}
			b = &part{hashes: hashes[from:to], known: known, faults: make(map[state.Hash]*command.Fault), from: from}
			return do(ctx, b)
		})
		if errors.Is(err, errStopped) {
			return err
		}
		t.count(hashes[from:to], b, err)
		t.touched = append(t.touched, hashes[from:to]...)
		from = to
		if from < len(hashes) {
			t.markAt(from, len(hashes))
		}
	}
	return nil
}

// count notes what came of a part.
func (t *task) count(hashes []state.Hash, b *part, err error) {
	for _, h := range hashes {
		switch {
		case err != nil:
			t.fail(h, t.unsure(t.cfg.Daemon.Fault(err)))
		case b.faults[h] != nil:
			t.fail(h, b.faults[h])
		default:
			if _, ok := b.known[h]; !ok && t.kind != command.Remove {
				t.fail(h, transmission.UnknownTorrent())
				continue
			}
			t.result.Done++
		}
	}
}

// unsure is the fault of what was asked for and may have been done.
func (t *task) unsure(f *command.Fault) *command.Fault {
	if f.Code == command.DaemonAway && t.repeated {
		return &command.Fault{Code: command.Interrupted, Text: "the daemon went away in the midst of it: look at what was done when it is back"}
	}
	return f
}

// markAt notes how far the command has come, and tells home. The record is not
// forced to the disk: to do a part once more does no harm.
func (t *task) markAt(n, of int) {
	x := t.entry
	partial := *t.result
	partial.Faults = slices.Clone(partial.Faults)
	t.mu.Lock()
	defer t.mu.Unlock()
	x.mark, x.partial = n, &partial
	if _, err := t.journal.append(&record{Kind: recordMarked, Home: x.key.home, ID: x.key.id, Mark: n, Result: &partial}); err != nil {
		t.cfg.Log.Warn("cannot write the journal of commands", "error", err)
	}
	t.tellLocked(telling{x: x, event: command.Event{Progress: &command.Progress{ID: x.key.id, Done: n, Of: of}}})
}

// act starts, stops, verifies or announces. A verification that was begun before the
// agent was killed is not begun again.
func (t *task) act(ctx context.Context, b *part) error {
	hashes := b.there(func(k transmission.Known) bool {
		return t.kind == command.Verify && t.repeated && isChecked(k)
	})
	if len(hashes) == 0 {
		return nil
	}
	switch t.kind {
	case command.Start, command.StartNow:
		if err := t.awaitStops(ctx, b); err != nil {
			return err
		}
		t.noteStarts(hashes)
	case command.Stop:
		t.noteStops(hashes)
	}
	if err := t.cfg.Daemon.Act(ctx, t.kind, hashes); err != nil || t.kind != command.Stop {
		return err
	}
	return t.stopChecked(ctx, b)
}

// change is torrent-set, and what it takes several requests for.
func (t *task) change(ctx context.Context, b *part) error {
	hashes := b.there(nil)
	if len(hashes) == 0 {
		return nil
	}
	ch := t.entry.command.Change
	if err := t.cfg.Daemon.Set(ctx, hashes, ch); err != nil {
		return err
	}
	if len(ch.AddTrackers)+len(ch.RemoveTrackers)+len(ch.ReplaceTrackers) == 0 {
		return nil
	}
	return t.cfg.Daemon.SetTrackers(ctx, hashes, ch)
}

func (t *task) planRemove(ctx context.Context, hashes []state.Hash) (*plan, error) {
	p := &plan{Added: make([]int64, len(hashes))}
	for from := 0; from < len(hashes); from += batch {
		part := hashes[from:min(from+batch, len(hashes))]
		err := t.try(ctx, func() error {
			known, err := t.find(ctx, part)
			if err != nil {
				return err
			}
			for i, h := range part {
				if k, ok := known[h]; ok {
					p.Added[from+i] = max(k.Added, 1)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// remove takes away what was there when the command began. What has gone is done.
func (t *task) remove(ctx context.Context, b *part, p *plan) error {
	for i, h := range b.hashes {
		switch k, ok := b.known[h]; {
		case p.Added[b.from+i] == 0:
			b.faults[h] = transmission.UnknownTorrent()
		case ok && max(k.Added, 1) != p.Added[b.from+i]:
			b.faults[h] = &command.Fault{Code: command.Interrupted, Text: "it was removed and added again meanwhile: remove it once more if that is meant"}
		}
	}
	hashes := b.there(nil)
	if len(hashes) == 0 {
		return nil
	}
	return t.cfg.Daemon.RemoveTorrents(ctx, hashes, t.entry.command.Remove.Data)
}

// rename is done when the new name is there and the old one is not.
func (t *task) rename(ctx context.Context, b *part) error {
	h, r := b.hashes[0], t.entry.command.Rename
	if len(b.known) == 0 {
		return nil
	}
	found, _, err := t.cfg.Daemon.FindFiles(ctx, h)
	if err != nil {
		return err
	}
	k := found[h]
	if !hasPath(k, r.Path) {
		if hasPath(k, renamed(r)) {
			return nil
		}
		return &command.Fault{Code: command.BadName, Text: "the torrent has no file or folder of that name"}
	}
	err = t.cfg.Daemon.RenamePath(ctx, h, r.Path, r.Name)
	if f := new(command.Fault); err != nil {
		if f = t.cfg.Daemon.Fault(err); f.Code == command.DaemonRefused {
			return &command.Fault{Code: command.BadName, Text: f.Text}
		}
	}
	return err
}
