package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"offing/agent/internal/transmission"
	"offing/agent/internal/transmissiontest"
	"offing/tunnel"
	"offing/tunnel/command"
	"offing/tunnel/link"
)

// counter stands before a daemon and counts the calls that had an effect. It does
// what was asked for even when nobody waits for the answer any more, as a daemon does.
type counter struct {
	daemon string

	mu    sync.Mutex // one call at a time
	calls map[string]int
}

func startCounter(t *testing.T, d *transmissiontest.Daemon) (*counter, string) {
	t.Helper()
	c := &counter{daemon: d.URL(), calls: map[string]int{}}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	return c, srv.URL + "/transmission/rpc"
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked, err := io.ReadAll(r.Body)
	if err != nil {
		return // half a request
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	req, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, c.daemon, bytes.NewReader(asked))
	if err != nil {
		panic(err) // the daemon's address is one
	}
	req.Header = r.Header.Clone()
	req.Header.Del("Accept-Encoding") // the answer is read here too
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode == http.StatusOK {
		c.count(asked, answer)
	}
	maps.Copy(w.Header(), resp.Header)
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(answer)
}

func (c *counter) count(asked, answer []byte) {
	var req struct {
		Method    string
		Arguments map[string]json.RawMessage
	}
	var got struct {
		Result    string
		Arguments map[string]json.RawMessage
	}
	if json.Unmarshal(asked, &req) != nil || json.Unmarshal(answer, &got) != nil || got.Result != "success" {
		return
	}
	what := req.Method
	switch what {
	case "torrent-get", "session-get", "session-stats":
		return
	case "torrent-add":
		if got.Arguments["torrent-added"] == nil {
			what = "found there"
		}
	case "torrent-set":
		for argument, word := range map[string]string{"labels": "labels", "queuePosition": "queue"} {
			if req.Arguments[argument] != nil {
				what = word
			}
		}
	}
	c.calls[what]++
}

// cutConn is a connection that ends after so many bytes, in whichever direction
// they go.
type cutConn struct {
	net.Conn
	left atomic.Int64
}

var errCut = errors.New("the line was cut")

func (c *cutConn) take(n int, err error) (int, error) {
	if c.left.Add(int64(-n)) <= 0 {
		c.Close()
		return n, errors.Join(err, errCut)
	}
	return n, err
}

func (c *cutConn) Read(p []byte) (int, error) {
	p = p[:min(len(p), int(max(c.left.Load(), 1)))]
	n, err := c.Conn.Read(p)
	if n, err = c.take(n, err); n > 0 {
		err = nil // the next one fails
	}
	return n, err
}

func (c *cutConn) Write(p []byte) (int, error) {
	whole := len(p)
	p = p[:min(len(p), int(max(c.left.Load(), 0)))]
	n, err := c.Conn.Write(p)
	if n, err = c.take(n, err); n < whole && err == nil {
		err = errCut
	}
	return n, err
}

// mostBytes is what a line carries at most, with its login, which takes 4,000.
const mostBytes = 64_000

// onceHome is a home whose line is cut again and again.
type onceHome struct {
	*box
	pairing tunnel.Pairing
	out     *command.Outbox
	lines   int // that took commands
	cuts    int // in the midst of a login

	mu      sync.Mutex
	results map[command.ID]*command.Result
	twice   int
	news    chan struct{} // one for each result
}

