package mirror

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel/state"
)

// transfers is a box of which the first torrents download.
type transfers struct {
	*pair
	r      *rand.Rand
	moving []state.Torrent
}

func newTransfers(t *testing.T, n int) *transfers {
	x := &transfers{pair: newPair(t), r: rand.New(rand.NewPCG(3, 3))}
	x.fill(2 * n)
	for i := range n {
		got, _ := x.box.Get(hashOf(i))
		got.Status, got.Left, got.RateDown = state.Downloading, got.Size, 50_000+x.r.Int64N(1e6)
		x.moving = append(x.moving, got)
	}
	return x
}

// second lets a second pass at the box, and the news of it arrive.
func (x *transfers) second() {
	x.update(func(tx *state.Tx) {
		for i := range x.moving {
			t := &x.moving[i]
			t.RateDown += x.r.Int64N(t.RateDown/5+1) - t.RateDown/10
			got := t.RateDown + x.r.Int64N(t.RateDown/5+1) - t.RateDown/10
			t.Downloaded += got
			t.Left = max(t.Left-got, 0)
			tx.Put(t)
		}
	})
	x.box.Touch(time.Now())
	time.Sleep(time.Second)
	synctest.Wait()
}

func (x *transfers) home1(i int) state.Torrent {
	t, ok := x.home.Get(hashOf(i))
	if !ok {
		x.t.Fatalf("torrent %d is not at home", i)
	}
	return t
}

// TestLiveView proves what a page is promised: rates to two percent, counters off
// by no more than a few seconds' worth, and all to the byte as soon as a torrent
// stops, is opened, or is asked for.
func TestLiveView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTransfers(t, 40)
		x.follower.SetInterest(Watching, hashOf(7))
		l := x.connectPipe()
		rough := 0
		for range 60 {
			x.second()
			rough += x.compare(t, hashOf(7))
		}
		if rough == 0 {
			t.Error("the live view is exact: this test proves nothing")
		}

		for i := range x.moving { // some are stopped, the others have nobody to send to them
			x.moving[i].RateDown = 0
			if i%2 == 0 {
				x.moving[i].Status = state.Stopped
			}
		}
		x.update(func(tx *state.Tx) {
			for i := range x.moving {
				tx.Put(&x.moving[i])
			}
		})
		x.box.Touch(time.Now())
		time.Sleep(time.Second)
		x.equal()
		for i := range x.moving {
			x.moving[i].RateDown = 50_000
		}
		x.second()

		x.follower.SetInterest(Exact)
		time.Sleep(time.Second)
		x.equal()
		x.second()
		x.equal()
		x.follower.SetInterest(Watching)
		x.second()
		x.follower.SetInterest(Idle)
		time.Sleep(time.Second)
		x.equal()
		if s := x.follower.Stats(); s.Resyncs != 0 {
			t.Errorf("%d resyncs", s.Resyncs)
		}
		l.close()
	})
}

// TestExactInParts: figures that are asked for may come in several frames. As long
// as some of what was told about right is not put right, the copy is not exact.
func TestExactInParts(t *testing.T) {
	f := newPair(t).follower
	for i, frame := range []struct{ partly, live, want bool }{
		{partly: true, live: false, want: false},
		{partly: true, live: true, want: true},
		{partly: true, live: false, want: true},
		{partly: false, live: false, want: false},
		{partly: false, live: true, want: true},
		{partly: false, live: false, want: false},
	} {
		if f.note(frame.partly, frame.live); f.Live() != frame.want {
			t.Errorf("after frame %d: live %v", i, f.Live())
		}
	}
}

// compare counts the figures that are about right only, and complains of those
// that are further off.
func (x *transfers) compare(t *testing.T, open state.Hash) (rough int) {
	t.Helper()
	for i := range x.moving {
		want, got := &x.moving[i], x.home1(i)
		if got.RateDown != want.RateDown || got.Left != want.Left || got.Downloaded != want.Downloaded {
			rough++
			if want.Hash == open {
				t.Errorf("the open torrent is only about right: %+v, want %+v", got, *want)
			}
		}
		if off := max(got.RateDown-want.RateDown, want.RateDown-got.RateDown); off*50 > want.RateDown {
			t.Errorf("a rate of %d instead of %d", got.RateDown, want.RateDown)
		}
		slack := 6 * want.RateDown
		if max(got.Left-want.Left, want.Left-got.Left) > slack || max(got.Downloaded-want.Downloaded, want.Downloaded-got.Downloaded) > slack {
			t.Errorf("left %d and downloaded %d, want %d and %d", got.Left, got.Downloaded, want.Left, want.Downloaded)
		}
	}
	return rough
}

// TestLiveViewOfAStall is of torrents with a rate that bring nothing: home moves
// them on, and whatever happens to the line that is put right.
func TestLiveViewOfAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTransfers(t, 10)
		x.update(func(tx *state.Tx) {
			for i := range x.moving {
				tx.Put(&x.moving[i])
			}
		})
		x.follower.SetInterest(Watching)
		for range 5 {
			l := x.connectPipe()
			for range 3 {
				x.box.Touch(time.Now())
				time.Sleep(time.Second)
			}
			l.close()
		}
		if got := x.home1(0); got.Downloaded == x.moving[0].Downloaded {
			t.Error("home moves nothing on: this test proves nothing")
		}
		x.follower.SetInterest(Exact)
		x.connectPipe().settle().close()
		x.equal()
		if s := x.follower.Stats(); s.Resyncs != 0 || s.Snapshots != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// TestLiveViewResumes breaks the line under a live view: what home guessed is put
// right.
func TestLiveViewResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTransfers(t, 40)
		x.follower.SetInterest(Watching)
		for range 20 {
			l := x.connectPipe()
			for range x.r.IntN(6) {
				x.second()
				x.compare(t, state.Hash{})
			}
			l.close()
			if x.r.IntN(3) == 0 { // it stops while home is away
				i := x.r.IntN(len(x.moving))
				stopped := x.moving[i]
				stopped.RateDown = 0
				x.update(func(tx *state.Tx) { tx.Put(&stopped) })
			}
		}
		x.follower.SetInterest(Exact)
		l := x.connectPipe()
		x.second()
		x.equal()
		if s := x.follower.Stats(); s.Resyncs != 0 || s.Snapshots != 1 {
			t.Errorf("%+v", s)
		}
		l.close()
	})
}
