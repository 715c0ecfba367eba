package poll

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/mirror"
	"offing/tunnel/state"
)

// watchedWorld is a Poller that somebody looks at, past its first full passes.
// Torrent 1 moves, so the daemon is asked twice a second.
func watchedWorld(t *testing.T) *world {
	t.Helper()
	d := &fakeDaemon{run: 1, rows: []transmission.Row{row(1, 'a', 1), row(2, 'b', 0)}}
	w := start(t, d)
	w.Interest(t.Context(), mirror.Watching)
	time.Sleep(2*settleInterval + 100*time.Millisecond)
	synctest.Wait()
	return w
}

// after returns torrent b once the time is over.
func (w *world) after(d time.Duration, b byte) (state.Torrent, bool) {
	time.Sleep(d)
	synctest.Wait()
	return w.state.Get(state.Hash{b})
}

// Most polls ask only for what moves, and the rest follows every five seconds.
func TestFastPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		n := len(w.daemon.questions())
		time.Sleep(time.Minute)
		synctest.Wait()
		var whole []time.Time
		for _, a := range w.daemon.questions()[n:] {
			if !a.query.Moving {
				whole = append(whole, a.at)
			}
		}
		if len(whole) < 11 || len(whole) > 13 {
			t.Errorf("%d polls of %d in a minute asked for everything", len(whole), len(w.daemon.questions())-n)
		}
		if named := w.daemon.named(); len(named) != 0 {
			t.Errorf("asked for single torrents: %v", named)
		}

		w.daemon.set(func() {
			w.daemon.rows[0].Torrent.Name, w.daemon.rows[0].Torrent.Labels, w.daemon.rows[0].Torrent.RateDown = "new", []string{"l"}, 7
		})
		if got, _ := w.after(500*time.Millisecond, 'a'); got.RateDown != 7 {
			t.Errorf("after half a second: %+v", got)
		}
		if got, _ := w.after(wholeInterval, 'a'); got.Name != "new" || !slices.Equal(got.Labels, []string{"l"}) {
			t.Errorf("after five seconds more: %+v", got)
		}
	})
}

// A torrent that is new, has a new error or has just got its metadata is whole
// at the next poll.
func TestNewsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		time.Sleep(wholeInterval)
		d, tick := w.daemon, 500*time.Millisecond
		var want state.Torrent
		for _, step := range []struct {
			name string
			do   func(b *state.Torrent)
		}{
			{"error", func(b *state.Torrent) { b.Error, b.ErrorText = state.TrackerError, "no" }},
			{"another error", func(b *state.Torrent) { b.Error, b.ErrorText = state.LocalError, "disk full" }},
			{"no error", func(b *state.Torrent) { b.Error, b.ErrorText = state.NoError, "" }},
			{"metadata", func(b *state.Torrent) { b.Name, b.Metadata, b.Size = "its name", state.Whole, 9 }},
		} {
			d.set(func() {
				step.do(&d.rows[1].Torrent)
				want = d.rows[1].Torrent
			})
			if got, _ := w.after(tick, 'b'); state.Diff(&got, &want) != 0 {
				t.Errorf("%s: got %+v, want %+v", step.name, got, want)
			}
		}
		d.set(func() { d.rows = append(d.rows, row(3, 'c', 5)) })
		if got, ok := w.after(tick, 'c'); !ok || got.Name != "c" || got.RateDown != 5 {
			t.Errorf("a new torrent: %+v, %v", got, ok)
		}
		ids := [][]int64{{2}, {2}, {2}, {3}}
		for i, a := range d.named() {
			if i >= len(ids) || !slices.Equal(a.query.IDs, ids[i]) || a.query.Moving {
				t.Errorf("question %d for single torrents: %+v", i, a.query)
			}
		}
	})
}

// Who asks for certainty does not get what moves only.
func TestRefreshIsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		for i := range 10 {
			time.Sleep(700 * time.Millisecond)
			name := string(rune('A' + i))
			w.daemon.set(func() { w.daemon.rows[1].Torrent.Name = name })
			if err := w.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if b, _ := w.state.Get(hashB); b.Name != name {
				t.Errorf("name %q after it became %q", b.Name, name)
			}
		}
	})
}

