package view

import (
	"offing/controller/internal/hub"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// torrents is the Feed of a view's list.
type torrents struct{ seat }

// rowsMark is the Mark of torrents: what a page has.
type rowsMark struct {
	table  uint64 // id of the table; another's mark means nothing
	seq    uint64 // of the table
	routed *positions
}

// Watch implements hub.Feed: the boxes are polled often while a page shows
// their torrents.
func (f *torrents) Watch(changed func()) (stop func()) {
	return f.watch(changed, true, func(t *table) *watchers { return &t.rows })
}

// Since implements hub.Feed. What is told may be newer than what has been routed:
// it is then told once more.
func (f *torrents) Since(mark hub.Mark) hub.Update {
	t := f.lock()
	defer t.mu.Unlock()
	now := rowsMark{t.id, t.seq, f.views.routed.Load()}
	from, ours := mark.(rowsMark)
	reset := !ours || from.table != t.id || from.seq < t.forgot
	if reset {
		from = rowsMark{}
	}
	w := writer{owners: t.who.admin()}
	visited := int64(0)
	for e := t.newest; e != nil && e.changed > from.seq; e = e.older {
		visited++
		f.row(&w, e, &from)
	}
	f.views.stats.visited.Add(visited)
	if !reset {
		for i := len(t.gone) - 1; i >= 0 && t.gone[i].at > from.seq; i-- {
			w.gone(t.gone[i].row) // whether the page has had it or not
		}
	}
	return hub.Update{Mark: now, Reset: reset, Parts: w.finish(reset)}
}

// row writes what a page does not have of a torrent. One that is no longer there,
// or in whose place there is another that perhaps somebody else has added, is not
// shown; the router has yet to hear of it.
func (f *torrents) row(w *writer, e *entry, from *rowsMark) {
	e.box.state.View(func(r state.Reader) {
		now, ok := r.Get(e.hash)
		if !ok || now.Torrent().Added != e.added {
			e.hidden = true
			return
		}
		fields := state.AllFields
		if e.born <= from.seq {
			if fields = now.Since(from.routed.of(e.box.id)); fields != state.AllFields {
				fields &= inRow
			}
		}
		access := fields == state.AllFields || e.accessAt > from.seq
		if text := now.Torrent().ErrorText; access && textFor(text, owners.See) != text {
			fields |= state.FieldError // it depends on the access
		}
		if fields != 0 || access {
			w.row(e, now.Torrent(), fields, access)
		}
	})
}
