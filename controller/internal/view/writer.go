package view

import (
	"encoding/hex"

	"offing/tunnel/state"
)

// partSize is where a frame of rows ends and the next one begins, in bytes: a
// page shows the first rows before the last have come, and a short frame of
// another topic fits between two parts.
const partSize = 256 << 10

// writer writes rows and removals into parts. Its zero value is ready.
type writer struct {
	parts   [][]byte
	rows    []byte // elements of "rows" of the part at hand
	removed []byte // elements of "removed" of the part at hand
	box     string // as a JSON string
}

// begin names the box of what follows.
func (w *writer) begin(box string) { w.box = string(appendString(nil, box)) }

func (w *writer) row(t *state.Torrent, f state.Fields) {
	w.rows = appendRow(separated(w.rows), w.box, t, f)
	w.split()
}

func (w *writer) gone(h state.Hash) {
	b := append(separated(w.removed), '[')
	b = append(b, w.box...)
	b = append(b, ',', '"')
	b = hex.AppendEncode(b, h[:])
	w.removed = append(b, '"', ']')
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
