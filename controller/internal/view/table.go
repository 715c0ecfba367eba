package view

import (
	"slices"
	"sync"
	"time"

	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// maxGone bounds what a table remembers of rows that are gone. A page that is
// further behind gets all rows anew.
const maxGone = 4096

// table is one live view: the torrents in it in the order of their last change,
// each with the sequences that a page needs to be told the difference. What a
// torrent is like is not in it; that is read from the box's state in place.
type table struct {
	id  uint64 // never used again
	who viewer

	// Guarded by Views.mu.
	rows, sums, lines watchers
	lookers           int             // watchers whose boxes are to be polled often
	looks             map[*box]func() // release of each box that is polled often
	left              time.Time       // when somebody last looked

	mu      sync.Mutex
	closed  bool // the view is no longer kept current
	seq     uint64
	lastRow uint64
	entries map[entryKey]*entry
	held    map[*box]int // how many entries are of a box
	newest  *entry
	oldest  *entry
	gone    []goneRow // in the order in which they went
	forgot  uint64    // sequence of the newest goneRow that was dropped
	totals  totals
}

type entryKey struct {
	box  uint64
	hash state.Hash
}

// entry is a torrent in a table.
type entry struct {
	row    uint64 // what pages call it; never used again within the table's life
	box    *box
	hash   state.Hash
	added  int64          // the torrent that was given; another one under its hash is not shown
	access owners.Access  // of the viewer
	reads  owners.Access  // see Reads
	grants []owners.Grant // of everybody, for administrators
	share  share

	born     uint64 // sequence since when pages know it, or have to be told anew
	changed  uint64 // of its last change
	accessAt uint64 // of the last change of access or grants
	hidden   bool   // a page was not told of a change, see torrents.row

	newer, older *entry
}

// goneRow is a row that was in a table.
type goneRow struct{ row, at uint64 }

func newTable(id uint64, who viewer) *table {
	return &table{id: id, who: who, looks: make(map[*box]func()), entries: make(map[entryKey]*entry), held: make(map[*box]int)}
}

// put marks a torrent as changed, new ones too. It tells whether it is new.
func (t *table) put(b *box, c *change, own owners.Grant, grants []owners.Grant) bool {
	t.seq++
	key := entryKey{b.id, c.hash}
	e := t.entries[key]
	fresh := e == nil
	if fresh {
		t.lastRow++
		e = &entry{row: t.lastRow, box: b, hash: c.hash, born: t.seq}
		t.entries[key] = e
		t.held[b]++
	} else {
		t.unlink(e)
		t.totals.sub(&e.share)
	}
	if e.added != c.added || e.hidden {
		e.born, e.added, e.hidden = t.seq, c.added, false
	}
	if e.access != own.Access || e.reads != Reads(own) || !slices.Equal(e.grants, grants) {
		e.access, e.reads, e.grants, e.accessAt = own.Access, Reads(own), grants, t.seq
	}
	e.share, e.changed = c.share, t.seq
	t.totals.add(&e.share)
	t.link(e)
	return fresh
}

// drop takes a torrent out.
func (t *table) drop(b *box, h state.Hash) {
	key := entryKey{b.id, h}
	e := t.entries[key]
	if e == nil {
		return
	}
	t.seq++
	t.totals.sub(&e.share)
	t.unlink(e)
	delete(t.entries, key)
	if t.held[b]--; t.held[b] == 0 {
		delete(t.held, b)
	}
	t.gone = append(t.gone, goneRow{e.row, t.seq})
	if len(t.gone) > maxGone {
		half := len(t.gone) - maxGone/2
		t.forgot = t.gone[half-1].at
		t.gone = slices.Clone(t.gone[half:])
	}
}

// link makes e the newest entry, and unlink takes it out of the order.
func (t *table) link(e *entry) {
	e.newer, e.older = nil, t.newest
	if t.newest != nil {
		t.newest.newer = e
	} else {
		t.oldest = e
	}
	t.newest = e
}

func (t *table) unlink(e *entry) {
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		t.newest = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		t.oldest = e.newer
	}
	e.newer, e.older = nil, nil
}
