package command

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel/internal/memnet"
)

// conversation is the same small life each time: a few commands, large ones when they
// are wanted, one that is cancelled, a question.
type conversation struct{ large bool }

const conversationLength = 12

func (v conversation) isLarge(i int) bool { return v.large && i%5 == 3 }

func (v conversation) isSmall(i int) bool { return !v.isLarge(i) }

func (v conversation) hold(p *pair, down, up *memnet.Stream) *connection {
	p.model.slow = 300 * time.Millisecond
	c := p.connect(down, up)
	for i := range conversationLength {
		if v.isLarge(i) {
			p.send(addOf(i, partSize*2+100))
		} else {
			p.send(stopOf(i))
		}
		if i == 5 {
			p.cancel(4)
			p.send(&Command{ID: ID{0xff, 0xff}, Kind: FreeSpace})
		}
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(10 * time.Second)
	return c
}

// heal connects over a line that does not break.
func (p *pair) heal() {
	p.t.Helper()
	c := p.connect(memnet.NewStream(), memnet.NewStream())
	time.Sleep(time.Minute)
	if home, box := c.close(); errors.Is(home, errMalformed) || errors.Is(box, errMalformed) {
		p.t.Errorf("over a whole line: %v, %v", home, box)
	}
}

func (v conversation) span(t *testing.T) (down, up int) {
	synctest.Test(t, func(t *testing.T) {
		d, u := memnet.NewStream(), memnet.NewStream()
		p := newPair(t)
		v.hold(p, d, u).close()
		p.settled(conversationLength, v.isSmall)
		down, up = d.Written(), u.Written()
	})
	return down, up
}

// TestBreakAtEachByte cuts the same conversation at one byte after another, with and
// without a restart of the box.
func TestBreakAtEachByte(t *testing.T) {
	for v, cuts := range map[conversation]int{{large: false}: 200, {large: true}: 60} {
		downBytes, upBytes := v.span(t)
		for n := 0; n < downBytes; n += 1 + downBytes/cuts {
			v.cutAt(t, n, -1)
		}
		for n := 0; n < upBytes; n += 1 + upBytes/cuts {
			v.cutAt(t, -1, n)
		}
	}
	for n := range 200 { // each byte of the beginnings, the frames' edges included
		conversation{}.cutAt(t, n, -1)
		conversation{}.cutAt(t, -1, n)
	}
}

func (v conversation) cutAt(t *testing.T, atDown, atUp int) {
	synctest.Test(t, func(t *testing.T) {
		down, up := memnet.NewStream(), memnet.NewStream()
		down.CutAt, up.CutAt = atDown, atUp
		p := newPair(t)
		v.hold(p, down, up).close()
		if (atDown+atUp)%2 == 0 {
			p.restart(2)
		}
		p.heal()
		p.settled(conversationLength, v.isSmall)
		if t.Failed() {
			t.Fatalf("cut at %d down, %d up", atDown, atUp)
		}
	})
}

// TestFlips flips one bit of the same conversation: either end notices, or waits for
// the rest of a frame that seems longer than it is.
func TestFlips(t *testing.T) {
	v := conversation{large: true}
	downBytes, upBytes := v.span(t)
	r := rand.New(rand.NewPCG(8, 8))
	for range 30 {
		v.flipAt(t, r.IntN(downBytes*8), -1)
		v.flipAt(t, -1, r.IntN(upBytes*8))
	}
}

func (v conversation) flipAt(t *testing.T, atDown, atUp int) {
	synctest.Test(t, func(t *testing.T) {
		down, up := memnet.NewStream(), memnet.NewStream()
		down.Flip, up.Flip = atDown, atUp
		p := newPair(t)
		v.hold(p, down, up).close()
		p.heal()
		p.settled(conversationLength, v.isSmall)
		if t.Failed() {
			t.Fatalf("flip of bit %d down, %d up", atDown, atUp)
		}
	})
}

// TestRandomCuts takes 1,000 commands over lines that break after a random number of
// bytes, to a box that restarts now and then, at a home whose disk fails now and then.
func TestRandomCuts(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { randomCuts(t, rand.New(rand.NewPCG(seed, 4))) })
		})
	}
}

func randomCuts(t *testing.T, r *rand.Rand) {
	const total = 1000
	p := newPair(t)
	faulty := rand.New(rand.NewPCG(9, 9))
	p.refuse = func(*Result) error {
		if faulty.IntN(50) == 0 {
			return errors.New("the disk is full")
		}
		return nil
	}
	large := func(i int) bool { return i%97 == 50 }
	sent, cuts := 0, 0
	for rounds := 0; p.got() < total; rounds++ {
		if rounds > 5000 {
			t.Fatalf("%d results of %d after %d lines", p.got(), total, rounds)
		}
		down, up := randomLine(r)
		c := p.connect(down, up)
		for range r.IntN(6) {
			for n := r.IntN(20); n > 0 && sent < total; n-- {
				if large(sent) {
					p.send(addOf(sent, partSize+r.IntN(4*partSize)))
				} else {
					p.send(stopOf(sent))
				}
				if sent++; r.IntN(20) == 0 {
					p.cancel(r.IntN(sent))
				}
			}
			time.Sleep(time.Duration(r.IntN(700)) * time.Millisecond)
		}
		if home, box := c.close(); errors.Is(home, errMalformed) || errors.Is(box, errMalformed) {
			t.Fatalf("an honest end was taken for another: %v, %v", home, box)
		}
		if cuts++; r.IntN(10) == 0 {
			p.restart(r.Uint64())
		}
	}
	p.refuse = nil
	p.heal()
	p.settled(total, func(i int) bool { return !large(i) })
	if cuts < 20 {
		t.Errorf("only %d cuts", cuts)
	}
}

func randomLine(r *rand.Rand) (down, up *memnet.Stream) {
	down, up = memnet.NewStream(), memnet.NewStream()
	down.Delay, up.Delay = time.Duration(r.IntN(300))*time.Millisecond, time.Duration(r.IntN(300))*time.Millisecond
	down.Room = 1 << (8 + r.IntN(10))
	up.Room = 1 << (8 + r.IntN(12))
	switch r.IntN(6) {
	case 0:
		up.CutAt = r.IntN(600)
	case 1:
		down.CutAt = r.IntN(600)
	case 2:
		up.CutAt = r.IntN(1 << (9 + r.IntN(9)))
	case 3, 4:
		down.CutAt = r.IntN(1 << (9 + r.IntN(6)))
	}
	if r.IntN(3) == 0 {
		up.Rate = 50_000 + r.IntN(500_000)
	}
	return down, up
}
