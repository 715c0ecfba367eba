package poll

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/mirror"
	"offing/tunnel/state"
)

// clientTimeout is that of transmission.Client.
const clientTimeout = 30 * time.Second

// frozenDaemon is a daemon that hangs in disk I/O now and then: it takes
// questions and does not answer before the client gives up.
type frozenDaemon struct {
	*fakeDaemon
	frozen chan chan struct{} // of one place; holds what is closed at the thaw, or nil
}

func (d *frozenDaemon) hang(ctx context.Context) error {
	thaw := <-d.frozen
	d.frozen <- thaw
	if thaw == nil {
		return nil
	}
	select {
	case <-thaw:
		return nil
	case <-time.After(clientTimeout):
		return context.DeadlineExceeded
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *frozenDaemon) freeze() (thaw func()) {
	ice := make(chan struct{})
	<-d.frozen
	d.frozen <- ice
	return func() {
		<-d.frozen
		d.frozen <- nil
		close(ice)
	}
}

func (d *frozenDaemon) Session(ctx context.Context) (transmission.Session, error) {
	if err := d.hang(ctx); err != nil {
		return transmission.Session{}, err
	}
	return d.fakeDaemon.Session(ctx)
}

func (d *frozenDaemon) Ask(ctx context.Context, q transmission.Query, l *transmission.Listing) error {
	if err := d.hang(ctx); err != nil {
		return err
	}
	return d.fakeDaemon.Ask(ctx, q, l)
}

func (d *frozenDaemon) Renew(ctx context.Context, known state.Detail, whole bool) (state.Detail, error) {
	if err := d.hang(ctx); err != nil {
		return state.Detail{}, err
	}
	return d.fakeDaemon.Renew(ctx, known, whole)
}

// A frozen daemon is known as such within the client's timeout, holds up nobody
// who asks the agent, and leaves no trace once it answers again.
func TestFrozenDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &frozenDaemon{&fakeDaemon{run: 1, version: "3.00", rows: []transmission.Row{row(1, 'a', 1), row(2, 'b', 0)}}, make(chan chan struct{}, 1)}
		d.frozen <- nil
		w := startWith(t, d.fakeDaemon, d)
		w.Interest(t.Context(), mirror.Watching)
		defer w.Open(hashA)()
		time.Sleep(time.Minute)
		synctest.Wait()
		session, fresh := w.state.Session(), w.state.Fresh()

		thaw := d.freeze()
		began := time.Now()
		for range 10 {
			nobodyWaits(t, w)
			time.Sleep(clientTimeout/10 - time.Second)
		}
		time.Sleep(w.cfg.Active) // the pause that was on when it froze
		synctest.Wait()
		nobodyWaits(t, w)
		if got := w.state.Session(); got.Daemon != state.DaemonUnreachable || !strings.Contains(got.DaemonText, "deadline exceeded") {
			t.Errorf("session %+v", got)
		}
		if w.state.Fresh().Sub(fresh) > w.cfg.Active || w.state.Totals().Torrents != 2 {
			t.Error("what was known is gone, or passes for new")
		}

		d.set(func() { d.rows[0].Torrent.RateDown, d.rows[1].Torrent.Name = 8, "renamed" })
		thaw()
		time.Sleep(calmInterval)
		synctest.Wait()
		a, _ := w.state.Get(hashA)
		b, _ := w.state.Get(hashB)
		if got := w.state.Session(); got != session || a.RateDown != 8 || b.Name != "renamed" {
			t.Errorf("after the thaw, %v later: %+v, %+v, %+v", time.Since(began), got, a, b)
		}
		if _, at, ok := w.Detail(hashA); !ok || time.Since(at) > detailInterval {
			t.Errorf("details of %v ago, %v", time.Since(at), ok)
		}
		n := len(d.questions())
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if polls := len(d.questions()) - n; polls < 19 {
			t.Errorf("%d polls in 10 s after the thaw", polls)
		}
	})
}

// nobodyWaits does all that others do with a Poller and its State.
func nobodyWaits(t *testing.T, w *world) {
	t.Helper()
	began := time.Now()
	w.Interest(t.Context(), mirror.Watching)
	w.Open(hashB)()
	w.Detail(hashA)
	w.DetailChanged()
	w.state.Get(hashA)
	w.state.Totals()
	w.state.Snapshot()
	w.Interest(t.Context(), mirror.Idle)
	if took := time.Since(began); took != 0 {
		t.Errorf("somebody waited %v", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := w.Refresh(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Second {
		t.Errorf("Refresh: %v after %v", err, time.Since(began))
	}
}

// A daemon that is slow gets a pause as long as it took, up to the calm
// interval, however much moves.
func TestPauseOfSlowDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchedWorld(t)
		for _, c := range []struct{ delay, gap time.Duration }{
			{100 * time.Millisecond, 600 * time.Millisecond},
			{1500 * time.Millisecond, 3 * time.Second},
			{10 * time.Second, 12 * time.Second},
		} {
			w.daemon.set(func() { w.daemon.delay = c.delay })
			time.Sleep(30 * time.Second)
			synctest.Wait()
			n := len(w.daemon.questions())
			time.Sleep(100 * time.Second)
			synctest.Wait()
			for _, gap := range w.gaps(n) {
				if gap < c.gap || gap > c.gap+c.delay {
					t.Errorf("a daemon that takes %v is asked every %v", c.delay, gap)
				}
			}
		}
	})
}
