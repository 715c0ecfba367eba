package poll

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
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
	limit   int64 // Settings.DownLimit

	sessions int // how often it was asked for the session

	beforeNamed func() // happens once, before the next Named answer
	detailErr   error
	detailDelay time.Duration

	asked   []ask
	renewed []renewal
}

func (d *fakeDaemon) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// questions returns what was asked for of many torrents.
func (d *fakeDaemon) questions() []ask {
	return slices.DeleteFunc(d.all(), func(a ask) bool { return a.query.Which == transmission.Named })
}

// named returns what was asked for of single torrents.
func (d *fakeDaemon) named() []ask {
	return slices.DeleteFunc(d.all(), func(a ask) bool { return a.query.Which != transmission.Named })
}

func (d *fakeDaemon) all() []ask {
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
	query transmission.Query
}

var errDown = errors.New("down")

func (d *fakeDaemon) Session(context.Context) (transmission.Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sessions++
	settings := state.Settings{DownloadDir: d.dir, DownLimit: d.limit}
	return transmission.Session{Version: d.version, RPCVersion: 16, DownloadDir: d.dir, Settings: settings}, d.err
}

// Ask answers with all rows, whatever was active, or with the named ones.
func (d *fakeDaemon) Ask(ctx context.Context, q transmission.Query, l *transmission.Listing) error {
	*l = transmission.Listing{}
	q.IDs = slices.Clone(q.IDs)
	d.mu.Lock()
	d.asked = append(d.asked, ask{time.Now(), q})
	delay := d.delay
	d.mu.Unlock()
	wait(ctx, delay, nil)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return d.err
	}
	if q.Which == transmission.Named && len(q.IDs)+len(q.Hashes) == 0 {
		return transmission.ErrNoTorrents
	}
	if q.Which == transmission.Named && d.beforeNamed != nil {
		d.beforeNamed()
		d.beforeNamed = nil
	}
	for _, r := range d.rows {
		if q.Which == transmission.Named && !slices.Contains(q.IDs, r.ID) && !slices.Contains(q.Hashes, r.Torrent.Hash) {
			continue
		}
		if q.Moving {
			t := state.Torrent{Error: r.Torrent.Error}
			t.Merge(transmission.MovingFields, &r.Torrent)
			r.Torrent = t
		}
		l.Rows = append(l.Rows, r)
	}
	l.Run = d.run
	if q.Which == transmission.RecentlyActive {
		l.Removed = d.removed
	}
	return ctx.Err()
}

// Renew says in the comment how often it was asked for the torrent.
func (d *fakeDaemon) Renew(ctx context.Context, known state.Detail, whole bool) (state.Detail, error) {
	d.mu.Lock()
	d.renewed = append(d.renewed, renewal{time.Now(), known.Hash, whole})
	n, delay := 0, d.detailDelay
	for _, r := range d.renewed {
		if r.hash == known.Hash {
			n++
		}
	}
	d.mu.Unlock()
	wait(ctx, delay, nil)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.detailErr != nil {
		return state.Detail{}, d.detailErr
	}
	if !slices.ContainsFunc(d.rows, func(r transmission.Row) bool { return r.Torrent.Hash == known.Hash }) {
		return state.Detail{}, fmt.Errorf("asked: %w", transmission.ErrUnknownTorrent)
	}
	known.Comment = strconv.Itoa(n)
	return known, ctx.Err()
}

// renewal is one question for details.
type renewal struct {
	at    time.Time
	hash  state.Hash
	whole bool
}

// renewals returns the questions for the details of a torrent, or of all.
func (d *fakeDaemon) renewals(hashes ...state.Hash) []renewal {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(d.renewed), func(r renewal) bool {
		return len(hashes) > 0 && !slices.Contains(hashes, r.hash)
	})
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
	return startWith(t, d, d)
}

// startWith is start with a daemon that is not, or not only, d.
func startWith(t *testing.T, d *fakeDaemon, daemon Daemon) *world {
	t.Helper()
	w := &world{daemon: d, host: &fakeHost{}, state: state.New(1)}
	w.Poller = New(Config{
		State: w.state, Daemon: daemon, Host: w.host,
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
