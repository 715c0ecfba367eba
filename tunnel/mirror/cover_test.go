package mirror

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel/internal/memnet"
	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// traffic is what was written to a stream in a span of time.
type traffic struct {
	writes int
	sizes  map[int]int
	gaps   map[time.Duration]int
}

// since returns the traffic of a stream from then to now.
func since(s *memnet.Stream, then time.Time) traffic {
	t := traffic{sizes: map[int]int{}, gaps: map[time.Duration]int{}}
	last := then
	for _, w := range s.Log() {
		if w.At.After(then) {
			t.writes++
			t.sizes[w.Size]++
			t.gaps[w.At.Sub(last)]++
			last = w.At
		}
	}
	return t
}

// TestCover watches the line of a box under cover while nobody looks, and while a
// page is open and much happens: an observer sees no difference.
func TestCover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.source.Cover = true
		p.fill(300)
		p.box.Touch(time.Now())
		down, up := memnet.NewStream(), memnet.NewStream()
		l := p.connectOver(down, up)
		time.Sleep(time.Minute)
		r := rand.New(rand.NewPCG(1, 1))

		idle := time.Now()
		for range 20 {
			time.Sleep(45 * time.Second)
			p.move(r, 3)
		}
		quiet := [2]traffic{since(down, idle), since(up, idle)}

		watched := time.Now()
		p.follower.SetInterest(Watching, hashOf(1))
		for range 900 {
			time.Sleep(time.Second)
			p.move(r, 100)
		}
		p.follower.SetInterest(Idle)
		busy := [2]traffic{since(down, watched), since(up, watched)}

		for i, name := range []string{"to home", "to the box"} {
			for what, tr := range map[string]traffic{"idle": quiet[i], "watched": busy[i]} {
				if len(tr.sizes) != 1 || tr.sizes[wire.Cell()] == 0 {
					t.Errorf("%s, %s: sizes %v", name, what, tr.sizes)
				}
				if len(tr.gaps) < 100 {
					t.Errorf("%s, %s: a metronome, %d different gaps", name, what, len(tr.gaps))
				}
				if tr.writes < 800 || tr.writes > 1000 {
					t.Errorf("%s, %s: %d writes in 900 s", name, what, tr.writes)
				}
			}
		}
		time.Sleep(5 * time.Minute)
		p.equal()
		l.close()
	})
}

// move changes some torrents as downloading does.
func (p *pair) move(r *rand.Rand, n int) {
	now := make([]state.Torrent, n)
	for i := range now {
		now[i], _ = p.box.Get(hashOf(i))
	}
	p.update(func(tx *state.Tx) {
		for i := range n {
			t := now[i]
			t.Hash, t.RateUp = hashOf(i), 1000+r.Int64N(1e6)
			t.Uploaded += t.RateUp / 2
			tx.Put(&t)
		}
	})
	p.box.Touch(time.Now())
}

// TestFewSizes runs a box through its day: whatever happens, what is written to
// the line has one of few sizes.
func TestFewSizes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.fill(10)
		down, up := memnet.NewStream(), memnet.NewStream()
		l := p.connectOver(down, up)
		time.Sleep(time.Minute)
		began := time.Now()
		r := rand.New(rand.NewPCG(2, 2))
		for i := range 400 {
			p.follower.SetInterest(Level(i / 20 % 3))
			p.change(r, 100)
			p.move(r, r.IntN(30))
			time.Sleep(500 * time.Millisecond)
		}
		for _, tr := range []traffic{since(down, began), since(up, began)} {
			if len(tr.sizes) > 5 {
				t.Errorf("sizes %v", tr.sizes)
			}
			for size := range tr.sizes {
				if wire.Padded(size) != size {
					t.Errorf("%d bytes were written", size)
				}
			}
		}
		l.close()
	})
}
