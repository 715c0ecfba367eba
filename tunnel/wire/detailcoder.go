package wire

import (
	"errors"
	"time"

	"offing/tunnel/state"
	"offing/tunnel/wire/internal/entropy"
)

// DetailEncoder makes the bodies of the Detail frames of one connection: what the
// other end lacks of each open torrent. It is for one goroutine.
type DetailEncoder struct {
	model *detailModel
	coder entropy.Coder
	next  [MaxOpen]place
}

// place is how far the newest detail of a torrent has been told.
type place struct {
	open  bool // the other end knows that it is about this opening
	begun bool
	sheet sheet
	list  int
	at    int
}

// NewDetailEncoder returns one for a new connection.
func NewDetailEncoder() *DetailEncoder { return &DetailEncoder{model: newDetailModel()} }

// Forget makes slot, below MaxOpen, free for another torrent.
func (e *DetailEncoder) Forget(slot int) { e.next[slot] = place{} }

// Encode appends to dst the body of a frame of about limit bytes about the
// torrent in a slot. While news.More is set, the same detail goes on with the
// next call; a call with another one begins that.
func (e *DetailEncoder) Encode(dst []byte, slot int, d *state.Detail, gone bool, age time.Duration, limit int) News {
	c, p, m := &e.coder, &e.next[slot], e.model
	c.Encode(dst)
	limit += len(dst)
	o := m.head(c, slot, !p.open, d.Hash)
	p.open = true
	m.age.Code(c, uint64(max(age.Milliseconds(), 0)))
	if m.gone.Bool(c, gone) {
		p.begun = false
		return News{Kind: TypeDetail, Body: c.Finish(), Whole: true}
	}
	if !p.begun {
		p.begun, p.sheet, p.list, p.at = true, sheetOf(d), 0, 0
	}
	for text := 0; p.list < lists && c.Len() < limit && text < frameText; {
		text = e.chunk(c, o, p, limit, text)
	}
	m.list.Code(c, listsEnd, 3)
	whole := m.whole.Bool(c, p.list == lists)
	if whole {
		p.begun = false
		_ = m.pieces(c, &o.pieces, &p.sheet.pieces) // an encoder has no errors
	}
	return News{Kind: TypeDetail, Body: c.Finish(), Whole: whole, More: !whole}
}

// Again makes the next Encode of a slot begin with the newest detail.
func (e *DetailEncoder) Again(slot int) { e.next[slot].begun = false }

// frameText is about the most bytes of text that a frame tells: with one record
// more it is within what the other end takes.
const frameText = maxText / 2

// chunk tells some records of the list at hand. It takes and returns the bytes of
// text that the frame has told.
func (e *DetailEncoder) chunk(c *entropy.Coder, o *held, p *place, limit, text int) int {
	m, records := e.model, p.sheet.lists[p.list]
	m.list.Code(c, uint(p.list), 3)
	m.resize(c, o, p.list, len(records))
	m.from[p.list].Code(c, uint64(p.at))
	// How many there is room for is not known before they are coded: one bit in
	// front of each tells that one more comes.
	for ; p.at < len(records) && c.Len() < limit && text < frameText; p.at++ {
		m.more[p.list].Bool(c, true)
		n, _ := m.record(c, p.list, &o.lists[p.list][p.at], records[p.at]) // an encoder has no errors
		text += n
	}
	m.more[p.list].Bool(c, false)
	if p.at == len(records) {
		p.list, p.at = p.list+1, 0
	}
	return text
}

// resize codes the length of a list, and makes what is held as long.
func (m *detailModel) resize(c *entropy.Coder, o *held, list, n int) bool {
	n = int(min(m.count[list].Code(c, uint64(n)), 1<<30))
	if n > listLimits[list].records {
		return false
	}
	if len(o.lists[list]) > n {
		for i := range o.lists[list][n:] {
			o.text -= o.lists[list][n+i].size()
		}
		o.lists[list] = o.lists[list][:n:n]
	}
	for len(o.lists[list]) < n {
		o.lists[list] = append(o.lists[list], record{})
	}
	return true
}

// DetailDecoder reads what a DetailEncoder at the other end of the connection
// made. It is for one goroutine.
type DetailDecoder struct {
	model *detailModel
	coder entropy.Coder
}

// NewDetailDecoder returns one for a new connection.
func NewDetailDecoder() *DetailDecoder { return &DetailDecoder{model: newDetailModel()} }

// Decode reads one body. What it returns is the caller's. After an error the
// decoder is of no use.
func (d *DetailDecoder) Decode(body []byte) (*Detail, error) {
	c, m := &d.coder, d.model
	c.Decode(body)
	o := m.head(c, 0, false, state.Hash{})
	if !o.used {
		return nil, errors.New("a detail of a torrent that was never named")
	}
	f := &Detail{Detail: state.Detail{Hash: o.hash}}
	age := m.age.Code(c, 0)
	if age > maxSpan {
		return nil, errors.New("a span of more than 100 years")
	}
	f.Age = time.Duration(age) * time.Millisecond
	if f.Gone = m.gone.Bool(c, false); f.Gone {
		f.Whole = true
		return f, c.Close()
	}
	if err := d.lists(c, o); err != nil {
		return nil, err
	}
	if f.Whole = m.whole.Bool(c, false); f.Whole {
		if err := m.pieces(c, &o.pieces, &state.Pieces{}); err != nil {
			return nil, err
		}
		f.Detail = o.detail()
		if !f.Detail.Valid() {
			return nil, errors.New("a detail beyond its limits")
		}
	}
	return f, c.Close()
}

func (d *DetailDecoder) lists(c *entropy.Coder, o *held) error {
	for text, n := 0, 0; ; n++ {
		list := int(d.model.list.Code(c, 0, 3))
		if list == listsEnd {
			return nil
		}
		if list > listsEnd || n > lists || !d.model.resize(c, o, list, 0) {
			return errors.New("a list beyond its limits")
		}
		at := d.model.from[list].Code(c, 0)
		for d.model.more[list].Bool(c, false) {
			if at >= uint64(len(o.lists[list])) {
				return errors.New("more records than the list has")
			}
			before := o.lists[list][at].size()
			size, err := d.model.record(c, list, &o.lists[list][at], record{})
			text += size
			if o.text += o.lists[list][at].size() - before; err != nil || text > maxText || o.text > maxHeld || c.Exhausted() {
				return entropy.ErrCorrupt
			}
			at++
		}
	}
}
