package view

import (
	"strconv"

	"offing/tunnel/state"
)

// partSize is where a frame of rows ends and the next one begins, in bytes: a
// page shows the first rows before the last have come, and a short frame of
// another topic fits between two parts.
const partSize = 256 << 10

// writer writes rows and removals into parts. Its zero value is ready.
type writer struct {
	owners  bool // rows tell who owns the torrent
	parts   [][]byte
	rows    []byte // elements of "rows" of the part at hand
	removed []byte // elements of "removed" of the part at hand
}

// row writes the fields f of an entry's torrent, and what may be done with it if
// access is set. A row with all fields is complete.
func (w *writer) row(e *entry, t *state.Torrent, f state.Fields, access bool) {
	b := strconv.AppendUint(append(separated(w.rows), `{"id":`...), e.row, 10)
	if f == state.AllFields {
		b = appendPlace(b, e.box.name, t.Hash)
	}
	b = appendFields(b, t, f, e.reads)
	if access {
		b = appendString(append(b, `,"access":`...), word(e.access))
		if w.owners {
			b = appendOwners(b, e.grants)
		}
	}
	w.rows = append(b, '}')
	w.split()
}

func (w *writer) gone(row uint64) {
	w.removed = strconv.AppendUint(separated(w.removed), row, 10)
	w.split()
}

func separated(b []byte) []byte {
	if len(b) > 0 {
		b = append(b, ',')
	}
	return b
}

func (w *writer) split() {
	if len(w.rows)+len(w.removed) >= partSize {
		w.flush()
	}
}

// flush ends the part at hand.
func (w *writer) flush() {
	b := make([]byte, 0, len(w.rows)+len(w.removed)+32)
	b = append(b, `"rows":[`...)
	b = append(b, w.rows...)
	b = append(b, `],"removed":[`...)
	b = append(b, w.removed...)
	w.parts = append(w.parts, append(b, ']'))
	w.rows, w.removed = w.rows[:0], w.removed[:0]
}

// finish returns the parts. There is one at least if always is set.
func (w *writer) finish(always bool) [][]byte {
	if len(w.rows)+len(w.removed) > 0 || always && len(w.parts) == 0 {
		w.flush()
	}
	return w.parts
}
