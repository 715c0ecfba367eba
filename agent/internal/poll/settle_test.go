package poll

import (
	"testing"
	"testing/synctest"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/mirror"
	"offing/tunnel/state"
)

// seed is a torrent that has been a seed for so many seconds.
func seed(id int64, b byte, seconds int64) transmission.Row {
	r := row(id, b, 0)
	r.Torrent.Status, r.Torrent.Seeded = state.Seeding, seconds
	return r
}

// TestSeededStays: a torrent that seeds on, and sends, is no news for having done so
// for another second.
func TestSeededStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakeDaemon{run: 1, rows: []transmission.Row{seed(1, 'a', 1230), row(2, 'b', 5)}}
		w := start(t, d)
		w.Interest(t.Context(), mirror.Watching)
		synctest.Wait()
		began := time.Now().Unix() - 1230 // half a minute behind a whole one
		a, _ := w.state.Get(state.Hash{'a'})
		if off := a.Seeded - began; off < -minute || off > minute || a.Seeded%minute != 0 {
			t.Fatalf("seeds since %d, want %d", a.Seeded, began)
		}
		changes := 0
		version := w.state.Version()
		for i := range 600 {
			time.Sleep(time.Second)
			d.set(func() { // the daemon counts in its own time
				d.rows[0].Torrent.Seeded = time.Now().Unix() - began + int64(i%3) - 1
				d.rows[0].Torrent.Active = time.Now().Unix()
			})
			synctest.Wait()
			now, _ := w.state.Get(state.Hash{'a'})
			if f := state.Diff(&a, &now); f.Has(state.FieldSeeded) {
				t.Fatalf("seeds since %d, then since %d", a.Seeded, now.Seeded)
			} else if f.Has(state.FieldActive) {
				changes++
			}
			if off := time.Now().Unix() - now.Active; now.Active != 0 && (off < 0 || off > 2*minute) {
				t.Fatalf("active %d s ago", off)
			}
			a = now
		}
		if changes < 9 || changes > 11 {
			t.Errorf("the last activity was news %d times in ten minutes", changes)
		}
		if n := w.state.Version().Seq - version.Seq; n > 700 { // the machine's figures are some
			t.Errorf("%d changes in ten minutes", n)
		}
	})
}

// TestSeededTurns: what Seeded means changes with the status, so both change at once,
// though the fast question does not ask for it.
func TestSeededTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		check := func(status state.Status, seconds int64) {
			t.Helper()
			w.daemon.set(func() {
				r := &w.daemon.rows[0]
				r.Torrent.Status, r.Torrent.Seeded, r.Torrent.Finished = status, seconds, status == state.Stopped
			})
			time.Sleep(500 * time.Millisecond)
			synctest.Wait()
			got, _ := w.state.Get(w.daemon.rows[0].Torrent.Hash)
			off := got.SeedTime(time.Now().Unix()) - seconds
			if got.Status != status || off < -minute || off > minute || got.Finished != (status == state.Stopped) {
				t.Errorf("%v with %d s became %+v", status, seconds, got)
			}
		}
		for range 3 {
			check(state.Seeding, 4000)
			check(state.Stopped, 4000)
			check(state.Seeding, 4010)
			check(state.SeedQueued, 4100)
			time.Sleep(700 * time.Millisecond)
		}
	})
}

// TestSettings: they are in the state from the first answer on, are asked for now and
// then, and at once when somebody says that they have changed.
func TestSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakeDaemon{run: 1, dir: "/srv", limit: 1000, rows: []transmission.Row{row(1, 'a', 0)}}
		w := start(t, d)
		w.Interest(t.Context(), mirror.Watching)
		synctest.Wait()
		is := func(limit int64) {
			t.Helper()
			if got := w.state.Settings(); got != (state.Settings{DownloadDir: "/srv", DownLimit: limit}) {
				t.Errorf("settings %+v, want the limit %d", got, limit)
			}
		}
		is(1000)
		d.set(func() { d.limit = 2000 })
		time.Sleep(sessionInterval + calmInterval)
		synctest.Wait()
		is(2000)
		for i := range int64(5) {
			d.set(func() { d.limit = 3000 + i })
			w.TouchSession()
			synctest.Wait()
			is(3000 + i)
		}
		d.set(func() { d.sessions = 0 })
		time.Sleep(time.Minute)
		synctest.Wait()
		d.set(func() {
			if d.sessions < 4 || d.sessions > 7 {
				t.Errorf("asked for the session %d times in a minute", d.sessions)
			}
		})
	})
}
