package tunnel

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel/link"
	"offing/tunnel/tor"
)

// kept is a running Keep.
type kept struct {
	stop func()
	mu   sync.Mutex
	all  []Status
}

func (k *kept) report(s Status) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, s)
}

func (k *kept) last() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.all) == 0 {
		return Status{}
	}
	return k.all[len(k.all)-1]
}

// keep runs Keep until the end of the test; a nil use holds the line.
func (w *world) keep(use func(context.Context, *link.Client) error) *kept {
	w.t.Helper()
	if use == nil {
		use = func(ctx context.Context, _ *link.Client) error {
			<-ctx.Done()
			return ctx.Err()
		}
	}
	k := &kept{}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { Keep(ctx, w, w.pairing, use, k.report, w.log()) })
	k.stop = func() {
		cancel()
		running.Wait()
	}
	w.t.Cleanup(k.stop)
	return k
}

// within waits for a state, in the bubble's time.
func (k *kept) within(t *testing.T, limit time.Duration, want State) Status {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		synctest.Wait()
		if s := k.last(); s.State == want {
			return s
		}
		if time.Since(begun) > limit {
			t.Fatalf("state %q after %v, want %q", k.last().State, limit, want)
		}
	}
}

func TestDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for range 2 {
			c, err := Dial(t.Context(), w, w.pairing, w.log())
			if err != nil {
				t.Fatal(err)
			}
			if out, exit, err := c.Exec(t.Context(), "status"); string(out) != "well" || exit != 0 || err != nil {
				t.Errorf("status: %q, %d, %v", out, exit, err)
			}
			c.Close()
		}
		if w.key != w.pairing.ClientAuth() {
			t.Error("Tor was not given the pairing's client authorization key")
		}
		if w.isolates[0] == w.isolates[1] || w.isolates[0] == "" {
			t.Error("two dials share a circuit")
		}
	})
}

func TestDialErrors(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*world)
		code   string
	}{
		{"not found", func(w *world) { w.fail = fmt.Errorf("dial: %w", tor.ErrDescriptorNotFound) }, "onion-not-found"},
		{"auth wrong", func(w *world) { w.fail = tor.ErrClientAuthWrong }, "client-auth-wrong"},
		{"host key", func(w *world) { w.pairing.HostKey = repeat(9) }, "host-key-changed"},
		{"revoked", func(w *world) { w.refuse = true }, "key-refused"},
		{"hangs", func(w *world) { w.fail = errHang }, "timeout"},
		{"late", func(w *world) { w.fail = context.DeadlineExceeded }, "timeout"}, // as its connection says before its context
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				test.change(w)
				_, err := Dial(t.Context(), w, w.pairing, w.log())
				if got := Explain(err).Code; err == nil || got != test.code {
					t.Errorf("%v is %q, want %q", err, got, test.code)
				}
			})
		})
	}
}

// TestDialTriesElsewhere: a circuit that leads nowhere is not waited for as long as Tor
// would wait.
func TestDialTriesElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.fail = errHang
		time.AfterFunc(10*time.Second, func() { w.setFail(nil) })
		begun := time.Now()
		c, err := Dial(t.Context(), w, w.pairing, w.log())
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if took := time.Since(begun); took > 20*time.Second || len(w.isolates) != 2 || w.isolates[0] == w.isolates[1] {
			t.Errorf("it took %v and the circuits %q", took, w.isolates)
		}
	})
}

// dialFunc is a Dialer.
type dialFunc func(ctx context.Context) (net.Conn, error)

func (f dialFunc) Dial(ctx context.Context, _ string, _ tor.Address, _ int) (net.Conn, error) {
	return f(ctx)
}

// TestDialClosesTheLate: of two circuits that lead to the box one is used, and the other
// is not left open.
func TestDialClosesTheLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		soon, _ := net.Pipe()
		late, far := net.Pipe()
		var dials atomic.Int32
		conn, err := dialOnion(t.Context(), dialFunc(func(context.Context) (net.Conn, error) {
			if dials.Add(1) == 1 {
				time.Sleep(dialAgain + time.Second) // whatever the context says
				return late, nil
			}
			return soon, nil
		}), vector(t).Address)
		if err != nil || conn != soon {
			t.Fatalf("%v, %v", conn, err)
		}
		if _, err := far.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the late one is open: %v", err)
		}
	})
}

// TestDialWaitsForTheFirst: when a later circuit fails the earlier are still waited for.
func TestDialWaitsForTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, _ := net.Pipe()
		var dials atomic.Int32
		conn, err := dialOnion(t.Context(), dialFunc(func(context.Context) (net.Conn, error) {
			if dials.Add(1) == 1 {
				time.Sleep(dialTimeout - time.Second)
				return slow, nil
			}
			return nil, tor.ErrIntroFailed
		}), vector(t).Address)
		if err != nil || conn != slow || dials.Load() != 4 {
			t.Errorf("%v, %v after %d", conn, err, dials.Load())
		}
	})
}

func TestKeepComesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.keep(nil)
		s := k.within(t, 5*time.Second, Up)
		if s.Reason != (Reason{}) || s.RTT < 100*time.Millisecond || s.Since.IsZero() {
			t.Errorf("up: %+v", s)
		}
		if k.all[0].State != Connecting {
			t.Errorf("begins with %q, want %q", k.all[0].State, Connecting)
		}
	})
}

func TestKeepWaitsForTor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.status = tor.Status{}
		k := w.keep(nil)
		time.Sleep(10 * time.Minute)
		if s := k.within(t, 0, Starting); s.Reason.Code != CodeTorNotReady {
			t.Errorf("without Tor: %+v", s)
		}
		w.setTor(tor.Status{Running: true, Percent: 45, Summary: "Loading relay descriptors"})
		if s := k.within(t, 0, Starting); !strings.Contains(s.Reason.Text, "45 %") || !strings.Contains(s.Reason.Text, "Loading relay descriptors") {
			t.Errorf("during the bootstrap: %+v", s)
		}
		if n := w.dialled(); n != 0 {
			t.Errorf("%d dials without Tor", n)
		}
		w.setTor(tor.Status{Running: true, Percent: 100})
		k.within(t, time.Second, Up)
	})
}

// When Tor goes away in the middle of a pause, the attempt comes with Tor's
// return and not with the end of the pause.
func TestKeepRetriesWhenTorReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.fail = tor.ErrDescriptorNotFound
		k := w.keep(nil)
		time.Sleep(time.Hour)
		w.setTor(tor.Status{})
		if s := k.within(t, time.Minute, Down); s.Reason.Code != CodeTorNotReady || !s.Retry.IsZero() {
			t.Errorf("without Tor: %+v", s)
		}
		w.setFail(nil)
		w.setTor(tor.Status{Running: true, Percent: 100})
		k.within(t, time.Second, Up)
	})
}

func TestKeepBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.fail = tor.ErrDescriptorNotFound
		begun := time.Now()
		k := w.keep(nil)
		time.Sleep(30 * time.Second)
		s := k.within(t, 0, Down)
		if s.Reason.Code != "onion-not-found" || !s.Retry.After(time.Now()) || !s.Since.Equal(begun) {
			t.Errorf("down: %+v", s)
		}
		if n := w.dialled(); n < 6 || n > 12 {
			t.Errorf("%d attempts in the first half minute", n)
		}
		w.setFail(nil)
		k.within(t, 15*time.Second, Up)
		w.setFail(tor.ErrDescriptorNotFound)
		w.cut()
		before := w.dialled()
		time.Sleep(10 * time.Hour)
		if n := w.dialled() - before; n > 700 {
			t.Errorf("%d attempts in ten hours, want about one a minute", n)
		}
	})
}

func TestKeepNoticesADeadBox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.keep(nil)
		k.within(t, 5*time.Second, Up)
		time.Sleep(time.Minute)
		w.setFail(tor.ErrIntroFailed)
		w.cut()
		cut := time.Now()
		if s := k.within(t, 13*time.Second, Down); s.Reason.Code != "silent" || s.Since.Before(cut) {
			t.Errorf("down: %+v", s)
		}
		time.Sleep(3 * time.Second)
		if s := k.last(); s.Reason.Code != "onion-unreachable" || s.Since.Before(cut) || time.Since(s.Since) < 3*time.Second {
			t.Errorf("after further attempts: %+v", s)
		}
		w.setFail(nil)
		k.within(t, 15*time.Second, Up)
	})
}

func TestKeepExplainsWhatUseFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		found := fmt.Errorf("hello: %w", link.ErrIncompatible)
		k := w.keep(func(context.Context, *link.Client) error { return found })
		if s := k.within(t, 5*time.Second, Down); s.Reason != Explain(found) {
			t.Errorf("down: %+v", s)
		}
		time.Sleep(time.Hour)
		if n := w.dialled(); n > 100 {
			t.Errorf("%d attempts in an hour: a line that only just came up counts as steady", n)
		}
	})
}

func TestKeepReportsRoundTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.keep(nil)
		k.within(t, 5*time.Second, Up)
		time.Sleep(time.Minute)
		if s := k.last(); s.State != Up || s.RTT != 100*time.Millisecond {
			t.Errorf("after a minute: %+v", s)
		}
		reports := len(k.all)
		time.Sleep(time.Hour)
		if n := len(k.all) - reports; n != 0 {
			t.Errorf("%d reports of a line on which nothing changed", n)
		}
	})
}

// Keep must not outlive its context by the time that a dead box takes.
func TestKeepEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.keep(func(ctx context.Context, c *link.Client) error {
			rw, err := c.Mirror(ctx)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, rw)
			return err
		})
		k.within(t, 5*time.Second, Up)
		time.Sleep(time.Second) // use reads
		w.cut()
		begun := time.Now()
		k.stop()
		if took := time.Since(begun); took != 0 {
			t.Errorf("Keep returned %v after its context", took)
		}
	})
}
