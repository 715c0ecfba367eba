package lab

import (
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"offing/agent/simulator"
	"offing/tunnel/mirror"
)

// The slow line.
const (
	slowRate   = 2000 // bytes a second
	slowOneWay = 150 * time.Millisecond
)

// Throttle measures how old home's state gets on a line that is too slow for
// what moves.
func Throttle(t *testing.T, torrents, active int, d time.Duration) (p page) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, simulator.Config{Torrents: torrents, Active: active, Seed: 3, Quiet: true})
		b.marker = true
		h := b.newHome(mirror.Watching)
		h.connect(0, slowOneWay)
		defer h.close()
		for range 30 {
			b.tick(time.Second)
		}
		h.throttle(slowRate)
		h.down.counted()
		s := slowly{before: heap()}
		for began := time.Now(); time.Since(began) < d; {
			b.tick(time.Second)
			s.sample(h)
			if s.middle == 0 && time.Since(began) >= d/2 {
				s.middle = heap()
			}
		}
		s.after = heap()
		s.report(&p, h, d)
	})
	return p
}

func (h *home) throttle(rate int) {
	for _, s := range []*stream{h.down, h.up} {
		s.mu.Lock()
		s.rate = rate
		s.mu.Unlock()
	}
}

// slowly is what is seen of a slow line.
type slowly struct {
	before, middle, after uint64 // bytes of the heap
	told, marked          []time.Duration
	waiting               int // the most bytes on the line
}

// sample looks through the second until the next tick.
func (s *slowly) sample(h *home) {
	for range 4 {
		s.told = append(s.told, time.Since(h.state.Fresh()))
		if mark, ok := h.state.Get(h.b.mark().Hash); ok {
			s.marked = append(s.marked, time.Since(h.b.began)-time.Duration(mark.Added)*time.Millisecond)
		}
		h.down.mu.Lock()
		s.waiting = max(s.waiting, h.down.queued)
		h.down.mu.Unlock()
		time.Sleep(200 * time.Millisecond)
	}
}

func (s *slowly) report(p *page, h *home, d time.Duration) {
	slices.Sort(s.told)
	slices.Sort(s.marked)
	c := h.down.counted()
	at := func(v []time.Duration, q int) float64 { return v[len(v)*q/101].Seconds() }
	p.writef("A page watches %d torrents of which %d move; the line is throttled to %d bytes a second, %v each way, for %v.\nThe age is looked at every 200 ms, in two ways: what home shows of its whole state, and the time since a torrent said\nof itself, at the box, what home has of it.\n",
		h.b.state.Totals().Torrents, h.b.moving(), slowRate, slowOneWay, d)
	p.table("age of the newest applied state, s", "median", "99th percentile", "worst")
	p.row("as home shows it", at(s.told, 50), at(s.told, 99), at(s.told, 100))
	p.row("of what a torrent said", at(s.marked, 50), at(s.marked, 99), at(s.marked, 100))
	p.writef("\n%d frames of news came, %.0f bytes each on the line; at most %d bytes were on their way. Heap of the whole\nprocess (box, simulator, home) before, in the middle and at the end: %.1f, %.1f and %.1f MiB.\n\n",
		c.news, float64(c.line)/float64(c.news), s.waiting, mib(s.before), mib(s.middle), mib(s.after))
	p.goal("worst age of what a torrent said, s", at(s.marked, 100), 3)
	p.goal("heap at the end ÷ before", float64(s.after)/float64(s.before), 1.05)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func mib(n uint64) float64 { return float64(n) / (1 << 20) }
