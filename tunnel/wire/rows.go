package wire

import (
	"math/bits"

	"offing/tunnel/state"
	"offing/tunnel/wire/internal/entropy"
)

// textFields are those whose changes cannot be seen in the numbers.
const textFields = unnumbered | state.FieldError

// movingRows tells of the torrents that move, as far as there is room. Those
// that had none are the first to have some in the next frame.
func (e *Encoder) movingRows(c *entropy.Coder, r state.Reader, p *Policy, limit int) bool {
	e.list = append(e.list[:0], e.moving...)
	first, whole := e.from, true
	e.from = 0
	for _, i := range e.list {
		s := &e.slots[i]
		s.checked = e.frame
		var told row
		if t, ok := r.Get(s.hash); ok {
			e.difference(&told, s, t, p)
		}
		if told.fields != 0 && (i < first || e.full(c, limit)) {
			if i >= first && e.from == 0 {
				e.from = i
			}
			told.fields, whole = 0, false
		}
		if e.model.moved[recently(s)].Bool(c, told.fields != 0) {
			e.tell(c, s, classMoving, &told, r)
		} else {
			s.recent = 0
		}
	}
	for _, i := range e.list {
		e.place(i)
	}
	return whole
}

// changedRows tells of the other torrents that have changed, and of those that
// are gone.
func (e *Encoder) changedRows(c *entropy.Coder, r state.Reader, p *Policy, limit int) bool {
	whole := true
	r.ChangedAfter(e.done, func(t state.Entry) bool {
		if e.full(c, limit) {
			whole = false
			return false
		}
		switch i, known := e.index[t.Torrent().Hash]; {
		case t.Removed():
			e.removed(c, t.Torrent().Hash, i, known)
		case !known:
			e.added(c, r, t, p)
		case e.slots[i].checked != e.frame:
			e.changed(c, r, t, i, p)
		}
		return true
	})
	return whole
}

// waitingRows tells of those that no change brings up.
func (e *Encoder) waitingRows(c *entropy.Coder, r state.Reader, p *Policy, limit int) bool {
	for len(e.waiting) > 0 {
		if e.full(c, limit) {
			return false
		}
		t, ok := r.Get(e.waiting[0])
		if _, known := e.index[e.waiting[0]]; ok && !known {
			e.added(c, r, t, p)
		}
		e.waiting = e.waiting[1:]
	}
	e.waiting = nil
	return true
}

// full tells whether the frame has no room for another row.
func (e *Encoder) full(c *entropy.Coder, limit int) bool {
	return e.rows > 0 && (c.Len() > limit || e.rows >= MaxItems || e.text > maxText-state.MaxRowText)
}

func (e *Encoder) removed(c *entropy.Coder, h state.Hash, i int32, known bool) {
	switch _, told := e.gone[h]; {
	case known:
		e.model.kindOf(c, rowRemoved)
		e.model.slotOf(c, i, len(e.slots))
		e.table.remove(i)
		delete(e.index, h)
	case told || e.base == 0:
		return
	default:
		e.model.kindOf(c, rowGone)
		e.model.hash(c, h)
	}
	e.gone[h] = struct{}{}
	e.rows++
}

func (e *Encoder) added(c *entropy.Coder, r state.Reader, t state.Entry, p *Policy) {
	var told row
	h := t.Torrent().Hash
	e.unknown = slot{}
	e.difference(&told, &e.unknown, t, p)
	if told.fields == 0 {
		return
	}
	e.model.kindOf(c, rowNew)
	e.model.hash(c, h)
	i := e.add(h)
	e.index[h] = i
	e.slots[i].settled = e.frame - uint64(i%settleFrames)
	e.tell(c, &e.slots[i], classNew, &told, r)
	e.place(i)
}

func (e *Encoder) changed(c *entropy.Coder, r state.Reader, t state.Entry, i int32, p *Policy) {
	var told row
	e.difference(&told, &e.slots[i], t, p)
	if told.fields == 0 {
		return
	}
	e.model.kindOf(c, rowKnown)
	e.model.slotOf(c, i, len(e.slots))
	e.tell(c, &e.slots[i], classOther, &told, r)
	e.place(i)
}