// A torrent that goes between two questions must not stay as one without a
// hash, and none of the others must suffer.
func TestGoneBetweenQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		d := w.daemon
		d.set(func() {
			d.rows = append(d.rows, row(3, 'c', 5))
			d.rows[0].Torrent.RateDown = 9
			d.beforeNamed = func() { d.rows = d.rows[:2] }
		})
		if _, ok := w.after(500*time.Millisecond, 'c'); ok || w.state.Totals().Torrents != 2 {
			t.Errorf("%d torrents", w.state.Totals().Torrents)
		}
		if a, _ := w.state.Get(state.Hash{'a'}); a.RateDown != 9 || len(d.named()) != 1 {
			t.Errorf("torrent %+v after %d further questions", a, len(d.named()))
		}
	})
}

// A restart between two questions makes the ids of the first mean nothing.
func TestRestartBetweenQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		d := w.daemon
		d.set(func() {
			d.rows = append(d.rows, row(3, 'c', 5))
			d.beforeNamed = func() {
				d.run, d.rows = 2, []transmission.Row{row(1, 'c', 0), row(2, 'a', 3), row(3, 'b', 0)}
			}
		})
		a, _ := w.after(500*time.Millisecond, 'a')
		c, _ := w.state.Get(state.Hash{'c'})
		if a.RateDown != 3 || c.RateDown != 0 || d.last().query.Which != transmission.All || w.state.Totals().Torrents != 3 {
			t.Errorf("after a restart: %+v and %+v", a, c)
		}
	})
}

// Whatever happens to the torrents, what moves is right at every poll, and
// everything after the interval for the rest.
func TestRandomHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		d, r := w.daemon, rand.New(rand.NewPCG(1, 2))
		next := int64(3)
		for range 300 {
			d.set(func() {
				for range r.IntN(4) {
					next = mutate(d, r, next)
				}
			})
			time.Sleep(500 * time.Millisecond)
			synctest.Wait()
			compareState(t, w, transmission.MovingFields)
			if r.IntN(10) == 0 {
				time.Sleep(wholeInterval + time.Second)
				synctest.Wait()
				compareState(t, w, state.AllFields)
			}
		}
	})
}

// mutate makes one change at the daemon. The first torrent stays and moves, so
// that the polls are fast.
func mutate(d *fakeDaemon, r *rand.Rand, next int64) int64 {
	i := r.IntN(len(d.rows))
	t := &d.rows[i].Torrent
	switch r.IntN(8) {
	case 0:
		d.rows = append(d.rows, row(next, byte('c'+next%100), r.Int64N(3)))
		return next + 1
	case 1:
		if i > 0 {
			d.removed = append(d.removed, d.rows[i].ID)
			d.rows = slices.Delete(slices.Clone(d.rows), i, i+1)
		}
	case 2:
		t.Error, t.ErrorText = state.LocalError, string(rune('a'+r.IntN(26)))
	case 3:
		t.Error, t.ErrorText = state.NoError, ""
	case 4:
		t.Name = string(rune('a' + r.IntN(26)))
	case 5:
		t.Labels = []string{string(rune('a' + r.IntN(26)))}
	default:
		t.Uploaded, t.Left, t.Peers = r.Int64N(100), r.Int64N(100), r.Int32N(100)
	}
	return next
}

func compareState(t *testing.T, w *world, fields state.Fields) {
	t.Helper()
	w.daemon.mu.Lock()
	defer w.daemon.mu.Unlock()
	if n := w.state.Totals().Torrents; n != len(w.daemon.rows) {
		t.Fatalf("%d torrents, want %d", n, len(w.daemon.rows))
	}
	for _, r := range w.daemon.rows {
		got, _ := w.state.Get(r.Torrent.Hash)
		var a, b state.Torrent
		a.Merge(fields, &got)
		b.Merge(fields, &r.Torrent)
		if !reflect.DeepEqual(a, b) || got.Error != r.Torrent.Error {
			t.Fatalf("fields %b:\ngot  %+v\nwant %+v", fields, got, r.Torrent)
		}
	}
}
