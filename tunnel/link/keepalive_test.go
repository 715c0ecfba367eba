package link

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"

	"offing/tunnel/internal/memnet"
)

// dialSlow connects the owner over a line with a latency each way.
func (b *box) dialSlow(latency time.Duration) (*Client, *memnet.Conn) {
	b.t.Helper()
	conn, err := b.listener.Dial("circuit-1", latency)
	if err != nil {
		b.t.Fatal(err)
	}
	c, err := Connect(b.t.Context(), conn, b.clientConfig())
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { c.Close() })
	return c, conn
}

func TestSilentBoxIsNoticed(t *testing.T) {
	for _, test := range []struct {
		latency, within time.Duration
	}{
		{10 * time.Millisecond, 13 * time.Second},
		{500 * time.Millisecond, 14 * time.Second},
		{2 * time.Second, 50 * time.Second},
	} {
		t.Run(test.latency.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, conn := newBox(t, nil).dialSlow(test.latency)
				time.Sleep(time.Minute)
				wantStatus(t, c)
				conn.Cut()
				cut := time.Now()
				wantEnd(t, c, ErrSilent)
				if took := time.Since(cut); took > test.within {
					t.Errorf("noticed after %v, want at most %v", took, test.within)
				}
			})
		})
	}
}

func TestRoundTripIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const latency = 300 * time.Millisecond
		c, _ := newBox(t, nil).dialSlow(latency)
		if guess := c.RTT(); guess < latency || guess > 3*latency {
			t.Errorf("%v after the handshake, want about %v", guess, 2*latency)
		}
		time.Sleep(time.Minute)
		if got := c.RTT(); got != 2*latency {
			t.Errorf("%v, want %v", got, 2*latency)
		}
	})
}

func TestRoundTripIsSmoothed(t *testing.T) {
	var r roundTrip
	r.guess(time.Hour)
	r.add(800 * time.Millisecond)
	if got := r.smoothed(); got != 800*time.Millisecond {
		t.Errorf("the first measurement gives %v", got)
	}
	r.add(1600 * time.Millisecond)
	if got := r.smoothed(); got != 900*time.Millisecond {
		t.Errorf("the second gives %v, want an eighth of the difference more", got)
	}
}

// deafServer answers nothing, but sends data on the mirror all the time.
func deafServer(b *box, conn *memnet.Conn) {
	server, channels, requests, err := ssh.NewServerConn(conn, b.server.ssh)
	if err != nil {
		return
	}
	go func() {
		for range requests { // reads keepalives, and leaves them
		}
	}()
	for nc := range channels {
		channel, requests, err := nc.Accept()
		if err != nil {
			return
		}
		go ssh.DiscardRequests(requests)
		go func() {
			for range 60 {
				time.Sleep(time.Second)
				channel.Write([]byte("data"))
			}
		}()
	}
	server.Wait()
}

// A reply that is late because data came before it is no death.
func TestDataIsASignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		near, far := memnet.Pipe("circuit-1", 0)
		go deafServer(b, far)
		c, err := Connect(t.Context(), near, b.clientConfig())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		rw, err := c.Mirror(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		io.Copy(io.Discard, rw)
		wantEnd(t, c, ErrSilent)
		if took := time.Since(begun); took < time.Minute || took > time.Minute+10*time.Second {
			t.Errorf("the line ended after %v; data came for a minute", took)
		}
	})
}

// Idle traffic must show no fixed period.
func TestKeepalivesHaveNoPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		near, far := memnet.Pipe("circuit-1", 0)
		var times []time.Time
		go func() {
			_, _, requests, err := ssh.NewServerConn(far, b.server.ssh)
			if err != nil {
				return
			}
			for r := range requests {
				times = append(times, time.Now())
				r.Reply(false, nil)
			}
		}()
		c, err := Connect(t.Context(), near, b.clientConfig())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		c.Close()
		synctest.Wait()
		if len(times) < 500 || len(times) > 1000 {
			t.Errorf("%d keepalives in an hour, want about %d", len(times), time.Hour/defaultKeepaliveInterval)
		}
		buckets := make(map[time.Duration]int) // pauses by the half second
		for i := range times[1:] {
			buckets[times[i+1].Sub(times[i]).Truncate(time.Second/2)]++
		}
		for pause, n := range buckets {
			if n > len(times)/4 {
				t.Errorf("%d of %d pauses are about %v", n, len(times), pause)
			}
		}
		if len(buckets) < 8 {
			t.Errorf("the pauses fall into %d classes only", len(buckets))
		}
	})
}

func TestCloseEndsTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newBox(t, nil).mustConnect("circuit-1")
		if c.Err() != nil {
			t.Errorf("Err of a live line: %v", c.Err())
		}
		c.Close()
		wantEnd(t, c, ErrClosed)
		c.Close()
		if _, err := c.Mirror(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("Mirror after Close: %v", err)
		}
		if _, _, err := c.Exec(t.Context(), "status"); !errors.Is(err, ErrClosed) {
			t.Errorf("Exec after Close: %v", err)
		}
	})
}

// A caller with a deadline does not wait for a dead box.
func TestContextsOnADeadLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, conn := newBox(t, nil).dialSlow(0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		conn.Cut()
		if _, _, err := c.Exec(ctx, "status"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Exec: %v", err)
		}
		if _, err := c.Mirror(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Mirror: %v", err)
		}
		if _, err := c.Command(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Command: %v", err)
		}
	})
}

func TestConnectCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		near, _ := memnet.Pipe("circuit-1", 0)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := Connect(ctx, near, b.clientConfig()); !errors.Is(err, context.Canceled) {
			t.Errorf("Connect: %v, want %v", err, context.Canceled)
		}
	})
}

func TestBackoff(t *testing.T) {
	var b Backoff
	var total time.Duration
	for i := range 40 {
		d := b.Next()
		if d > backoffMax {
			t.Fatalf("pause %d is %v", i, d)
		}
		if i == 0 && (d < 750*time.Millisecond || d > 1250*time.Millisecond) {
			t.Errorf("the first pause is %v, want about 1s", d)
		}
		if i > 5 && d > total*7/10 {
			t.Errorf("pause %d is %v, after %v in all", i, d, total)
		}
		total += d
	}
	if d := b.Next(); d < 45*time.Second {
		t.Errorf("the last pause is %v, want about a minute", d)
	}
	b.Reset()
	if d := b.Next(); d > 1250*time.Millisecond {
		t.Errorf("the pause after Reset is %v", d)
	}
}