func newOnceHome(t *testing.T, b *box, p *planned) *onceHome {
	t.Helper()
	h := &onceHome{
		box: b, pairing: b.pair(t, "home"), out: command.NewOutbox(slog.New(slog.DiscardHandler)),
		results: map[command.ID]*command.Result{}, news: make(chan struct{}, 2*len(p.commands)),
	}
	for _, c := range p.commands {
		if err := h.out.Send(c, func(e command.Event) error { h.note(e); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *onceHome) note(e command.Event) {
	if e.Result == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.results[e.Result.ID] != nil {
		h.twice++
		return
	}
	h.results[e.Result.ID] = e.Result
	h.news <- struct{}{}
}

// run has one line after the other until ctx ends.
func (h *onceHome) run(ctx context.Context, rng *rand.Rand) {
	again := time.NewTicker(5 * time.Millisecond) // while the agent is not there
	defer again.Stop()
	for ctx.Err() == nil {
		conn, err := net.Dial("unix", h.onion.socket)
		if err != nil {
			select {
			case <-again.C:
			case <-ctx.Done():
			}
			continue
		}
		cut := &cutConn{Conn: conn}
		cut.left.Store(1 + rng.Int64N(mostBytes))
		h.line(ctx, cut)
	}
}

func (h *onceHome) line(ctx context.Context, conn net.Conn) {
	c, err := link.Connect(ctx, conn, link.ClientConfig{
		HostKey: h.pairing.HostKey, Login: h.pairing.Login(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		h.cuts++
		return
	}
	defer c.Close()
	rw, err := c.Command(ctx)
	if err != nil {
		h.cuts++
		return
	}
	h.lines++
	_ = h.out.Run(ctx, rw)
}

// onceAgent runs the agent until ctx ends, anew after every few results when restart
// is set, and returns how often.
func (h *onceHome) onceAgent(ctx context.Context, t *testing.T, rng *rand.Rand, want int, restart bool) (starts int) {
	for got := 0; got < want; {
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- h.agent.Run(running) }()
		starts++
		life := want
		if restart {
			life = got + rng.IntN(80)
		}
		for got < min(life+1, want) {
			select {
			case <-h.news:
				got++
				continue
			case err := <-ended:
				t.Fatalf("the agent ended with: %v", err)
			case <-ctx.Done():
				t.Fatalf("%d results of %d, and no more came", got, want)
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Fatalf("the agent ended with: %v", err)
		}
	}
	return starts
}

// TestOnce does commands over lines that are cut after a random number of bytes, with
// a real daemon: each has one result and was done once. In its second part the agent
// is stopped and started again too.
func TestOnce(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 200
	}
	t.Run("cut lines", func(t *testing.T) { testOnce(t, n, false) })
	t.Run("and restarts", func(t *testing.T) { testOnce(t, n/4, true) }) // each costs a start of the agent
}

func testOnce(t *testing.T, n int, restart bool) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	d := transmissiontest.Start(t)
	calls, url := startCounter(t, d)
	b := newBox(t, url)
	p := plan(rand.New(rand.NewPCG(seed, 1)), n)
	h := newOnceHome(t, b, p)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	var home sync.WaitGroup
	home.Go(func() { h.run(ctx, rand.New(rand.NewPCG(seed, 2))) })
	defer home.Wait()
	defer cancel()
	began := time.Now()
	starts := h.onceAgent(ctx, t, rand.New(rand.NewPCG(seed, 3)), len(p.commands), restart)
	cancel()
	home.Wait()
	t.Logf("%d commands over %d lines and %d cut logins, %d agents, in %v", len(p.commands), h.lines, h.cuts, starts, time.Since(began))
	if h.lines < 10 || restart && starts < 4 {
		t.Errorf("only %d lines and %d agents: little was cut", h.lines, starts)
	}
	if h.twice > 0 {
		t.Errorf("%d results came twice", h.twice)
	}
	calls.check(t, p, !restart)
	p.check(t, daemonAt(t, d), h.results)
}

// check compares the calls with the plan. After a restart what may be repeated, since
// it only says what is to be so, may have been; so may a stop of what is being checked.
func (c *counter) check(t *testing.T, p *planned, exact bool) {
	t.Helper()
	t.Logf("calls: %v", c.calls)
	once := map[string]bool{"torrent-add": true, "torrent-rename-path": true, "torrent-remove": true}
	for what, want := range p.effects {
		if got := c.calls[what]; got < want || got > want && (exact && what != "torrent-stop" || once[what]) {
			t.Errorf("%d calls of %s, want %d", got, what, want)
		}
	}
	for what, n := range c.calls {
		if p.effects[what] == 0 && (exact || what != "found there") {
			t.Errorf("%d calls of %s, want none", n, what)
		}
	}
}

func daemonAt(t *testing.T, d *transmissiontest.Daemon) *transmission.Client {
	t.Helper()
	endpoint, err := transmission.ParseEndpoint(d.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := transmission.New(transmission.Config{Endpoint: endpoint})
	t.Cleanup(c.Close)
	return c
}
