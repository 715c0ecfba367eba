package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"offing/agent/simulator"
	"offing/tunnel/state"
)

// rpcPath is where the daemon's RPC is.
const rpcPath = "/transmission/rpc"

// simBox serves a simulated daemon on loopback, and remembers when it was asked.
// The daemon can be replaced by another.
type simBox struct {
	addr string // host:port
	http http.Server
	done sync.WaitGroup
	seed uint64 // of the present daemon

	mu    sync.Mutex
	sim   *simulator.Simulator
	end   context.CancelFunc // of sim's clock
	asked []question
}

// question is a request for torrents.
type question struct {
	began, ended time.Time
	full         bool // for all of them
	bytes        int  // of the answer
}

func newSimBox() (*simBox, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &simBox{addr: l.Addr().String()}
	b.http.Handler = b
	b.done.Go(func() { _ = b.http.Serve(l) }) // ends with Close
	return b, nil
}

// be makes the daemon another. With a seed of its own it also has a session id
// of its own, by which the agent notices.
func (b *simBox) be(cfg simulator.Config) {
	b.seed++
	cfg.Seed = b.seed
	sim := simulator.New(cfg)
	ctx, end := context.WithCancel(context.Background())
	b.mu.Lock()
	if b.end != nil {
		b.end()
	}
	b.sim, b.end, b.asked = sim, end, nil
	b.mu.Unlock()
	b.done.Go(func() { sim.Run(ctx, 250*time.Millisecond) })
}

func (b *simBox) close() {
	b.http.Close()
	if b.end != nil {
		b.end()
	}
	b.done.Wait()
}

// ServeHTTP implements http.Handler.
func (b *simBox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	b.mu.Lock()
	sim := b.sim
	b.mu.Unlock()
	q := question{began: time.Now(), full: !bytes.Contains(body, []byte(`"ids"`))}
	counted := &countedWriter{ResponseWriter: w}
	sim.ServeHTTP(counted, r)
	if bytes.Contains(body, []byte(`"torrent-get"`)) && counted.status == 0 {
		q.ended, q.bytes = time.Now(), counted.bytes
		b.mu.Lock()
		b.asked = append(b.asked, q)
		b.mu.Unlock()
	}
}

type countedWriter struct {
	http.ResponseWriter
	status int // 0 for success
	bytes  int
}

func (w *countedWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *countedWriter) Write(p []byte) (int, error) {
	w.bytes += len(p)
	return w.ResponseWriter.Write(p)
}

// questions returns what was asked since the last call.
func (b *simBox) questions() []question {
	b.mu.Lock()
	defer b.mu.Unlock()
	asked := b.asked
	b.asked = nil
	return asked
}

// torrents are those of the present daemon.
func (b *simBox) torrents() []state.Torrent {
	b.mu.Lock()
	sim := b.sim
	b.mu.Unlock()
	return sim.Torrents()
}

// command acts on a torrent as another program would.
func (b *simBox) command(method string, h state.Hash) error {
	b.mu.Lock()
	sim := b.sim
	b.mu.Unlock()
	body := fmt.Sprintf(`{"method":%q,"arguments":{"ids":[%q]}}`, method, h)
	session := ""
	for range 2 {
		r := httptest.NewRequest(http.MethodPost, rpcPath, strings.NewReader(body))
		r.Header.Set("X-Transmission-Session-Id", session)
		w := httptest.NewRecorder()
		sim.ServeHTTP(w, r)
		if w.Code == http.StatusOK {
			return nil
		}
		session = w.Header().Get("X-Transmission-Session-Id")
	}
	return fmt.Errorf("%s was refused", method)
}
