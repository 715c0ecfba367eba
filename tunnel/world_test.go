package tunnel

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"offing/tunnel/internal/memnet"
	"offing/tunnel/link"
	"offing/tunnel/tor"
)

// world is a box behind a make-believe Tor, which can be broken.
type world struct {
	t       *testing.T
	pairing Pairing
	server  *link.Server

	mu       sync.Mutex
	fail     error // of each Dial
	status   tor.Status
	changed  chan struct{}
	dials    []time.Time
	isolates []string
	key      tor.ClientKey // that Authorize was given
	conn     *memnet.Conn  // the last one
	serving  sync.WaitGroup
	listener *memnet.Listener
	refuse   bool // the login
}

func newWorld(t *testing.T) *world {
	t.Helper()
	host := ed25519.NewKeyFromSeed(repeat(2))
	w := &world{t: t, pairing: vector(t), changed: make(chan struct{}), listener: memnet.Listen()}
	w.status = tor.Status{Running: true, Percent: 100}
	owner := w.pairing.Login().Public().(ed25519.PublicKey)
	var err error
	w.server, err = link.NewServer(link.ServerConfig{
		HostKey: host,
		Authorize: func(key ed25519.PublicKey) (string, bool) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return "home", key.Equal(owner) && !w.refuse
		},
		Mirror: func(_ context.Context, _ link.Peer, rw io.ReadWriteCloser) error {
			_, err := io.Copy(rw, rw)
			return err
		},
		Exec: func(_ context.Context, _ []string, stdout, _ io.Writer) int {
			fmt.Fprint(stdout, "well")
			return 0
		},
		Log: w.log(),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.serving.Go(func() { w.server.Serve(ctx, w.listener) })
	t.Cleanup(func() {
		cancel()
		w.serving.Wait()
	})
	return w
}

func (w *world) log() *slog.Logger { return slog.New(slog.NewTextHandler(w.t.Output(), nil)) }

// Dial implements Dialer.
func (w *world) Dial(ctx context.Context, isolate string, to tor.Address, port int) (net.Conn, error) {
	w.mu.Lock()
	w.dials = append(w.dials, time.Now())
	w.isolates = append(w.isolates, isolate)
	fail := w.fail
	w.mu.Unlock()
	if to != w.pairing.Address || port != tor.Port {
		w.t.Errorf("dialled %v port %d", to, port)
	}
	if fail == errHang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if fail != nil {
		return nil, fail
	}
	conn, err := w.listener.Dial("circuit-1", 50*time.Millisecond)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.conn = conn
	w.mu.Unlock()
	return conn, nil
}

// errHang makes Dial take for ever.
var errHang = errors.New("hang")

// Authorize implements authorizer.
func (w *world) Authorize(to tor.Address, key tor.ClientKey) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.key = key
	return nil
}

// Status implements readiness.
func (w *world) Status() tor.Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// Changed implements readiness.
func (w *world) Changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

func (w *world) setTor(s tor.Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status = s
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *world) setFail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = err
}

func (w *world) dialled() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.dials)
}

// cut makes the present connection swallow everything.
func (w *world) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn.Cut()
}
