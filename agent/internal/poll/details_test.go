package poll

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel/mirror"
	"offing/tunnel/state"
)

var hashA, hashB = state.Hash{'a'}, state.Hash{'b'}

// detail returns the details of torrent a once d has passed.
func (w *world) detail(d time.Duration) (state.Detail, time.Time, bool) {
	time.Sleep(d)
	synctest.Wait()
	return w.Detail(hashA)
}

// The first to open a torrent has it asked for at once, the others share, and
// after the last release nothing is asked or known any more.
func TestOpenIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		first, second := w.Open(hashA), w.Open(hashA)
		if d, at, ok := w.Detail(hashA); ok || !at.IsZero() || d.Hash != hashA {
			t.Errorf("before the first answer: %+v, %v, %v", d, at, ok)
		}
		if d, at, ok := w.detail(0); !ok || d.Comment != "1" || !at.Equal(time.Now()) {
			t.Errorf("at once: %+v, %v, %v", d, at, ok)
		}
		first()
		first() // does nothing
		if d, at, ok := w.detail(10 * time.Second); !ok || d.Comment != "6" || !at.Equal(time.Now()) {
			t.Errorf("ten seconds later, one release: %+v, %v, %v", d, at, ok)
		}
		second()
		if d, at, ok := w.detail(10 * time.Second); ok || !at.IsZero() || !d.Equal(&state.Detail{}) || len(w.daemon.renewals()) != 6 {
			t.Errorf("after the last release: %+v, %v, %v, %d questions", d, at, ok, len(w.daemon.renewals()))
		}
		defer w.Open(hashA)()
		if d, _, ok := w.detail(0); !ok || d.Comment != "7" {
			t.Errorf("opened again: %+v, %v", d, ok)
		}
	})
}

// Details are asked for while somebody looks only.
func TestDetailsNeedInterest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		w.Interest(t.Context(), mirror.Idle)
		defer w.Open(hashA)()
		if _, _, ok := w.detail(time.Hour); ok || len(w.daemon.renewals()) != 0 {
			t.Errorf("%d questions while nobody looks", len(w.daemon.renewals()))
		}
		w.Interest(t.Context(), mirror.Watching)
		if _, _, ok := w.detail(0); !ok {
			t.Error("not asked for at the moment somebody looked")
		}
	})
}

// Files and pieces follow the torrent's row: every two seconds while it moves,
// every thirty while it rests.
func TestWholeDetails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		d := w.daemon
		whole := func(seconds int, do func()) (n int) {
			before := len(d.renewals())
			do()
			for range seconds {
				d.set(func() { d.rows[0].Torrent.Uploaded++ }) // moves no piece
				w.detail(time.Second)
			}
			for _, r := range d.renewals()[before:] {
				if r.whole {
					n++
				}
			}
			return n
		}
		if n := whole(1, func() { w.Open(hashA) }); n != 1 {
			t.Errorf("asked for everything %d times at first", n)
		}
		if n := whole(60, func() {}); n != 2 {
			t.Errorf("asked for everything %d times in a minute of rest", n)
		}
		change := func() { d.set(func() { d.rows[0].Torrent.Left = 5 }) }
		if n := whole(4, change); n != 1 {
			t.Errorf("asked for everything %d times after a change", n)
		}
		refresh := func() {
			if err := w.Refresh(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if n := whole(4, refresh); n != 1 {
			t.Errorf("asked for everything %d times after Refresh", n)
		}
	})
}

// A torrent that is gone says so, and when it is back that.
func TestDetailsOfGoneTorrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		d := w.daemon
		defer w.Open(hashA)()
		w.detail(0)
		rows := d.rows
		d.set(func() { d.rows = rows[1:] })
		if got, at, ok := w.detail(detailInterval); ok || !at.Equal(time.Now()) || !got.Equal(&state.Detail{Hash: hashA}) {
			t.Errorf("gone: %+v, %v, %v", got, at, ok)
		}
		d.set(func() { d.rows = rows })
		if _, _, ok := w.detail(detailInterval); !ok || !d.renewals()[len(d.renewals())-1].whole {
			t.Error("not back, or not whole")
		}
	})
}

