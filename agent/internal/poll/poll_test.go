package poll

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/mirror"
	"offing/tunnel/state"
)

func TestIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakeDaemon{run: 1, rows: []transmission.Row{row(1, 'a', 0)}}
		w := start(t, d)
		time.Sleep(time.Hour)
		synctest.Wait()
		for _, gap := range w.gaps(1) {
			if gap < 30*time.Second || gap > 60*time.Second {
				t.Fatalf("%v between two polls while nobody looks", gap)
			}
		}
		if g := w.gaps(1); slices.Min(g) == slices.Max(g) {
			t.Error("the polls have a period")
		}
		if n := len(w.host.all()); n > 125 {
			t.Errorf("the machine was measured %d times in an hour", n)
		}

		n := len(d.questions())
		w.Interest(t.Context(), mirror.Watching)
		synctest.Wait()
		if len(d.questions()) != n+1 {
			t.Errorf("%d polls at the moment somebody looked", len(d.questions())-n)
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		for _, gap := range w.gaps(n) {
			if gap != calmInterval {
				t.Errorf("%v between two polls while nothing moves", gap)
			}
		}

		d.set(func() { d.rows[0].Torrent.RateDown = 5 })
		time.Sleep(calmInterval)
		synctest.Wait()
		n = len(d.questions())
		time.Sleep(20 * time.Second)
		synctest.Wait()
		for _, gap := range w.gaps(n) {
			if gap != 500*time.Millisecond {
				t.Errorf("%v between two polls while something moves", gap)
			}
		}
		if got, _ := w.state.Get(state.Hash{'a'}); got.RateDown != 5 {
			t.Errorf("state has %+v", got)
		}
	})
}

// Several may look at once; the last one to go ends it.
func TestInterestIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakeDaemon{run: 1}
		w := start(t, d)
		synctest.Wait()
		w.Interest(t.Context(), mirror.Watching)
		w.Interest(t.Context(), mirror.Watching)
		w.Interest(t.Context(), mirror.Idle)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := len(d.questions()); n < 5 {
			t.Errorf("%d polls in 10 s while one still looks", n)
		}
		w.Interest(t.Context(), mirror.Idle)
		time.Sleep(calmInterval) // the pause that was begun while somebody looked
		synctest.Wait()
		n := len(d.questions())
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if len(d.questions()) > n+1 {
			t.Errorf("%d polls in 10 s while nobody looks", len(d.questions())-n)
		}
	})
}

// A full pass comes every five minutes or so, after a gap that recently-active
// does not cover, and soon after the first list.
func TestFullPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakeDaemon{run: 1, rows: []transmission.Row{row(1, 'a', 0)}}
		w := start(t, d)
		w.Interest(t.Context(), mirror.Watching)
		time.Sleep(time.Hour)
		synctest.Wait()
		var gaps []time.Duration
		var last time.Time
		for _, a := range d.questions() {
			if a.query.Which == transmission.All {
				gaps, last = append(gaps, a.at.Sub(last)), a.at
			}
		}
		if gaps = gaps[1:]; gaps[0] != settleInterval && gaps[0] != settleInterval+time.Second {
			t.Errorf("the second full pass came after %v", gaps[0])
		}
		gaps = gaps[1:]
		if slices.Min(gaps) < 200*time.Second || slices.Max(gaps) > 400*time.Second+calmInterval || slices.Min(gaps) == slices.Max(gaps) {
			t.Errorf("full passes with gaps of %v", gaps)
		}

		d.set(func() { d.delay = recentWindow })
		time.Sleep(3 * recentWindow)
		synctest.Wait()
		if last := d.last(); last.query.Which != transmission.All {
			t.Error("no full pass after a long gap")
		}
	})
}

func TestRemovedAndAddedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakeDaemon{run: 1, rows: []transmission.Row{row(1, 'a', 1), row(2, 'b', 1)}}
		w := start(t, d)
		w.Interest(t.Context(), mirror.Watching)
		time.Sleep(settleInterval + time.Second)
		synctest.Wait()

		d.set(func() { d.rows, d.removed = []transmission.Row{row(2, 'b', 1), row(3, 'a', 7)}, []int64{1} })
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if a, ok := w.state.Get(state.Hash{'a'}); !ok || a.RateDown != 7 {
			t.Errorf("a torrent that was added again: %+v, %v", a, ok)
		}
		d.set(func() { d.rows, d.removed = d.rows[:1], []int64{1, 3, 99} })
		time.Sleep(time.Second)
		synctest.Wait()
		if _, ok := w.state.Get(state.Hash{'a'}); ok || w.state.Totals().Torrents != 1 {
			t.Error("a removed torrent is still there")
		}
	})
}

// After a restart ids mean other torrents, so none of the old may be used.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakeDaemon{run: 1, rows: []transmission.Row{row(1, 'a', 1), row(2, 'b', 1), row(3, 'c', 1)}}
		w := start(t, d)
		w.Interest(t.Context(), mirror.Watching)
		time.Sleep(settleInterval + time.Second)
		synctest.Wait()

		d.set(func() { d.run, d.rows, d.removed = 2, []transmission.Row{row(1, 'b', 1), row(3, 'a', 1)}, []int64{2} })
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		if last := d.last(); last.query.Which != transmission.All {
			t.Error("no full pass after a restart")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for hash, want := range map[byte]bool{'a': true, 'b': true, 'c': false} {
			if _, ok := w.state.Get(state.Hash{hash}); ok != want {
				t.Errorf("torrent %c: %v, want %v", hash, ok, want)
			}
		}
	})
}

