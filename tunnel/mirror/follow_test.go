package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel/internal/memnet"
	"offing/tunnel/state"
)

// TestSnapshotAndDeltas follows a box of many parts, then changes to it.
func TestSnapshotAndDeltas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.fill(2000)
		l := p.connectPipe()
		synctest.Wait()
		p.equal()
		if s := p.follower.Stats(); s.Snapshots != 1 || s.Deltas != 0 || s.Resyncs != 0 || s.FramesIn < 3 {
			t.Errorf("after the snapshot: %+v", s)
		}
		r, before := rand.New(rand.NewPCG(1, 1)), p.box.Version().Seq
		for range 50 {
			p.change(r, 3000)
			time.Sleep(time.Second)
		}
		p.equal()
		changes := p.box.Version().Seq - before
		if s := p.follower.Stats(); s.Snapshots != 1 || s.Deltas != changes || s.Resyncs != 0 {
			t.Errorf("after %d changes: %+v", changes, s)
		}
		l.close()
		if l.atBox != context.Canceled || l.atHome != context.Canceled {
			t.Errorf("ended with %v at the box and %v at home", l.atBox, l.atHome)
		}
	})
}

func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.fill(1000)
		p.connectPipe().settle().close()
		before := p.follower.Stats()

		p.connectPipe().settle().close()
		if s := p.follower.Stats(); s.Snapshots != 1 || s.Deltas != 1 || s.BytesIn-before.BytesIn > 1000 {
			t.Errorf("nothing was missed, yet %+v after %+v", s, before)
		}

		p.update(func(tx *state.Tx) { tx.Remove(hashOf(1)); tx.Put(&state.Torrent{Hash: hashOf(2), Name: "renamed"}) })
		p.update(func(tx *state.Tx) { tx.SetHost(state.Host{CPU: 5}) })
		p.connectPipe().settle().close()
		p.equal()
		if s := p.follower.Stats(); s.Snapshots != 1 || s.Deltas != 2 || s.BytesIn-before.BytesIn > 2000 {
			t.Errorf("two changes were missed, yet %+v after %+v", s, before)
		}
	})
}

// settle waits until both sides wait.
func (l *line) settle() *line {
	synctest.Wait()
	return l
}

func TestNewEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.fill(100)
		p.connectPipe().settle().close()
		p.box = state.New(0xb1)
		p.source.State = p.box
		p.fill(50)
		p.connectPipe().settle().close()
		p.equal()
		if s := p.follower.Stats(); s.Snapshots != 2 || s.Resyncs != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestAgentRestart connects to an agent that has not asked its daemon yet, or
// cannot: the torrents stay on the page, and what is wrong is told.
func TestAgentRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.fill(100)
		p.connectPipe().settle().close()

		p.box = state.New(0xb1)
		p.source.State = p.box
		l := p.connectPipe().settle()
		down := state.Session{Daemon: state.DaemonUnreachable, DaemonText: "start transmission-daemon"}
		p.update(func(tx *state.Tx) { tx.SetSession(down) })
		time.Sleep(time.Second)
		if n := p.home.Totals().Torrents; n != 100 || p.home.Session() != down {
			t.Errorf("home has %d torrents and %+v", n, p.home.Session())
		}

		p.update(func(tx *state.Tx) { tx.SetSession(state.Session{Daemon: state.DaemonOK}) })
		p.box.Touch(time.Now())
		time.Sleep(time.Second)
		p.equal() // the daemon answers, and has no torrents
		if !p.home.Fresh().After(time.Now().Add(-2 * time.Second)) {
			t.Errorf("home is fresh at %v", p.home.Fresh())
		}
		l.close()
	})
}

// TestSnapshotKeepsOldTorrents stops a snapshot half way: what it has brought is
// there, what it would have removed is there, and the next one starts anew.
func TestSnapshotKeepsOldTorrents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		update(t, p.home, func(tx *state.Tx) { tx.Put(&state.Torrent{Hash: hashOf(99999), Name: "old"}) })
		r := rand.New(rand.NewPCG(5, 5))
		p.update(func(tx *state.Tx) {
			for i := range 2000 {
				tx.Put(&state.Torrent{Hash: hashOf(i), Name: noise(r, 4), Size: r.Int64(), Uploaded: r.Int64(), Downloaded: r.Int64()})
			}
		})
		down := memnet.NewStream()
		down.CutAt = 60_000
		p.connectOver(down, memnet.NewStream()).settle().close()
		if _, ok := p.home.Get(hashOf(99999)); !ok {
			t.Error("the old torrent is gone before the snapshot is complete")
		}
		if n := p.home.Totals().Torrents; n < 100 || n > 1900 {
			t.Errorf("%d torrents after half a snapshot", n)
		}
		if v := p.follower.version(); v != (state.Version{}) {
			t.Errorf("half a snapshot counts as %v", v)
		}
		p.connectPipe().settle().close()
		p.equal()
	})
}

