package fleet

import (
	"context"
	"slices"
	"sync"
	"time"

	"offing/tunnel/mirror"
	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// linger is how long a box is polled as if watched after the last look, and
// torrents stay open, so that a page which reloads does not make it slow down and
// speed up.
const linger = 10 * time.Second

// wish is what people want of one box. It is kept by the box's name, paired or
// not, and guarded by Fleet.mu.
type wish struct {
	pages int       // that watch now
	until time.Time // watched until then at least
	asked time.Time // exact until then
	open  map[state.Hash]*opening
	turns uint64 // counts up with each Open

	level mirror.Level // that the box was told
	told  []state.Hash // open ones that the box was told
}

// opening is a torrent that somebody has open, or had a moment ago.
type opening struct {
	pages []*page
	turn  uint64    // of the last Open
	until time.Time // it stays open until then at least
	at    time.Time // of the detail that the pages were told of
}

// page is one caller of Open.
type page struct{ changed func() }

// wishLocked returns what is wanted of a box, to be changed.
func (f *Fleet) wishLocked(box string) *wish {
	w := f.wishes[box]
	if w == nil {
		w = &wish{open: make(map[state.Hash]*opening)}
		f.wishes[box] = w
	}
	return w
}

// Watch makes the box of that name be polled often until release is called, once
// or more.
func (f *Fleet) Watch(box string) (release func()) {
	f.want(box, func(w *wish) { w.pages++ })
	return sync.OnceFunc(func() {
		f.want(box, func(w *wish) {
			w.pages--
			w.until = time.Now().Add(linger)
		})
	})
}

// Open has the details of a torrent kept, and its box watched, until release is
// called, once or more. It calls changed, with no lock held, when Detail has newer
// ones; it may do so once more while release runs. A box keeps wire.MaxOpen
// torrents open, those that were opened last.
func (f *Fleet) Open(box string, h state.Hash, changed func()) (release func()) {
	unwatch, p := f.Watch(box), &page{changed}
	f.want(box, func(w *wish) {
		o := w.open[h]
		if o == nil {
			o = &opening{}
			w.open[h] = o
		}
		w.turns++
		o.turn = w.turns
		o.pages = append(o.pages, p)
	})
	return sync.OnceFunc(func() {
		f.want(box, func(w *wish) {
			o := w.open[h]
			o.pages = slices.DeleteFunc(o.pages, func(x *page) bool { return x == p })
			o.until = time.Now().Add(linger)
		})
		unwatch()
	})
}

// Detail returns the newest details of a torrent that is open, and when they were
// true. It is false while there are none, or the box does not have the torrent.
func (f *Fleet) Detail(box string, h state.Hash) (state.Detail, time.Time, bool) {
	f.mu.Lock()
	k := f.keepers[box]
	f.mu.Unlock()
	if k == nil {
		return state.Detail{}, time.Time{}, false
	}
	return k.follower.Detail(h)
}

// want changes what is wanted of a box, and has it told soon.
func (f *Fleet) want(box string, change func(*wish)) {
	f.mu.Lock()
	change(f.wishLocked(box))
	f.mu.Unlock()
	f.reconsider()
}

func (f *Fleet) reconsider() {
	select {
	case f.nudge <- struct{}{}:
	default:
	}
}

// followInterest tells the boxes who looks, until ctx ends.
func (f *Fleet) followInterest(ctx context.Context) {
	for {
		var end <-chan time.Time
		if next := f.tellInterest(time.Now()); !next.IsZero() {
			end = time.After(time.Until(next))
		}
		select {
		case <-ctx.Done():
			return
		case <-f.nudge:
		case <-end:
		}
	}
}

// tellInterest tells each box what is wanted of it now. It returns until when that
// is right if nobody does anything, or the zero time for ever.
func (f *Fleet) tellInterest(now time.Time) (next time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, w := range f.wishes {
		level, open, end := w.consider(now)
		if !end.IsZero() && (next.IsZero() || end.Before(next)) {
			next = end
		}
		if level != w.level || !slices.Equal(open, w.told) {
			w.level, w.told = level, open
			if k := f.keepers[name]; k != nil {
				k.follower.SetInterest(level, open...)
			}
		}
		if level == mirror.Idle && w.pages == 0 && len(w.open) == 0 {
			delete(f.wishes, name)
		}
	}
	return next
}

// consider returns what is wanted now, and until when if nobody does anything.
func (w *wish) consider(now time.Time) (level mirror.Level, open []state.Hash, end time.Time) {
	until := func(t time.Time) bool {
		if !t.After(now) {
			return false
		}
		if end.IsZero() || t.Before(end) {
			end = t
		}
		return true
	}
	switch {
	case until(w.asked):
		level = mirror.Exact
	case w.pages > 0, until(w.until):
		level = mirror.Watching
	}
	for h, o := range w.open {
		if len(o.pages) == 0 && !until(o.until) {
			delete(w.open, h)
			continue
		}
		open = append(open, h)
	}
	slices.SortFunc(open, func(a, b state.Hash) int { return int(w.open[b].turn) - int(w.open[a].turn) })
	return level, open[:min(len(open), wire.MaxOpen)], end
}

// tellDetails calls the pages of a box's open torrents of which there are newer
// details than they were told of.
func (f *Fleet) tellDetails(k *keeper) {
	var pages []*page
	f.mu.Lock()
	if w := f.wishes[k.name]; w != nil && f.keepers[k.name] == k {
		for h, o := range w.open {
			if _, at, _ := k.follower.Detail(h); at.After(o.at) {
				o.at = at
				pages = append(pages, o.pages...)
			}
		}
	}
	f.mu.Unlock()
	for _, p := range pages {
		p.changed()
	}
}
