package view

import (
	"maps"
	"sync"

	"offing/controller/internal/fleet"
	"offing/controller/internal/hub"
	"offing/tunnel/state"
)

// torrents is the Feed of the torrents that a filter lets through.
type torrents struct {
	source Source
	sees   Filter

	mu      sync.Mutex
	release func() // of Source.Watch; nil while nobody watches
}

// versions is the Mark of torrents: where each box was.
type versions map[string]state.Version

func newTorrents(source Source, sees Filter) *torrents {
	return &torrents{source: source, sees: sees}
}

// Changed implements hub.Feed.
func (f *torrents) Changed() <-chan struct{} { return f.source.Changed() }

// Watched implements hub.Feed: the boxes are polled often while a page shows
// their torrents.
func (f *torrents) Watched(watched bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.release != nil {
		f.release()
		f.release = nil
	}
	if watched {
		f.release = f.source.Watch()
	}
}

// Since implements hub.Feed.
func (f *torrents) Since(mark hub.Mark) hub.Update {
	boxes := f.source.Boxes()
	before, _ := mark.(versions)
	if before != nil && before.lead(boxes) {
		if u, ok := f.changes(before, boxes); ok {
			return u
		}
	}
	return f.whole(boxes)
}

// lead tells whether the boxes are what v was taken of, and perhaps further
// ones. A box that has gone, or was paired anew, takes its rows with it.
func (v versions) lead(boxes []fleet.Box) bool {
	known := 0
	for _, b := range boxes {
		if at, ok := v[b.Name]; ok {
			known++
			if at.Epoch != b.State.Version().Epoch {
				return false
			}
		}
	}
	return known == len(v)
}

// whole returns all rows. Each box's version is taken before its rows, which
// may therefore be newer; the next difference then says the same once more.
func (f *torrents) whole(boxes []fleet.Box) hub.Update {
	now := make(versions, len(boxes))
	var w writer
	for _, b := range boxes {
		now[b.Name] = b.State.Version()
		f.all(&w, b)
	}
	return hub.Update{Mark: now, Reset: true, Parts: w.finish(true)}
}

// all writes the rows of a box of which the page has nothing.
func (f *torrents) all(w *writer, b fleet.Box) {
	w.begin(b.Name)
	b.State.Each(func(t *state.Torrent) bool {
		if f.sees(b.Name, t.Hash) {
			w.row(t, state.AllFields)
		}
		return true
	})
}

// changes returns what has changed since before. It returns false when a box
// does not remember that.
func (f *torrents) changes(before versions, boxes []fleet.Box) (hub.Update, bool) {
	now := maps.Clone(before)
	var w writer
	for _, b := range boxes {
		at, version := before[b.Name], b.State.Version()
		if at == version {
			continue
		}
		if at.Seq == 0 { // the page has nothing of this box yet
			f.all(&w, b)
		} else {
			d := b.State.Since(at)
			if d.Reset {
				return hub.Update{}, false
			}
			f.difference(&w, b, &d)
			version = d.To
		}
		now[b.Name] = version
	}
	return hub.Update{Mark: now, Parts: w.finish(false)}, true
}

func (f *torrents) difference(w *writer, b fleet.Box, d *state.Delta) {
	w.begin(b.Name)
	for i := range d.Changes {
		c := &d.Changes[i]
		if f.sees(b.Name, c.Torrent.Hash) {
			w.row(&c.Torrent, c.Fields)
		}
	}
	for _, h := range d.Removed {
		if f.sees(b.Name, h) {
			w.gone(h)
		}
	}
}
