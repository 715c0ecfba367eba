package poll

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/state"
)

// What is touched is in the state before the wait is over, though nobody looks and
// the daemon says of nothing that it was active: what has changed, what is new, and
// what has gone.
func TestTouch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakeDaemon{run: 1, rows: []transmission.Row{row(1, 'a', 0), row(2, 'b', 0), row(3, 'c', 0)}}
		w := start(t, d)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		polls, began := len(d.questions()), time.Now()
		d.set(func() {
			d.rows[0].Torrent.Labels = []string{"new"}
			d.rows[1].Torrent.Labels = []string{"not touched"}
			d.rows = append(d.rows[:2], row(4, 'd', 0))
		})
		a, c, e := state.Hash{'a'}, state.Hash{'c'}, state.Hash{'d'}
		if err := w.TouchAndWait(t.Context(), []state.Hash{a, c, e, a}); err != nil {
			t.Fatal(err)
		}
		if got, _ := w.state.Get(a); len(got.Labels) != 1 {
			t.Errorf("what changed is %+v", got)
		}
		if _, there := w.state.Get(c); there {
			t.Error("what has gone is there")
		}
		if got, there := w.state.Get(e); !there || got.Name != "d" {
			t.Errorf("what is new is %+v", got)
		}
		if got, _ := w.state.Get(state.Hash{'b'}); len(got.Labels) != 0 {
			t.Error("what nobody touched was asked for")
		}
		if len(d.questions()) != polls || time.Since(began) != 0 || len(d.named()[len(d.named())-1].query.Hashes) != 3 {
			t.Errorf("%d polls more, %v", len(d.questions())-polls, time.Since(began))
		}
		// The others have moved up in the queue, which a daemon of 4.1 does not tell.
		time.Sleep(afterGone)
		synctest.Wait()
		time.Sleep(time.Minute)
		synctest.Wait()
		full := 0
		for _, q := range d.questions()[polls:] {
			if q.query.Which == transmission.All {
				full++
			}
		}
		if full != 1 {
			t.Errorf("%d full passes after a removal", full)
		}
	})
}

// None is none, many are all, and what cannot be asked is an error.
func TestTouchLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakeDaemon{run: 1, rows: []transmission.Row{row(1, 'a', 0)}}
		w := start(t, d)
		synctest.Wait()
		before := len(d.all())
		if err := w.TouchAndWait(t.Context(), nil); err != nil || len(d.all()) != before {
			t.Errorf("none were asked for: %v", err)
		}
		w.Touch([]state.Hash{})
		synctest.Wait()
		if len(d.all()) != before {
			t.Error("none were asked for")
		}
		many := make([]state.Hash, maxTouched+1)
		for i := range many {
			many[i] = state.Hash{1, byte(i >> 8), byte(i)}
		}
		if err := w.TouchAndWait(t.Context(), many); err != nil || d.last().query.Which != transmission.All {
			t.Errorf("many: %+v, %v", d.last(), err)
		}
		if err := w.TouchAllAndWait(t.Context()); err != nil || d.last().query.Which != transmission.All {
			t.Errorf("all: %+v, %v", d.last(), err)
		}
		d.set(func() { d.run = 2 }) // the daemon has started again, and its ids are others
		if err := w.TouchAndWait(t.Context(), []state.Hash{{'a'}}); err != nil || d.last().query.Which != transmission.All {
			t.Errorf("after a restart: %+v, %v", d.last(), err)
		}
		d.set(func() { d.err = errDown })
		if err := w.TouchAndWait(t.Context(), []state.Hash{{'a'}}); !errors.Is(err, errDown) {
			t.Errorf("%v", err)
		}
		if w.state.Session().Daemon != state.DaemonUnreachable {
			t.Error("the state does not say that the daemon is away")
		}
	})
}
