package rpc

import (
	"context"
	"time"

	"offing/controller/internal/fleet"
	"offing/tunnel/state"
)

// query is a torrent-get.
type query struct {
	choice
	names  []string // as they were asked for
	fields []*field // the same, none of them nil
	table  bool
	need   need
	timed  bool
	call   *call
}

// torrentGet tells of torrents (specification, "torrent_get").
func (e *Endpoint) torrentGet(ctx context.Context, who asker, c *call) ([]byte, *problem) {
	q, fault := readQuery(c)
	if fault != nil {
		return nil, fault
	}
	boxes, fault := e.known(who)
	if fault != nil {
		return nil, fault
	}
	var err error
	if q.choice, err = e.choose(ctx, who, boxes, c.params["ids"]); err != nil {
		return nil, e.failed(ctx, err)
	}
	for _, b := range boxes {
		e.watched.asked(b.Name)
	}
	if body, ok := e.answers.get(who, q, boxes, e.cfg.Now()); ok {
		return body, nil
	}
	body, err := e.tell(ctx, who, q, boxes)
	if err != nil {
		return nil, e.failed(ctx, err)
	}
	return body, nil
}

// failed says that something is wrong in the controller.
func (e *Endpoint) failed(ctx context.Context, err error) *problem {
	e.cfg.Log.ErrorContext(ctx, "an app could not be answered", "err", err)
	return internal
}

// known returns the boxes that the asker speaks of. While none of them has ever told
// what it has, an empty list would be a lie that apps act upon.
func (e *Endpoint) known(who asker) ([]fleet.Box, *problem) {
	boxes := e.boxesOf(who)
	for _, b := range boxes {
		if !b.State.Fresh().IsZero() {
			return boxes, nil
		}
	}
	if len(boxes) == 0 {
		return boxes, nil
	}
	return nil, &problem{codeSystem, "the box has not been reached since the controller was started: " + lineOf(boxes[0])}
}

// lineOf says what is with the line to a box.
func lineOf(b fleet.Box) string {
	if b.Line.Reason != "" {
		return b.Line.Reason
	}
	return "the line is " + b.Line.State
}

// readQuery reads what is asked for. Unknown fields are left out, as by a daemon.
func readQuery(c *call) (query, *problem) {
	q := query{call: c}
	names, ok := texts(c.params["fields"])
	if !ok || len(names) > maxFields {
		return q, &problem{codeInvalidParams, "torrent-get needs a list of fields"}
	}
	seen := map[*field]int{}
	for _, name := range names {
		f := allFields[snake(name)]
		if f == nil || seen[f] >= maxNames || seen[f] > 0 && !q.renamedBefore(name) {
			continue
		}
		seen[f]++
		q.names, q.fields = append(q.names, name), append(q.fields, f)
		q.need, q.timed = max(q.need, f.need), q.timed || f.timed
	}
	format, _ := text(c.params["format"])
	q.table = format == "table"
	return q, nil
}

// renamedBefore tells whether a field was asked for under other names only.
func (q *query) renamedBefore(name string) bool {
	for _, n := range q.names {
		if n == name {
			return false
		}
	}
	return true
}

// tell makes the answer.
func (e *Endpoint) tell(ctx context.Context, who asker, q query, boxes []fleet.Box) ([]byte, error) {
	key, cacheable := e.answers.key(who, q, boxes, e.cfg.Now())
	w := writer{q: q, now: e.cfg.Now()}
	w.begin(e.answers.size(who, q))
	var removed []int64
	for _, b := range boxes {
		if b.State.Fresh().IsZero() {
			continue
		}
		found, gone, err := e.find(ctx, who, b, q)
		if err != nil {
			return nil, err
		}
		removed = append(removed, gone...)
		w.box(e, b, found, e.openFor(ctx, who, b, q, found))
	}
	if q.recent {
		gone, err := e.unpaired(ctx, who)
		if err != nil {
			return nil, err
		}
		removed = append(removed, gone...)
	}
	body := w.end(removed)
	if cacheable {
		e.answers.put(key, body)
	}
	return body, nil
}

// find returns the torrents of a box that the query is about.
func (e *Endpoint) find(ctx context.Context, who asker, b fleet.Box, q query) (found []chosen, removed []int64, err error) {
	if q.recent {
		return e.lately(ctx, who, b)
	}
	found, err = e.visible(ctx, who, b, q.choice)
	return found, nil, err
}

// unpaired returns the numbers of the torrents of boxes that are no more, when one went
// lately.
func (e *Endpoint) unpaired(ctx context.Context, who asker) (removed []int64, err error) {
	if who.box != "" || !e.windows.wentLately(e.cfg.Now()) {
		return nil, nil
	}
	there := map[string]bool{}
	for _, b := range e.cfg.Boxes.Boxes() {
		there[b.Name] = true
	}
	err = e.ids.view(ctx, who.User, func(n *numbers) {
		for box, of := range n.boxes {
			if there[box] {
				continue
			}
			for _, id := range of {
				removed = append(removed, id)
			}
		}
	})
	return removed, err
}

// openFor has the details told of the torrents that were asked for, and tells whether
// they are to be looked for.
func (e *Endpoint) openFor(ctx context.Context, _ asker, b fleet.Box, q query, found []chosen) bool {
	if q.need == needNothing {
		return false
	}
	named := !q.all && !q.recent
	if len(found) > 0 && len(found) <= maxOpen && (named || q.need == needDetail) {
		e.details.open(ctx, b.Name, found, q.need == needDetail && b.Line.State == lineUp)
	}
	return true
}

// writer writes the torrents of an answer.
type writer struct {
	q    query
	now  time.Time
	b    []byte
	some bool
	keys [][]byte // what stands before each field of an object
}

func (w *writer) begin(size int) {
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

// box writes torrents of a box as they are now, in the order of found.
func (w *writer) box(e *Endpoint, b fleet.Box, found []chosen, details bool) {
	settings := b.State.Settings()
	all := make([]*state.Detail, 0)
	if details {
		all = make([]*state.Detail, len(found))
		for i := range found {
			all[i] = e.details.detail(b.Name, found[i].hash)
		}
	}
	r := row{s: &settings, now: w.now.Unix(), style: w.q.call.style, numbers: !w.q.call.jsonrpc}
	b.State.View(func(s state.Reader) {
		for i := range found {
			x, ok := s.Get(found[i].hash)
			if !ok || x.Torrent().Added != found[i].added {
				continue // it has gone meanwhile, and so has the right to see it
			}
			r.chosen, r.t, r.d = found[i], x.Torrent(), nil
			if details {
				r.d = all[i]
			}
			w.row(&r)
		}
	})
}

func (w *writer) row(r *row) {
	b := w.b
	if w.some {
		b = append(b, ',')
	}
	w.some = true
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