// While the daemon is down the state says so, keeps what was known with its
// age, and recovers soon after the daemon does.
func TestDaemonDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakeDaemon{run: 1, version: "3.00", rows: []transmission.Row{row(1, 'a', 1)}}
		w := start(t, d)
		w.Interest(t.Context(), mirror.Watching)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		fresh := w.state.Fresh()
		if want := d.last().at; !fresh.Equal(want) {
			t.Errorf("fresh at %v, want the time the question was sent, %v", fresh, want)
		}

		d.set(func() { d.err = errDown })
		time.Sleep(time.Minute)
		synctest.Wait()
		want := state.Session{Daemon: state.DaemonUnreachable, DaemonText: "it is down", Version: "3.00", RPCVersion: 16}
		if got := w.state.Session(); got != want {
			t.Errorf("session %+v, want %+v", got, want)
		}
		if _, ok := w.state.Get(state.Hash{'a'}); !ok || w.state.Fresh().Sub(fresh) > time.Second {
			t.Error("what was known is gone, or passes for new")
		}

		d.set(func() { d.err, d.run = nil, 2 })
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := w.state.Session(); got.Daemon != state.DaemonOK || got.DaemonText != "" {
			t.Errorf("session %+v, two seconds after the daemon is back", got)
		}
	})
}

// One failure is over with the next answer, wherever between two questions for
// the session it was, and needs no full pass.
func TestHiccup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		for range 10 {
			time.Sleep(1300 * time.Millisecond)
			w.daemon.set(func() { w.daemon.err = errDown })
			time.Sleep(500 * time.Millisecond)
			synctest.Wait()
			if got := w.state.Session().Daemon; got != state.DaemonUnreachable {
				t.Fatalf("daemon %v while it is down", got)
			}
			w.daemon.set(func() { w.daemon.err = nil })
			time.Sleep(retryInterval)
			synctest.Wait()
			if got := w.state.Session().Daemon; got != state.DaemonOK || w.daemon.last().query.Which == transmission.All {
				t.Errorf("daemon %v, asked %+v", got, w.daemon.last().query)
			}
		}
	})
}

// Nobody looks and nobody answers: the pauses grow, but not past idle ones.
func TestDownAndIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakeDaemon{run: 1, err: errDown}
		w := start(t, d)
		asked := 0
		for range 60 {
			time.Sleep(time.Minute)
			synctest.Wait()
			n := w.polls()
			if n == asked {
				t.Fatal("no poll within a minute")
			}
			asked = n
		}
		if asked > 130 {
			t.Errorf("%d polls in an hour", asked)
		}
	})
}

// Polls do not pile up behind a slow one, and the machine's figures do not wait
// for it.
func TestSlowDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakeDaemon{run: 1, delay: 30 * time.Second, rows: []transmission.Row{row(1, 'a', 1)}}
		w := start(t, d)
		for range 10 {
			w.Interest(t.Context(), mirror.Watching)
			w.Interest(t.Context(), mirror.Idle)
		}
		w.Interest(t.Context(), mirror.Watching)
		time.Sleep(29 * time.Second)
		synctest.Wait()
		if len(d.questions()) != 1 || len(w.host.all()) < 14 {
			t.Errorf("%d questions, %d samples while one question is out", len(d.questions()), len(w.host.all()))
		}
	})
}

func TestRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakeDaemon{run: 1, delay: time.Second}
		w := start(t, d)
		time.Sleep(time.Minute)
		synctest.Wait()
		asked := time.Now()
		if err := w.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if w.state.Fresh().Before(asked) {
			t.Error("the figures are older than the question")
		}

		d.set(func() { d.delay = time.Minute })
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := w.Refresh(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a slow daemon: %v", err)
		}
	})
}

// The folder is known once the daemon has answered, and measured at once.
func TestDownloadFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, &fakeDaemon{run: 1, dir: "/srv"})
		synctest.Wait()
		if got := w.host.all(); got[len(got)-1].dir != "/srv" || time.Since(got[len(got)-1].at) != 0 {
			t.Errorf("measured %v", got)
		}
	})
}

func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := state.New(1)
		d, h := &fakeDaemon{run: 1, rows: []transmission.Row{row(1, 'a', 1)}}, &fakeHost{}
		w := start(t, &fakeDaemon{run: 1}) // for its configuration only
		cfg := w.cfg
		cfg.State, cfg.Daemon, cfg.Host = s, d, h
		New(cfg).Once(t.Context())
		if len(d.questions()) != 1 || len(h.all()) != 2 || s.Totals().Torrents != 1 {
			t.Errorf("%d questions, %d samples, %d torrents", len(d.questions()), len(h.all()), s.Totals().Torrents)
		}
	})
}