// tell codes a row.
func (e *Encoder) tell(c *entropy.Coder, s *slot, cl class, told *row, r state.Reader) {
	_ = e.model.row(c, s, cl, told) // an encoder has no errors
	s.seq = r.Version().Seq
	e.rows++
	e.text += told.size()
}

// difference sets told to what the other end has to be told of t.
func (e *Encoder) difference(told *row, s *slot, t state.Entry, p *Policy) {
	now := t.Torrent()
	*told = row{values: numbers(now), name: now.Name, error: now.ErrorText, labels: now.Labels}
	told.dir, told.options, told.trackers = now.Dir, now.Options, now.Trackers
	told.fields = t.Since(s.seq) & textFields
	for i := range told.values {
		if told.values[i] != s.values[i] {
			told.fields |= 1 << i
		}
	}
	told.fields &= s.known
	fresh := t.Since(e.base)
	if now.Moving() || fresh&rateFields != 0 {
		fresh |= rateFields | moveFields | state.FieldActive
	}
	told.fields |= fresh &^ s.known
	if p.Live && now.Moving() && (p.Exact == nil || !p.Exact(now.Hash)) {
		e.approximate(told, s)
	} else {
		s.settled = e.frame
	}
}

// approximate takes out of a moving torrent's row what is about right.
func (e *Encoder) approximate(told *row, s *slot) {
	told.steps = true
	for _, i := range [...]int{iRateDown, iRateUp} {
		exact, held := told.values[i], s.values[i]
		told.values[i] = rateOf(step(exact))
		if s.known>>i&1 != 0 && (told.values[i] == held || near(exact, held, exact/50)) {
			told.fields &^= 1 << i
		}
	}
	arrived := (told.values[iLeft] == 0) != (s.values[iLeft] == 0)
	if told.fields&restFields&^state.FieldActive != 0 || arrived || e.frame-s.settled >= settleFrames || !s.known.Has(moveFields) {
		s.settled = e.frame
		return
	}
	if told.values[iRateDown] != 0 || told.values[iRateUp] != 0 {
		told.fields &^= state.FieldActive // it comes when the counters do
	}
	down, up := told.values[iRateDown], told.values[iRateUp]
	if near(told.values[iLeft], s.values[iLeft], slack*down) && near(told.values[iDownloaded], s.values[iDownloaded], slack*down) &&
		near(told.values[iUploaded], s.values[iUploaded], slack*up) {
		told.fields &^= moveFields
	}
}

// slack is by how many seconds of a torrent's movement its counters may be off.
const slack = 5

func near(a, b, by int64) bool { return max(a-b, b-a) <= by }

func recently(s *slot) int {
	if s.recent != 0 {
		return 1
	}
	return 0
}

// size is the bytes of text in the row.
func (r *row) size() int {
	n := 0
	if r.fields.Has(state.FieldName) {
		n += len(r.name)
	}
	if r.fields.Has(state.FieldError) {
		n += len(r.error)
	}
	if r.fields.Has(state.FieldLabels) {
		for _, l := range r.labels {
			n += len(l)
		}
	}
	if r.fields.Has(state.FieldDir) {
		n += len(r.dir)
	}
	if r.fields.Has(state.FieldTrackers) {
		for _, u := range r.trackers {
			n += len(u)
		}
	}
	return n
}

func (m *model) kindOf(c *entropy.Coder, k kind) kind {
	return kind(m.kind.Code(c, uint(k), 3))
}

// slotOf codes the number of one of n slots.
func (m *model) slotOf(c *entropy.Coder, i int32, n int) int32 {
	return int32(c.Raw(uint64(i), bits.Len(uint(n-1))))
}

func (m *model) hash(c *entropy.Coder, h state.Hash) state.Hash {
	for i := range h {
		h[i] = byte(c.Raw(uint64(h[i]), 8))
	}
	return h
}
