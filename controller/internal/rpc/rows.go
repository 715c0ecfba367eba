package rpc

import (
	"time"

	"offing/controller/internal/fleet"
	"offing/tunnel/state"
)

// line is a torrent of an answer, and where an answer tells of it: bytes from to to,
// which hold before until, in Unix seconds. Both are 0 while none does.
type line struct {
	chosen
	from, to int
	until    int64
}

func linesOf(found []chosen) []line {
	lines := make([]line, len(found))
	for i := range found {
		lines[i].chosen = found[i]
	}
	return lines
}

func (l *line) holds(now time.Time) bool { return l.to > 0 && now.Unix() < l.until }

// writer writes the torrents of an answer.
type writer struct {
	q    query
	now  time.Time
	last *told // what is told once more where it holds; nil for nothing

	b     []byte
	some  bool
	keys  [][]byte          // what stands before each field of an object
	lines map[string][]line // what was written, by box
}

func (w *writer) begin() {
	w.lines = map[string][]line{}
	size := answerStart
	if w.last != nil {
		size = len(w.last.body) + len(w.last.body)/16
	}
	w.b = make([]byte, 0, size)
	w.b = append(w.b, `{"torrents":[`...)
	for i, name := range w.q.names {
		key := appendString(nil, name)
		if w.q.table {
			w.keys = append(w.keys, key)
			continue
		}
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		w.keys = append(w.keys, append(append([]byte{before}, key...), ':'))
	}
	if !w.q.table {
		return
	}
	w.b = append(w.b, '[')
	for i, key := range w.keys {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, key...)
	}
	w.b, w.some = append(w.b, ']'), true
}

// box writes torrents of a box, in the order of lines: as they are now, or as they
// were told last when that is the same.
func (w *writer) box(e *Endpoint, b fleet.Box, lines []line) {
	settings := b.State.Settings()
	var details []*state.Detail
	if w.q.need != needNothing {
		details = make([]*state.Detail, len(lines))
		for i := range lines {
			details[i] = e.details.detail(b.Name, lines[i].hash)
		}
	}
	r := row{s: &settings, now: w.now.Unix(), style: w.q.call.style, numbers: !w.q.call.jsonrpc}
	written := make([]line, 0, len(lines))
	b.State.View(func(s state.Reader) {
		for i, l := range lines {
			if l.holds(w.now) {
				written = append(written, w.again(l))
				continue
			}
			x, ok := s.Get(l.hash)
			if !ok || x.Torrent().Added != l.added {
				continue // it has gone meanwhile, and so has the right to see it
			}
			r.chosen, r.t, r.d = l.chosen, x.Torrent(), nil
			if details != nil {
				r.d = details[i]
			}
			written = append(written, w.anew(l, &r))
		}
	})
	w.lines[b.Name] = written
}

func (w *writer) comma() {
	if w.some {
		w.b = append(w.b, ',')
	}
	w.some = true
}

// again writes what was told of a torrent last.
func (w *writer) again(l line) line {
	w.comma()
	was := w.last.body[l.from:l.to]
	l.from = len(w.b)
	w.b = append(w.b, was...)
	l.to = len(w.b)
	return l
}

// anew writes what is to be told of a torrent.
func (w *writer) anew(l line, r *row) line {
	w.comma()
	l.from = len(w.b)
	w.row(r)
	l.to = len(w.b)
	l.until = never
	for _, f := range w.q.moving {
		l.until = min(l.until, f.until(r))
	}
	return l
}

func (w *writer) row(r *row) {
	b := w.b
	if w.q.table {
		b = append(b, '[')
		for i, f := range w.q.fields {
			if i > 0 {
				b = append(b, ',')
			}
			b = f.put(b, r)
		}
		w.b = append(b, ']')
		return
	}
	if len(w.q.fields) == 0 {
		b = append(b, '{')
	}
	for i, f := range w.q.fields {
		b = f.put(append(b, w.keys[i]...), r)
	}
	w.b = append(b, '}')
}

func (w *writer) end(removed []int64) []byte {
	b := append(w.b, ']')
	if w.q.recent {
		b = append(b, `,"removed":[`...)
		for i, id := range removed {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendInt(b, id)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}
