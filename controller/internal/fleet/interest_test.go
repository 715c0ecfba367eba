package fleet

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"offing/controller/internal/boxtest"
	"offing/tunnel"
)

// watching starts a fleet of one box, whose wishes are then to be expected.
func watching(t *testing.T) (*home, *boxtest.Box) {
	t.Helper()
	one := boxtest.New(t, 1)
	h := start(t, boxtest.Net{one}, "one")
	h.untilLine("one", tunnel.Up)
	synctest.Wait()
	expectNothing(t, one)
	return h, one
}

// expect fails unless the box has been told this, and nothing further.
func expect(t *testing.T, b *boxtest.Box, watched bool) {
	t.Helper()
	synctest.Wait()
	select {
	case got := <-b.Watched:
		if got != watched {
			t.Errorf("the box was told %v, want %v", got, watched)
		}
	default:
		t.Errorf("the box was told nothing, want %v", watched)
	}
	expectNothing(t, b)
}

func expectNothing(t *testing.T, b *boxtest.Box) {
	t.Helper()
	synctest.Wait()
	select {
	case got := <-b.Watched:
		t.Errorf("the box was told %v", got)
	default:
	}
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, one := watching(t)
		first, second := h.Watch("one"), h.Watch("one")
		expect(t, one, true)
		time.Sleep(time.Hour)
		first()
		first() // counts once
		time.Sleep(time.Hour)
		expectNothing(t, one)

		second()
		time.Sleep(linger - time.Millisecond)
		expectNothing(t, one)
		time.Sleep(2 * time.Millisecond)
		expect(t, one, false)
	})
}

// A page that reloads does not make the box slow down and speed up.
func TestWatchAgainWithinTheLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, one := watching(t)
		release := h.Watch("one")
		expect(t, one, true)
		release()
		time.Sleep(linger / 2)
		release = h.Watch("one")
		time.Sleep(time.Hour)
		expectNothing(t, one)
		release()
		time.Sleep(linger + time.Millisecond)
		expect(t, one, false)
	})
}

func TestAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, one := watching(t)
		h.Ask(t.Context(), "one")
		expect(t, one, true)
		for range 10 { // `offing status --watch`
			time.Sleep(linger - time.Second)
			h.Ask(t.Context(), "one")
		}
		expectNothing(t, one)
		time.Sleep(linger + time.Millisecond)
		expect(t, one, false)
	})
}

// While a page looks what moves is about right; who asks gets it to the byte, and
// does not wait for a box that is away.
func TestAskIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, one := watching(t)
		defer h.Watch("one")()
		moving := torrent(1)
		moving.RateDown = 1_000_000
		one.Put(moving)
		h.untilTorrents("one", 1)
		moving.RateDown = 1_000_777
		one.Put(moving)
		time.Sleep(time.Second)
		rate := func() int64 {
			got, _ := h.box("one").State.Get(moving.Hash)
			return got.RateDown
		}
		if rate() == moving.RateDown {
			t.Fatal("the live view is exact: this test proves nothing")
		}
		h.Ask(t.Context(), "one")
		if got := rate(); got != moving.RateDown {
			t.Errorf("asked: %d, want %d", got, moving.RateDown)
		}

		time.Sleep(2 * linger)
		one.Break(errors.New("away"))
		h.untilLine("one", tunnel.Down)
		began := time.Now()
		h.Ask(t.Context(), "one")
		if waited := time.Since(began); waited > 0 {
			t.Errorf("waited %v for a box that is away", waited)
		}
	})
}

// A box that comes while somebody looks is told so; so is one that comes back,
// which had taken the end of its line for the end of the interest.
func TestInterestOfANewLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := boxtest.New(t, 1), boxtest.New(t, 2)
		h := start(t, boxtest.Net{one, two}, "one")
		h.untilLine("one", tunnel.Up)
		release, second := h.Watch("one"), h.Watch("two") // before there is such a box
		expect(t, one, true)
		h.pair("two", two)
		h.untilLine("two", tunnel.Up)
		expect(t, two, true)

		one.Break(nil)
		if <-one.Watched {
			t.Error("a box without a line believes that somebody looks")
		}
		if !<-one.Watched {
			t.Error("a box that came back does not know that somebody looks")
		}
		release()
		second()
	})
}

// Who looks at one box, or asks for its figures, leaves the others alone.
func TestInterestIsPerBox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := boxtest.New(t, 1), boxtest.New(t, 2)
		h := start(t, boxtest.Net{one, two}, "one", "two")
		h.untilLine("one", tunnel.Up)
		h.untilLine("two", tunnel.Up)
		release := h.Watch("one")
		expect(t, one, true)
		h.Ask(t.Context(), "one", "nowhere")
		expectNothing(t, two)
		release()
		time.Sleep(2 * linger)
		expect(t, one, false)
		expectNothing(t, two)
		h.mu.Lock()
		defer h.mu.Unlock()
		if n := len(h.wishes); n != 0 {
			t.Errorf("%d boxes are still remembered", n)
		}
	})
}
