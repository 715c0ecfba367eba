package rpc

import (
	"context"

	"offing/controller/internal/fleet"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// query is a torrent-get.
type query struct {
	choice
	names  []string // as they were asked for
	fields []*field // the same, none of them nil
	moving []*field // those of them that change by themselves
	table  bool
	need   need
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
		if f.until != nil {
			q.moving = append(q.moving, f)
		}
		q.need = max(q.need, f.need)
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

// tell makes the answer, of what was told before as far as that still holds.
func (e *Endpoint) tell(ctx context.Context, who asker, q query, boxes []fleet.Box) ([]byte, error) {
	w := writer{q: q, now: e.cfg.Now()}
	next := e.answers.next(who, q, boxes, w.now)
	w.last = e.answers.before(next)
	var removed []int64
	var all []ofBox
	for _, b := range boxes {
		if b.State.Fresh().IsZero() {
			continue
		}
		lines, ok, err := e.moved(ctx, who, b, w.last)
		if err != nil {
			return nil, err
		}
		if !ok {
			found, gone, err := e.find(ctx, who, b, q.choice)
			if err != nil {
				return nil, err
			}
			removed = append(removed, gone...)
			e.openFor(ctx, b, q, found)
			lines = linesOf(found)
		}
		all = append(all, ofBox{b, lines})
	}
	if w.last.holds(all, w.now) {
		next.body, next.lines = w.last.body, w.last.lines
		e.answers.put(next)
		return next.body, nil
	}
	w.begin()
	for _, of := range all {
		w.box(e, of.box, of.lines)
	}
	if q.recent {
		gone, err := e.unpaired(ctx, who)
		if err != nil {
			return nil, err
		}
		removed = append(removed, gone...)
	}
	body := w.end(removed)
	if next != nil {
		next.body, next.lines = body, w.lines
		e.answers.put(next)
	}
	return body, nil
}

// ofBox are the torrents of a box that an answer tells of.
type ofBox struct {
	box   fleet.Box
	lines []line
}

// find returns the torrents of a box that the query is about.
func (e *Endpoint) find(ctx context.Context, who asker, b fleet.Box, c choice) (found []chosen, removed []int64, err error) {
	if c.recent {
		return e.lately(ctx, who, b)
	}
	found, err = e.visible(ctx, who, b, c)
	return found, nil, err
}

// moved returns the torrents of a box as they were told last, with those anew that have
// changed since; false when that cannot be known.
func (e *Endpoint) moved(ctx context.Context, who asker, b fleet.Box, last *told) (lines []line, ok bool, err error) {
	if last == nil {
		return nil, false, nil
	}
	then := last.version(b.Name)
	changed := map[state.Hash]bool{}
	var anew []chosen
	b.State.View(func(r state.Reader) {
		_, settings := r.Settings()
		if ok = r.Version().Epoch == then.Epoch && r.Knows(then.Seq) && settings <= then.Seq; !ok {
			return
		}
		r.ChangedAfter(then.Seq, func(x state.Entry) bool {
			t := x.Torrent()
			changed[t.Hash] = true
			if one := e.look(who, b.Name, t); !x.Removed() && one.access != owners.None {
				anew = append(anew, one)
			}
			return true
		})
	})
	if !ok {
		return nil, false, nil
	}
	if err := e.number(ctx, who, b.Name, anew); err != nil {
		return nil, false, err
	}
	return merged(last.lines[b.Name], changed, linesOf(anew)), true, nil
}

// merged returns those of lines that are not in changed, and those that are anew, in the
// order of their numbers.
func merged(lines []line, changed map[state.Hash]bool, anew []line) []line {
	all := make([]line, 0, len(lines)+len(anew))
	for i := range lines {
		if changed[lines[i].hash] {
			continue
		}
		for len(anew) > 0 && anew[0].id < lines[i].id {
			all, anew = append(all, anew[0]), anew[1:]
		}
		all = append(all, lines[i])
	}
	return append(all, anew...)
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

// openFor has the details told of the torrents that were asked for.
func (e *Endpoint) openFor(ctx context.Context, b fleet.Box, q query, found []chosen) {
	named := !q.all && !q.recent
	if q.need == needNothing || len(found) == 0 || len(found) > maxOpen || !named && q.need != needDetail {
		return
	}
	e.details.open(ctx, b.Name, found, q.need == needDetail && b.Line.State == lineUp)
}
