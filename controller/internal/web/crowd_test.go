package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
)

// anybody is a hub.Doorman that lets everybody in.
type anybody struct{}

func (anybody) OpenTicket(context.Context, string) (account.Principal, error) {
	return account.Principal{}, nil
}

func (anybody) IssueTicket(context.Context, account.Principal) (account.Ticket, time.Duration, error) {
	return "ticket", time.Hour, nil
}

func (anybody) OnEnd(account.SessionID, func()) (stop func()) { return func() {} }

// topics is a hub.Views of feeds named "0", "1" and so on.
type topics []*feed

func (topics) View(account.Principal, string) string { return "all" }

func (v topics) Feed(_ account.Principal, topic string) (hub.Feed, bool) {
	i, err := strconv.Atoi(topic)
	if err != nil || i >= len(v) {
		return nil, false
	}
	return v[i], true
}

// crowd is a hub with many sockets over loopback, without HTTP and accounts.
type crowd struct {
	hub      *hub.Hub
	topics   topics
	listener net.Listener
	sockets  *sockets
	done     chan error
}

func newCrowd(t testing.TB, n int) *crowd {
	t.Helper()
	c := &crowd{sockets: openSockets(t), done: make(chan error, 1<<16)}
	for range n {
		c.topics = append(c.topics, &feed{})
	}
	c.hub = hub.New(c.topics, slog.New(slog.DiscardHandler), hub.WithPace(unhurried()))
	t.Cleanup(c.hub.Close)
	var err error
	if c.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.listener.Close() })
	return c
}

func openSockets(t testing.TB) *sockets {
	t.Helper()
	k, err := newSockets()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.poller.close)
	return k
}

// join opens a socket and subscribes to all topics.
func (c *crowd) join(t testing.TB) *bare {
	t.Helper()
	client, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", c.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	server, err := c.listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c.hub.Take(newSocket(server, nil, c.sockets), anybody{}, func(err error) { c.done <- err })
	b := &bare{client, bufio.NewReaderSize(client, 512)}
	hello := masked(whole, `{"op":"open","ticket":"x"}`)
	for i := range c.topics {
		hello += masked(whole, ask(strconv.Itoa(i)))
	}
	if _, err := io.WriteString(b, hello); err != nil {
		t.Fatal(err)
	}
	for range len(c.topics) + 1 {
		if err := b.skipReset(); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// number reads a frame of a topic and returns its "n".
func (b *bare) number(t *testing.T) int {
	t.Helper()
	_, payload := b.frame(t)
	var f struct{ N int }
	if err := json.Unmarshal([]byte(payload), &f); err != nil {
		t.Fatalf("frame %.80q: %v", payload, err)
	}
	return f.N
}

// TestStalledReaders: of 200 readers 50 read nothing. However long these are
// borne with, the others get everything, and the end of the hub is not held up.
func TestStalledReaders(t *testing.T) {
	c := newCrowd(t, 1)
	c.topics[0].size = 256 << 10
	for range 50 {
		stalled, _ := c.join(t).Conn.(*net.TCPConn)
		_ = stalled.SetReadBuffer(8 << 10) // else it grows
	}
	var healthy []*bare
	for range 150 {
		healthy = append(healthy, c.join(t))
	}
	for range 4 { // more than all buffers on the way take
		c.topics[0].add()
		var wg sync.WaitGroup
		for _, b := range healthy {
			wg.Go(func() {
				if err := b.skipReset(); err != nil {
					t.Errorf("a healthy reader: %v", err)
				}
			})
		}
		wg.Wait()
	}
	if n := c.hub.Stats().Blocked; n < 50 {
		t.Errorf("only %d writes were held up", n)
	}
	c.hub.Close()
	for range 200 {
		if err := <-c.done; err == nil || !strings.Contains(err.Error(), "going-away") {
			t.Fatalf("a reader ended with %v", err)
		}
	}
}

// skipReset reads to the last frame of a reset, or one other frame.
func (b *bare) skipReset() error {
	for {
		f, err := ws.ReadFrame(b.r)
		if err != nil {
			return err
		}
		if f.Header.OpCode == ws.OpText && !strings.Contains(string(f.Payload[:min(60, len(f.Payload))]), `"more"`) {
			return nil
		}
	}
}

// TestTopicsShareAWrite: what is new in eight topics goes out in one write, made
// once for a hundred readers.
func TestTopicsShareAWrite(t *testing.T) {
	c := newCrowd(t, 8)
	var readers []*bare
	for range 100 {
		readers = append(readers, c.join(t))
	}
	const rounds = 5
	before := c.hub.Stats()
	for n := range rounds {
		for _, f := range c.topics {
			f.add()
		}
		for _, b := range readers {
			for got := 0; got < len(c.topics); {
				if b.number(t) == n+1 {
					got++
				}
			}
		}
	}
	after := c.hub.Stats()
	// Frames are shared for a second, and on a busy machine some readers come later.
	if encoded := after.Encoded - before.Encoded; encoded > rounds*8*100/10 {
		t.Errorf("%d encodings of %d states", encoded, rounds*8)
	}
	// A round may straddle some ticks, but not eight.
	if writes := after.Writes - before.Writes; writes > 4*rounds*100 {
		t.Errorf("%d writes for %d readers and %d rounds", writes, 100, rounds)
	}
}

// TestIdleConnections: a connection with eight topics keeps no goroutine, and some
// two kilobytes of heap.
func TestIdleConnections(t *testing.T) {
	c := newCrowd(t, 8)
	c.join(t)
	before := runtime.NumGoroutine()
	heap := inUse()
	const n = 500
	clients := make([]*bare, 0, n)
	for range n {
		clients = append(clients, c.join(t))
	}
	until(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
	each := (inUse() - heap) / n // less than nothing if what earlier tests left behind has gone
	t.Logf("a connection: %d bytes of heap with the other end", each)
	if each > 4<<10 {
		t.Errorf("%d bytes of heap a connection", each)
	}
	runtime.KeepAlive(clients)
}

// inUse returns the bytes of heap that are still of use.
func inUse() (heap int64) {
	for range 2 { // what a finalizer has let go
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkFanOut has a thousand readers get what is new in some topics.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []int{1, 8} {
		b.Run(fmt.Sprintf("%dtopics", n), func(b *testing.B) {
			c := newCrowd(b, n)
			for _, f := range c.topics {
				f.pad = 400
			}
			var got atomic.Int64
			const readers = 1000
			for range readers {
				client := c.join(b)
				go func() { // reads only: what it costs is told apart by system time
					for buf := make([]byte, 16<<10); ; {
						k, err := client.r.Read(buf)
						if err != nil {
							return
						}
						got.Add(int64(k))
					}
				}()
			}
			before := c.hub.Stats()
			for b.Loop() {
				target := c.hub.Stats().Sent + int64(readers*n)
				for _, f := range c.topics {
					f.add()
				}
				for c.hub.Stats().Sent < target {
					time.Sleep(time.Millisecond)
				}
			}
			after := c.hub.Stats()
			b.ReportMetric(float64(after.Sent-before.Sent)/float64(b.N), "frames/op")
			b.ReportMetric(float64(after.Writes-before.Writes)/float64(b.N), "writes/op")
		})
	}
}
