package simulator

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"offing/tunnel/state"
)

// The movement of a torrent.
const (
	tick       = 250 * time.Millisecond
	perSecond  = float64(tick) / float64(time.Second)
	window     = 8    // ticks over which a reported rate is the mean: the two seconds of Transmission
	reversion  = 0.05 // a second: how fast a rate returns to its mean
	wander     = 0.22 // of the logarithm of a rate, per root second
	noise      = 0.35 // of the logarithm of the bytes of one tick
	ceiling    = 60e6 // bytes a second
	stallEvery = 240  // seconds
	burstEvery = 120
)

// stream is one direction of a transfer.
type stream struct {
	mean  float64 // of the logarithm of the rate in bytes a second; -Inf for none
	at    float64 // where the walk is
	carry float64 // of a byte
	past  [window]int64
	sum   int64 // of past
}

func newStream(r *rand.Rand, median, spread float64) stream {
	mean := math.Log(median) + r.NormFloat64()*spread
	return stream{mean: mean, at: mean + r.NormFloat64()*0.5}
}

// advance returns the bytes of one tick.
func (d *stream) advance(r *rand.Rand, slot int, factor float64) int64 {
	d.at += reversion*(d.mean-d.at)*perSecond + wander*math.Sqrt(perSecond)*r.NormFloat64()
	rate := min(math.Exp(d.at+noise*r.NormFloat64())*factor, ceiling)
	d.carry += rate * perSecond
	n := int64(d.carry)
	d.carry -= float64(n)
	d.note(slot, n)
	return n
}

func (d *stream) note(slot int, n int64) {
	d.sum += n - d.past[slot]
	d.past[slot] = n
}

// reported is the mean of the window, in bytes a second.
func (d *stream) reported() int64 {
	return int64(float64(d.sum) / (window * perSecond))
}

// flow is the transfer of one torrent.
type flow struct {
	t        *torrent
	down, up stream
	loading  bool
	slot     int
	factor   float64 // 0 in a stall, more than 1 in a burst
	until    time.Duration
}

// forget empties the windows, as a restart does.
func (f *flow) forget() {
	f.down.past, f.down.sum = [window]int64{}, 0
	f.up.past, f.up.sum = [window]int64{}, 0
}

// flowOf makes a torrent transfer: it downloads what is left, or seeds.
func (s *Simulator) flowOf(t *torrent) {
	f := &flow{t: t, loading: t.left > 0, factor: 1}
	if f.loading {
		f.down, f.up = newStream(s.rng, 700e3, 1.1), newStream(s.rng, 15e3, 1)
		t.status, t.sending, t.getting = state.Downloading, int32(1+s.rng.IntN(20)), int32(s.rng.IntN(4))
	} else {
		f.up = newStream(s.rng, 60e3, 1.2)
		t.status, t.sending, t.getting = state.Seeding, 0, int32(1+s.rng.IntN(5))
	}
	t.peers = t.sending + t.getting + int32(s.rng.IntN(25))
	t.flow = f
	s.flows = append(s.flows, f)
	s.touch(t)
}

// endFlow ends the torrent's transfer, if there is one.
func (s *Simulator) endFlow(t *torrent) {
	if t.flow == nil {
		return
	}
	i := slices.Index(s.flows, t.flow)
	s.flows = slices.Delete(s.flows, i, i+1)
	t.flow = nil
	t.peers, t.sending, t.getting = int32(s.rng.IntN(3)), 0, 0
	s.touch(t)
}

// advance moves the flow by one tick.
func (s *Simulator) advance(f *flow) {
	f.mood(s.rng, s.now)
	var down int64
	if f.loading {
		down = f.down.advance(s.rng, f.slot, f.factor)
	}
	up := f.up.advance(s.rng, f.slot, f.factor)
	f.slot = (f.slot + 1) % window
	t := f.t
	if down > 0 {
		s.receive(t, down)
	}
	t.up += up
	s.session.down += down
	s.session.up += up
	if down > 0 || up > 0 {
		t.active = s.unix()
		s.touch(t)
	}
	if s.rng.Float64() < 0.04*perSecond {
		s.movePeers(t)
	}
}

// mood begins and ends stalls and bursts.
func (f *flow) mood(r *rand.Rand, now time.Duration) {
	if f.factor != 1 {
		if now >= f.until {
			f.factor = 1
		}
		return
	}
	switch chance := r.Float64(); {
	case chance < perSecond/stallEvery:
		f.factor, f.until = 0, now+time.Duration(3+r.IntN(20))*time.Second
	case chance < perSecond/stallEvery+perSecond/burstEvery:
		f.factor, f.until = 2+4*r.Float64(), now+time.Duration(3+r.IntN(12))*time.Second
	}
}

// receive counts bytes that came: each of them in down, whole blocks in left.
func (s *Simulator) receive(t *torrent, n int64) {
	t.down += n
	t.block += n
	blocks := t.block / blockSize
	t.block -= blocks * blockSize
	t.left = max(0, t.left-blocks*blockSize)
}

func (s *Simulator) movePeers(t *torrent) {
	change := func(n *int32, low, high int32) {
		*n = min(max(*n+int32(s.rng.IntN(5))-2, low), high)
	}
	change(&t.peers, 1, 60)
	if t.flow.loading {
		change(&t.sending, 1, t.peers)
	}
	change(&t.getting, 0, t.peers-t.sending)
}
