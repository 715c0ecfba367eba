package wire

import (
	"math/bits"
	"slices"
	"time"

	"offing/tunnel/state"
	"offing/tunnel/wire/internal/entropy"
)

// settleFrames is after how many frames, at most, a moving torrent's counters
// are told exactly though they are about right.
const settleFrames = 15

// Encoder makes the bodies of the frames Snapshot and Delta out of a State: what
// the other end of one connection lacks. It knows what the other end has, so
// that any part of the news may be left for a later frame. It is for one
// goroutine.
type Encoder struct {
	table
	index map[state.Hash]int32
	model *model
	coder entropy.Coder

	base    uint64 // what the other end had of the state, before any frame
	started uint64 // the state's sequence when a snapshot began
	done    uint64 // the state's sequence up to which everything was told
	session uint64 // up to which the session was told
	host    uint64
	setting uint64
	waiting []state.Hash            // torrents that no change will bring up
	gone    map[state.Hash]struct{} // told to be removed since done
	frame   uint64
	from    int32   // the first moving slot whose turn it is
	rows    int     // told in this frame
	text    int     // bytes of text told in this frame
	list    []int32 // reused
	unknown slot    // reused
}

// Policy says how to tell the news.
type Policy struct {
	Limit   int                   // about the most bytes of the frame; at least one torrent is told
	Live    bool                  // moving torrents: rates to two percent, counters now and then
	Exact   func(state.Hash) bool // torrents that are told exactly although Live; may be nil
	Welcome time.Time             // that of the connection
	Now     time.Time
	Known   bool // the state holds all torrents there are
}

// NewEncoder returns an Encoder for another end that has the state at the
// sequence base, or nothing when base is 0. The first frame is a Snapshot then.
func NewEncoder(base uint64) *Encoder {
	return &Encoder{
		index: make(map[state.Hash]int32), gone: make(map[state.Hash]struct{}),
		model: newModel(), base: base, done: base, session: base, host: base, setting: base,
	}
}

// Start notes what no change will bring up: all torrents for an end that has
// nothing, else those that move, whose figures the other end has been guessing.
func (e *Encoder) Start(r state.Reader) {
	if e.base == 0 {
		e.started = r.Version().Seq
	}
	r.ChangedAfter(0, func(t state.Entry) bool {
		if !t.Removed() && (e.base == 0 || t.Torrent().Moving()) {
			e.waiting = append(e.waiting, t.Torrent().Hash)
		}
		return true
	})
	e.slots = slices.Grow(e.slots, len(e.waiting))
}

// Lost tells whether the state has forgotten removals that were not told yet: only
// a new Encoder, and its snapshot, can tell them.
func (e *Encoder) Lost(r state.Reader) bool { return !r.Knows(max(e.done, e.started)) }

// News is what a frame is made of.
type News struct {
	Kind  Type // TypeSnapshot or TypeDelta
	Body  []byte
	Whole bool // with this frame the other end has all that the state has
	More  bool // there was no room for all of it
}

// Encode appends a body to dst.
func (e *Encoder) Encode(dst []byte, r state.Reader, p *Policy) News {
	c := &e.coder
	c.Encode(dst)
	e.frame++
	e.rows, e.text = 0, 0
	limit := len(dst) + p.Limit
	fresh := freshnessOf(r, p)
	e.predict(e.model.box.fresh(c, &fresh))
	e.model.box.present[4].Bool(c, p.Live)
	e.box(c, r)
	more := !e.movingRows(c, r, p, limit)
	more = !e.changedRows(c, r, p, limit) || more
	more = !e.waitingRows(c, r, p, limit) || more
	e.model.kindOf(c, rowEnd)
	e.remember(e.model.box.lastSample)
	n := News{Kind: TypeDelta, More: more, Whole: p.Known && !more}
	if e.base == 0 && e.frame == 1 {
		n.Kind = TypeSnapshot
	}
	if n.Whole {
		e.done = r.Version().Seq
		clear(e.gone)
	}
	e.model.box.version(c, n.Whole, e.done)
	n.Body = c.Finish()
	return n
}

func freshnessOf(r state.Reader, p *Policy) freshness {
	if r.Fresh().IsZero() {
		return freshness{}
	}
	return freshness{
		known:  true,
		sample: r.Fresh().Sub(p.Welcome).Milliseconds(),
		age:    uint64(max(p.Now.Sub(r.Fresh()).Milliseconds(), 0)),
	}
}

// Moving tells whether the other end moves any torrents on by itself.
func (e *Encoder) Moving() bool { return len(e.moving) > 0 }

// Sum returns the checksum of the state that the other end has after a whole
// frame that was made of r: where it was told what is about right, that counts.
func (e *Encoder) Sum(r state.Reader) uint64 {
	sum := r.Sum()
	for _, i := range e.moving {
		s := &e.slots[i]
		t, ok := r.Get(s.hash)
		if !ok {
			continue
		}
		held := *t.Torrent()
		for f := s.known &^ textFields; f != 0; f &= f - 1 {
			s.values.store(&held, bits.TrailingZeros32(uint32(f)))
		}
		sum += held.Checksum() - t.Checksum()
	}
	return sum
}

// box tells the session, the host and the settings where they have changed.
func (e *Encoder) box(c *entropy.Coder, r state.Reader) {
	var session *state.Session
	if v, seq := r.Session(); seq > e.session || e.frame == 1 && e.base == 0 {
		session, e.session = &v, seq
	}
	_, _ = e.model.box.sessionOf(c, &e.model.words, session) // an encoder has no errors
	var host *state.Host
	if v, seq := r.Host(); seq > e.host || e.frame == 1 && e.base == 0 {
		host, e.host = &v, seq
	}
	e.model.box.hostOf(c, host)
	var settings *state.Settings
	if v, seq := r.Settings(); seq > e.setting || e.frame == 1 && e.base == 0 {
		settings, e.setting = &v, seq
	}
	_, _ = e.model.box.settingsOf(c, &e.model.dirs, settings)
}
