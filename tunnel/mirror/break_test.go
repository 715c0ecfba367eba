package mirror

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel/internal/memnet"
	"offing/tunnel/state"
)

// truth remembers the checksum of every version of the box.
type truth map[state.Version]uint64

func (p *pair) remember(tr truth) {
	v, sum := p.box.Checksum()
	tr[v] = sum
}

// honest proves what must hold at any moment: what the follower believes to have
// is what the box had at that version.
func (p *pair) honest(tr truth) {
	p.t.Helper()
	synctest.Wait()
	have := p.follower.version()
	if have == (state.Version{}) || p.follower.partly {
		return
	}
	if _, sum := p.home.Checksum(); sum != tr[have] {
		p.t.Fatalf("home has checksum %x for %v, the box had %x", sum, have, tr[have])
	}
}

// TestBreaks cuts the line again and again after a random number of bytes, while
// the box changes. The seed of a failure is in the name of the subtest.
func TestBreaks(t *testing.T) {
	cuts := 0
	for seed := range uint64(40) {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, tr := newPair(t), truth{}
				r := rand.New(rand.NewPCG(seed, 2))
				pool := []int{5, 60, 300}[seed%3]
				for range 30 {
					p.breakOnce(r, tr, pool)
					cuts++
				}
				p.heal()
				if n := p.follower.Stats().Resyncs; n != 0 {
					t.Errorf("%d resyncs", n)
				}
			})
		})
	}
	if cuts < 1000 {
		t.Errorf("only %d cuts", cuts)
	}
}

// breakOnce connects, changes the box until the line breaks or a moment has
// passed, and takes the connection down.
func (p *pair) breakOnce(r *rand.Rand, tr truth, pool int) {
	p.t.Helper()
	down, up := memnet.NewStream(), memnet.NewStream()
	down.Delay = time.Duration(r.IntN(300)) * time.Millisecond
	down.Room = 1 << (8 + r.IntN(10))
	switch r.IntN(4) {
	case 0:
		up.CutAt = r.IntN(120)
	case 1:
		down.CutAt = r.IntN(200)
	default:
		down.CutAt = 1 << r.IntN(16)
		down.CutAt += r.IntN(down.CutAt)
	}
	if r.IntN(3) == 0 {
		down.Rate = 1000 + r.IntN(20000)
	}
	if r.IntN(20) == 0 { // the agent has restarted
		p.box = state.New(state.Epoch(r.Uint64() | 1))
		p.source.State = p.box
	}
	l := p.connectOver(down, up)
	for range r.IntN(8) {
		p.change(r, pool)
		p.remember(tr)
		p.box.Touch(time.Now())
		time.Sleep(time.Duration(r.IntN(700)) * time.Millisecond)
	}
	p.remember(tr)
	l.close()
	p.honest(tr)
}

// heal connects over a line that does not break; the states must be equal then.
func (p *pair) heal() {
	p.t.Helper()
	p.box.Touch(time.Now())
	l := p.connectOver(memnet.NewStream(), memnet.NewStream())
	time.Sleep(time.Minute)
	p.equal()
	l.close()
}

// history is the same small life of a box each time: a snapshot,
// a connection, changes to it.
func (p *pair) history(tr truth, down, up *memnet.Stream) *line {
	r := rand.New(rand.NewPCG(7, 7))
	p.fill(30)
	p.remember(tr)
	l := p.connectOver(down, up)
	time.Sleep(time.Second)
	for range 5 {
		p.change(r, 40)
		p.remember(tr)
		p.box.Touch(time.Now())
		time.Sleep(time.Second)
	}
	return l
}

// span returns how many bytes the history sends each way.
func span(t *testing.T) (down, up int) {
	synctest.Test(t, func(t *testing.T) {
		d, u := memnet.NewStream(), memnet.NewStream()
		p := newPair(t)
		p.history(truth{}, d, u).close()
		p.equal()
		down, up = d.Written(), u.Written()
	})
	return down, up
}

// TestBreakAtEachByte cuts the same history at one byte after another.
func TestBreakAtEachByte(t *testing.T) {
	downBytes, upBytes := span(t)
	step := 1 + downBytes/50 // the frames' edges are hit by the end of each
	for n := 0; n < downBytes; n += step {
		cutAt(t, n, -1)
	}
	for n := max(0, downBytes-460); n < downBytes; n += 10 {
		cutAt(t, n, -1)
	}
	for n := 0; n < upBytes; n += 1 + upBytes/50 {
		cutAt(t, -1, n)
	}
}

func cutAt(t *testing.T, atDown, atUp int) {
	synctest.Test(t, func(t *testing.T) {
		down, up := memnet.NewStream(), memnet.NewStream()
		down.CutAt, up.CutAt = atDown, atUp
		p, tr := newPair(t), truth{}
		p.history(tr, down, up).close()
		p.honest(tr)
		p.heal()
		if t.Failed() {
			t.Logf("cut at %d down, %d up", atDown, atUp)
		}
	})
}

// TestFlips flips one bit of the same history. Either side ends the connection or
// waits for the rest of a frame that seems longer than it is; home never has
// anything else than what the box had.
func TestFlips(t *testing.T) {
	downBytes, upBytes := span(t)
	r := rand.New(rand.NewPCG(8, 8))
	for range 50 {
		flipAt(t, r.IntN(downBytes*8), -1)
	}
	for range 25 {
		flipAt(t, -1, r.IntN(upBytes*8))
	}
}

func flipAt(t *testing.T, atDown, atUp int) {
	synctest.Test(t, func(t *testing.T) {
		down, up := memnet.NewStream(), memnet.NewStream()
		down.Flip, up.Flip = atDown, atUp
		p, tr := newPair(t), truth{}
		l := p.history(tr, down, up)
		p.honest(tr)
		l.close()
		p.honest(tr)
		p.heal()
		if t.Failed() {
			t.Logf("flip of bit %d down, %d up", atDown, atUp)
		}
	})
}
