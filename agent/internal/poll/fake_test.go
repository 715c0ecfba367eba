package poll

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/state"
)

// fakeDaemon answers as the fields say and notes when it was asked for what.
// After start a test uses set and questions.
type fakeDaemon struct {
	mu      sync.Mutex
	rows    []transmission.Row
	removed []int64
	run     uint64
	err     error
	delay   time.Duration // of each answer
	version string
	dir     string

	asked []ask
}

func (d *fakeDaemon) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

func (d *fakeDaemon) questions() []ask {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.asked)
}

func (d *fakeDaemon) last() ask {
	all := d.questions()
	return all[len(all)-1]
}

type ask struct {
	at    time.Time
	which transmission.Selection
}

var errDown = errors.New("down")

func (d *fakeDaemon) Session(context.Context) (transmission.Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return transmission.Session{Version: d.version, RPCVersion: 16, DownloadDir: d.dir}, d.err
}

func (d *fakeDaemon) Torrents(ctx context.Context, which transmission.Selection) (transmission.Listing, error) {
	d.mu.Lock()
	d.asked = append(d.asked, ask{time.Now(), which})
	delay := d.delay
	d.mu.Unlock()
	wait(ctx, delay, nil)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return transmission.Listing{}, d.err
	}
	l := transmission.Listing{Rows: slices.Clone(d.rows), Run: d.run}
	if which == transmission.RecentlyActive {
		l.Removed = d.removed
	}
	return l, ctx.Err()
}

func (d *fakeDaemon) Explain(err error) (state.DaemonState, string) {
	return state.DaemonUnreachable, "it is " + err.Error()
}

// fakeHost notes what it was asked to measure.
type fakeHost struct {
	mu      sync.Mutex
	samples []measured
}

type measured struct {
	at  time.Time
	dir string
}

func (h *fakeHost) Sample(_ context.Context, dir string) (state.Host, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.samples = append(h.samples, measured{time.Now(), dir})
	return state.Host{Uptime: int64(len(h.samples))}, nil
}

func (h *fakeHost) all() []measured {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.samples)
}

// world is a Poller that runs in a bubble of synctest.
type world struct {
	*Poller
	daemon *fakeDaemon
	host   *fakeHost
	state  *state.State
}

// start runs a Poller until the test ends. It is called inside of the bubble.
func start(t *testing.T, d *fakeDaemon) *world {
	t.Helper()
	w := &world{daemon: d, host: &fakeHost{}, state: state.New(1)}
	w.Poller = New(Config{
		State: w.state, Daemon: d, Host: w.host,
		Active: 500 * time.Millisecond, Idle: 45 * time.Second, Full: 5 * time.Minute,
		Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return w
}

// polls returns how many have begun.
func (w *world) polls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int(w.begun)
}

// gaps returns the times between the questions after the first n.
func (w *world) gaps(n int) []time.Duration {
	var gaps []time.Duration
	asked := w.daemon.questions()
	for i := n + 1; i < len(asked); i++ {
		gaps = append(gaps, asked[i].at.Sub(asked[i-1].at))
	}
	return gaps
}

// row is a torrent whose hash begins with b.
func row(id int64, b byte, rate int64) transmission.Row {
	return transmission.Row{ID: id, Torrent: state.Torrent{Hash: state.Hash{b}, Name: string(b), Status: state.Downloading, RateDown: rate}}
}