// An error leaves what was known with its age; a daemon that is down is left to
// the list poll, and asked for details as soon as it is back.
func TestDetailsOfFailingDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		d := w.daemon
		defer w.Open(hashA)()
		_, at, _ := w.detail(0)
		d.set(func() { d.detailErr = errDown })
		if got, then, ok := w.detail(time.Minute); !ok || got.Comment != "1" || !then.Equal(at) {
			t.Errorf("while details fail: %+v, %v, %v", got, then, ok)
		}
		if n := len(d.renewals()); n > 32 {
			t.Errorf("%d questions in a minute of errors", n)
		}

		d.set(func() { d.err = errDown })
		w.detail(5 * time.Second)
		n := len(d.renewals())
		w.detail(time.Minute)
		if asked := len(d.renewals()) - n; asked != 0 {
			t.Errorf("%d questions for details to a daemon that is down", asked)
		}
		d.set(func() { d.err, d.detailErr = nil, nil })
		if _, at, ok := w.detail(retryInterval); !ok || time.Since(at) > retryInterval || !d.renewals()[len(d.renewals())-1].whole {
			t.Errorf("daemon is back: %v ago, %v", time.Since(at), ok)
		}
	})
}

// Of more torrents than may be asked for within the interval each has its turn.
func TestManyOpenTorrents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		d := w.daemon
		d.set(func() {
			for i := range byte(100) {
				d.rows = append(d.rows, row(int64(100+i), 100+i, 0))
			}
		})
		time.Sleep(2 * wholeInterval)
		for i := range byte(100) {
			defer w.Open(state.Hash{100 + i})()
			w.detail(time.Millisecond)
		}
		began := time.Now()
		time.Sleep(time.Minute)
		synctest.Wait()
		asked := slices.DeleteFunc(d.renewals(), func(r renewal) bool { return r.at.Before(began) })
		for i := range asked {
			if i+maxDetails < len(asked) && asked[i+maxDetails].at.Sub(asked[i].at) < detailInterval-100*time.Millisecond {
				t.Fatalf("%d questions within %v", maxDetails+1, asked[i+maxDetails].at.Sub(asked[i].at))
			}
		}
		for i := range byte(100) {
			n := len(d.renewals(state.Hash{100 + i}))
			if n < 8 || n > 11 {
				t.Errorf("torrent %d was asked for %d times in a minute", i, n)
			}
		}
	})
}

// Slow details delay neither the list nor a reader, and the daemon gets a pause
// as long as it took.
func TestSlowDetails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		d := w.daemon
		d.set(func() { d.detailDelay = 30 * time.Second })
		release := w.Open(hashA)
		defer w.Open(hashB)()
		n := len(d.questions())
		time.Sleep(29 * time.Second)
		if polls := len(d.questions()) - n; polls < 50 {
			t.Errorf("%d list polls while details take 29 s", polls)
		}
		if len(d.renewals()) != 1 {
			t.Errorf("%d questions for details at once", len(d.renewals()))
		}
		release() // what comes for it now is of no use to anybody
		if _, at, ok := w.detail(time.Minute); ok || !at.IsZero() {
			t.Error("an answer came in for a torrent that was closed")
		}
		asked := d.renewals()
		if gap := asked[1].at.Sub(asked[0].at); gap != 32*time.Second {
			t.Errorf("asked again after %v", gap)
		}
	})
}

func TestDetailChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		defer w.Open(hashA)()
		changed := w.DetailChanged()
		if w.DetailChanged() != changed {
			t.Error("two channels for one change")
		}
		began := time.Now()
		for want := range 3 {
			<-changed
			changed = w.DetailChanged()
			if got := time.Since(began); got != time.Duration(want)*detailInterval {
				t.Errorf("change %d after %v", want, got)
			}
		}
	})
}