// TestLargeDelta changes more than fits one frame, over a line that breaks half
// way: home goes on from the version that it had as a whole.
func TestLargeDelta(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.fill(16)
		down := memnet.NewStream()
		l := p.connectOver(down, memnet.NewStream()).settle()
		before := p.follower.version()
		down.CutAfter(40_000)
		r := rand.New(rand.NewPCG(1, 1))
		p.update(func(tx *state.Tx) {
			for i := range 16 {
				tx.Put(&state.Torrent{Hash: hashOf(i), Name: noise(r, state.MaxName)})
			}
		})
		l.wait()
		if v := p.follower.version(); v != before || !p.follower.partly {
			t.Errorf("half a delta counts as %v, after %v", v, before)
		}
		p.connectPipe().settle().close()
		p.equal()
		if s := p.follower.Stats(); s.Snapshots != 1 || s.Resyncs != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// noise is text that cannot be compressed much.
func noise(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(' ' + r.IntN(90))
	}
	return string(b)
}

// TestManyRemovals removes more torrents at once than a state remembers: none of
// them stays at home, on the line or in the middle of a snapshot.
func TestManyRemovals(t *testing.T) {
	for name, rate := range map[string]int{"on the line": 0, "in a snapshot": 3000} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				p.fill(4500)
				down := memnet.NewStream()
				down.Rate = rate
				l := p.connectOver(down, memnet.NewStream())
				time.Sleep(5 * time.Second)
				p.update(func(tx *state.Tx) {
					for i := range 4300 {
						tx.Remove(hashOf(i))
					}
				})
				time.Sleep(5 * time.Minute)
				p.equal()
				if s := p.follower.Stats(); s.Resyncs != 0 {
					t.Errorf("%+v", s)
				}
				l.close()
			})
		})
	}
}

func TestSeveralFollowers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.fill(250)
		homes := []*state.State{state.New(1), state.New(2), state.New(3), state.New(4)}
		var lines []*line
		for i, home := range homes {
			down := memnet.NewStream()
			down.Rate, down.Delay = 20_000*(i+1), time.Duration(i)*100*time.Millisecond
			other := &pair{t: t, box: p.box, home: home, source: p.source, follower: NewFollower(home, quiet)}
			lines = append(lines, other.connectOver(down, memnet.NewStream()))
		}
		r := rand.New(rand.NewPCG(3, 3))
		for range 100 {
			p.change(r, 300)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		for i, home := range homes {
			equalStates(t, p.box, home)
			lines[i].close()
		}
	})
}

// TestDivergence meddles with home's copy. The checksum finds it; one snapshot
// mends it, and when it happens again the connection ends.
func TestDivergence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.fill(300)
		l := p.connectPipe().settle()
		r := rand.New(rand.NewPCG(4, 4))
		meddle := func() {
			update(t, p.home, func(tx *state.Tx) { tx.Put(&state.Torrent{Hash: hashOf(5), Name: fmt.Sprint("meddled ", r.Uint64())}) })
			for range 200 { // more than the longest pause between two checks
				p.update(func(tx *state.Tx) { tx.SetHost(state.Host{CPU: state.Fraction(r.IntN(10000))}) })
				time.Sleep(time.Second)
			}
		}
		meddle()
		p.equal()
		if s := p.follower.Stats(); s.Resyncs != 1 || s.Snapshots != 2 {
			t.Errorf("after one divergence: %+v", s)
		}
		meddle()
		l.wait()
		if !errors.Is(l.atHome, errDiverged) {
			t.Errorf("after two: ended with %v at home", l.atHome)
		}
		p.connectPipe().settle().close()
		p.equal()
		if s := p.follower.Stats(); s.Resyncs != 2 || s.Snapshots != 3 {
			t.Errorf("after a new connection: %+v", s)
		}
	})
}

func TestCloseEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.fill(10)
		a, b := memnet.NewStream(), memnet.NewStream()
		l := p.connectOver(a, b).settle()
		l.homeEnd.Close()
		l.wait()
		if l.atBox != io.EOF {
			t.Errorf("the box ends with %v, want io.EOF", l.atBox)
		}
		if l.atHome == nil {
			t.Error("home ends without an error")
		}
		p.connectOver(memnet.NewStream(), memnet.NewStream()).settle().close() // the follower is free again
	})
}

func TestOneRunAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		l := p.connectPipe().settle()
		rw := &memnet.End{In: memnet.NewStream(), Out: memnet.NewStream()}
		if err := p.follower.Run(t.Context(), rw); err == nil {
			t.Error("a second Run is let in")
		}
		if _, err := rw.Write([]byte("x")); err == nil {
			t.Error("the second connection was not closed")
		}
		l.close()
	})
}

func TestSilentPeerEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := p.source.Run(ctx, &memnet.End{In: memnet.NewStream(), Out: memnet.NewStream()}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("source: %v", err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := p.follower.Run(ctx, &memnet.End{In: memnet.NewStream(), Out: memnet.NewStream()}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("follower: %v", err)
		}
	})
}
