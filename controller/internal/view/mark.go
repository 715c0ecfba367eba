package view

import (
	"slices"

	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// putLocked puts a torrent into a table, or marks it there, and wakes whom that
// concerns.
func (v *Views) putLocked(t *table, b *box, c *change, own owners.Grant, grants []owners.Grant) {
	v.stats.marked.Add(1)
	t.mu.Lock()
	before := t.totals
	fresh := t.put(b, c, own, grants)
	first, moved := fresh && t.held[b] == 1, t.totals != before
	t.mu.Unlock()
	if fresh {
		b.holders[c.hash] = append(b.holders[c.hash], t)
	}
	v.toldLocked(t, moved, first)
}

// dropLocked takes a torrent out of a table.
func (v *Views) dropLocked(t *table, b *box, h state.Hash) {
	v.stats.marked.Add(1)
	t.mu.Lock()
	t.drop(b, h)
	last := t.held[b] == 0
	t.mu.Unlock()
	b.unhold(t, h)
	v.toldLocked(t, true, last)
}

// toldLocked wakes those who watch a table in which a row was marked.
func (v *Views) toldLocked(t *table, totals, boxes bool) {
	v.wakeLocked(t.rows)
	if totals {
		v.wakeLocked(t.sums)
	}
	if boxes {
		v.wakeLocked(t.lines)
		v.lookLocked(t)
	}
}

// unhold notes that t no longer has the torrent.
func (b *box) unhold(t *table, h state.Hash) {
	rest := slices.DeleteFunc(b.holders[h], func(x *table) bool { return x == t })
	if len(rest) == 0 {
		delete(b.holders, h)
		return
	}
	b.holders[h] = rest
}

// lookLocked has those boxes polled often that t shows to somebody.
func (v *Views) lookLocked(t *table) {
	for _, b := range v.boxes {
		want := t.lookers > 0 && (t.who.admin() || t.holds(b))
		switch {
		case want && t.looks[b] == nil:
			t.looks[b] = v.cfg.Source.Watch(b.name)
		case !want:
			t.unlook(b)
		}
	}
}

func (t *table) unlook(b *box) {
	if release := t.looks[b]; release != nil {
		release()
		delete(t.looks, b)
	}
}

func (t *table) holds(b *box) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held[b] > 0
}
