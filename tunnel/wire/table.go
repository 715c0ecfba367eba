package wire

import (
	"math/bits"
	"slices"

	"offing/tunnel/state"
)

// MaxTorrents bounds the torrents that one connection speaks of.
const MaxTorrents = 200_000

// values are the numbers of a torrent by the numbers of their fields; of Error
// the kind. What is in unnumbered has none.
type values [state.FieldCount]int64

// The numbers of the fields: the bits of state.Fields.
const (
	iName         = 0
	iStatus       = 1
	iError        = 2
	iSize         = 3
	iLeft         = 4
	iMetadata     = 5
	iChecked      = 6
	iRateDown     = 7
	iRateUp       = 8
	iDownloaded   = 9
	iUploaded     = 10
	iPeers        = 11
	iPeersSending = 12
	iPeersGetting = 13
	iWebSeeds     = 14
	iAdded        = 15
	iDone         = 16
	iQueue        = 17
	iLabels       = 18
	iDir          = 19
	iTotal        = 20
	iFiles        = 21
	iPrivate      = 22
	iFinished     = 23
	iActive       = 24
	iSeeded       = 25
	iOptions      = 26
	iTrackers     = 27
)

// moveFields are those that a torrent's movement changes by itself.
const moveFields = state.FieldLeft | state.FieldDownloaded | state.FieldUploaded

// rateFields are those that the movement follows from.
const rateFields = state.FieldRateDown | state.FieldRateUp

func numbers(t *state.Torrent) values {
	return values{
		iStatus: int64(t.Status), iError: int64(t.Error), iSize: t.Size, iLeft: t.Left,
		iMetadata: int64(t.Metadata), iChecked: int64(t.Checked), iRateDown: t.RateDown, iRateUp: t.RateUp,
		iDownloaded: t.Downloaded, iUploaded: t.Uploaded, iPeers: int64(t.Peers), iPeersSending: int64(t.PeersSending),
		iPeersGetting: int64(t.PeersGetting), iWebSeeds: int64(t.WebSeeds), iAdded: t.Added, iDone: t.Done, iQueue: int64(t.Queue),
		iTotal: t.Total, iFiles: int64(t.Files), iPrivate: number(t.Private), iFinished: number(t.Finished), iActive: t.Active,
		iSeeded: t.Seeded,
	}
}

// slot is a torrent that both ends know by a small number.
type slot struct {
	hash   state.Hash
	used   bool
	known  state.Fields // whose values both ends have
	recent state.Fields // that the last row changed
	values values       // as the other end has them
	phase  int64        // of Left within a block, when it was last told
	past   *past        // of a torrent that moves; nil of any other

	// The encoder's own.
	seq     uint64 // of the state when last told
	checked uint64 // frame in which it was last looked at
	settled uint64 // frame in which the counters were last exact
}

// moving tells whether the torrent's figures go on by themselves.
func (s *slot) moving() bool { return s.values[iRateDown] != 0 || s.values[iRateUp] != 0 }

// table is what both ends of a connection know of each other's torrents. After
// each frame the two are equal.
type table struct {
	slots  []slot
	free   []int32
	moving []int32 // the slots that move, in their order
}

// add takes the slot that was given back last, or a new one.
func (t *table) add(h state.Hash) int32 {
	var i int32
	if n := len(t.free); n > 0 {
		i, t.free = t.free[n-1], t.free[:n-1]
	} else {
		i = int32(len(t.slots))
		t.slots = append(t.slots, slot{})
	}
	t.slots[i] = slot{hash: h, used: true}
	return i
}

func (t *table) remove(i int32) {
	t.slots[i] = slot{}
	t.free = append(t.free, i)
	t.place(i)
}

// place puts the slot into moving, or takes it out.
func (t *table) place(i int32) {
	at, found := slices.BinarySearch(t.moving, i)
	switch moving := t.slots[i].used && t.slots[i].moving(); {
	case moving && !found:
		t.moving = slices.Insert(t.moving, at, i)
		t.slots[i].past = new(past)
	case !moving && found:
		t.moving = slices.Delete(t.moving, at, at+1)
		t.slots[i].past = nil
	}
}

// past is what the counters of a torrent were lately, the newest last. The daemon
// tells as a rate what it has counted over two seconds.
type past struct {
	n       int
	samples [pastSamples]sample
}

type sample struct {
	at       int64 // milliseconds, as freshness.sample
	down, up int64
}

const (
	pastSamples = 8
	rateWindow  = 1750           // milliseconds: at least so long ago is what a rate is counted from
	maxGain     = maxRate * 3600 // bytes: more than that says nothing of a rate
)

func (p *past) add(s sample) {
	if p.n == pastSamples {
		copy(p.samples[:], p.samples[1:])
		p.n--
	}
	p.samples[p.n] = s
	p.n++
}

// since returns the newest sample that is old enough to count a rate from at the
// time at.
func (p *past) since(at int64) (sample, bool) {
	if p == nil {
		return sample{}, false
	}
	for i := p.n - 1; i >= 0; i-- {
		if at-p.samples[i].at >= rateWindow {
			return p.samples[i], true
		}
	}
	return sample{}, false
}

// expected returns the rate that a gain in so many milliseconds makes, or the one
// that is held.
func expected(gain, ms, held int64) int64 {
	if gain < 0 || gain > maxGain {
		return held
	}
	return gain * 1000 / ms
}

// remember notes the counters of what moves, once a frame.
func (t *table) remember(at int64) {
	for _, i := range t.moving {
		s := &t.slots[i]
		s.past.add(sample{at, s.values[iDownloaded], s.values[iUploaded]})
	}
}

// Bounds of a prediction.
const (
	maxStep = 10_000  // milliseconds
	maxRate = 1 << 40 // bytes a second
)

// predict moves everything on by ms milliseconds.
func (t *table) predict(ms int64) {
	ms = min(max(ms, 0), maxStep)
	for _, i := range t.moving {
		s := &t.slots[i]
		down := min(s.values[iRateDown], maxRate) * ms / 1000
		up := min(s.values[iRateUp], maxRate) * ms / 1000
		s.values[iDownloaded] = advance(s.values[iDownloaded], down)
		s.values[iUploaded] = advance(s.values[iUploaded], up)
		if left := s.values[iLeft]; left > 0 {
			s.values[iLeft] = max(left-down, 1)
		}
	}
}

// advance adds to a counter, unless there is no room left in it.
func advance(n, by int64) int64 {
	if n > 1<<62 {
		return n
	}
	return n + by
}

// Rates are told to one of 32 steps between a power of two and the next, at
// most 1.6 % off.

// maxStepOfRate is the step of the highest rate there can be.
const maxStepOfRate = 57<<5 + 63

// step returns the number of the step nearest to a rate.
func step(rate int64) int64 {
	e := max(bits.Len64(uint64(rate))-6, 0)
	m := (rate + 1<<e>>1) >> e // 64 when rounded up to the next power
	return int64(e)<<5 + m
}

// rateOf returns the rate of a step.
func rateOf(step int64) int64 {
	if step < 64 {
		return max(step, 0)
	}
	step = min(step, maxStepOfRate)
	e := step>>5 - 1
	return (step - e<<5) << e
}
