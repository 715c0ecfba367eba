// Package poll owns when the daemon and the machine are asked, and turns the
// answers into changes of the state. It asks as often as somebody looks, and
// only for what changes.
package poll

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/mirror"
	"offing/tunnel/state"
)

// Intervals that need no configuration.
const (
	calmInterval    = 2 * time.Second  // while watched, when nothing moves
	retryInterval   = time.Second      // after a failure, while watched; doubles while not
	sessionInterval = 10 * time.Second // between two questions for the daemon's own state
	wholeInterval   = 5 * time.Second  // between two questions for more than what moves
	hostInterval    = 2 * time.Second  // between two samples of the machine, while watched
	rateInterval    = time.Second      // between the two samples of Once
	// A daemon that has just started answers for a moment before it has loaded
	// its torrents, so its first list is soon asked for again.
	settleInterval  = 5 * time.Second
	loadingInterval = 500 * time.Millisecond // while that list is empty
	// The daemon counts as recently active what was so in the last 60 s. After
	// a longer gap between two polls only a full pass misses nothing.
	recentWindow = 55 * time.Second
)

// Daemon is asked for torrents. *transmission.Client is one. Calls return in
// bounded time.
type Daemon interface {
	Session(context.Context) (transmission.Session, error)
	Ask(context.Context, transmission.Query, *transmission.Listing) error
	Renew(ctx context.Context, known state.Detail, whole bool) (state.Detail, error)
	Explain(error) (state.DaemonState, string)
}

// Sampler is asked for the machine's figures. *host.Sampler is one.
type Sampler interface {
	Sample(ctx context.Context, dir string) (state.Host, error)
}

// Config is what a Poller is made of.
type Config struct {
	State  *state.State
	Daemon Daemon
	Host   Sampler
	Active time.Duration // between polls while watched, when something moves
	Idle   time.Duration // the mean between polls while nobody looks; each is off by up to a third
	Full   time.Duration // the mean between full passes; each is off by up to a third
	Log    *slog.Logger
}

// Poller keeps a state true. All methods but Run and Once are safe for
// concurrent use, and none of them waits for the daemon but Refresh.
type Poller struct {
	cfg      Config
	wakePoll chan struct{} // of one place: a wake-up that came early is not lost
	wakeHost chan struct{}
	details  details
	touches  touches // but for its wake guarded by mu

	mu          sync.Mutex
	watchers    int
	downloadDir string
	begun       uint64        // polls
	ended       uint64        // polls
	end         chan struct{} // closed when the running poll ends
	certain     bool          // the next poll has to ask for more than what moves
	touched     bool          // the next poll has to ask for the daemon's own state

	// The rest belongs to the polling goroutine.
	patient     bool                 // Run: what is empty may be loading
	loading     bool                 // the last list was empty, and the daemon may be loading
	newest      uint64               // the newest run of the daemon that has been seen
	newestSince time.Time            // when it was seen first
	run         uint64               // of the daemon, which ids belongs to
	ids         map[int64]state.Hash // what the daemon calls the torrents of the state
	nextFull    time.Time            // when a full pass is due
	nextWhole   time.Time            // when more than what moves is asked for again
	lastOK      time.Time
	lastSession time.Time
	failures    int             // in a row
	settings    *state.Settings // that were asked for, and are not in the state yet; nil for none
	memory      memory
}

// New returns a Poller that does nothing before Run.
func New(cfg Config) *Poller {
	return &Poller{
		cfg:      cfg,
		wakePoll: make(chan struct{}, 1),
		wakeHost: make(chan struct{}, 1),
		end:      make(chan struct{}),
		touches:  touches{wake: make(chan struct{}, 1), end: make(chan struct{})},
		details:  details{wake: make(chan struct{}, 1), open: make(map[state.Hash]*openTorrent)},
		ids:      make(map[int64]state.Hash),
	}
}

// Run polls until ctx ends. A slow daemon delays nothing but the next poll and
// the next details, and a slow disk nothing but the next sample.
func (p *Poller) Run(ctx context.Context) {
	var others sync.WaitGroup
	defer others.Wait()
	p.patient = true
	others.Go(func() { p.sample(ctx) })
	others.Go(func() { p.watchDetails(ctx) })
	for ctx.Err() == nil {
		p.begin()
		began := time.Now()
		ok := p.pollOnce(ctx)
		took := time.Since(began)
		p.finish()
		p.rest(ctx, p.pause(ok, took))
	}
}

// Once asks the daemon once, whatever comes of it, and measures the machine. It
// is for a Poller that does not Run.
func (p *Poller) Once(ctx context.Context) {
	p.sampleOnce(ctx) // what the rates are counted from
	p.pollOnce(ctx)
	wait(ctx, rateInterval, nil)
	p.sampleOnce(ctx)
}

// pollOnce polls, and says so in the state when that fails.
func (p *Poller) pollOnce(ctx context.Context) (ok bool) {
	err := p.poll(ctx)
	if err != nil && ctx.Err() == nil {
		p.fail(err)
	}
	return err == nil
}

// Interest counts those who look. It fits mirror.Source: every Watching is
// followed by an Idle. The first to look does not wait for the next poll.
func (p *Poller) Interest(_ context.Context, l mirror.Level) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l == mirror.Idle {
		p.watchers--
		return
	}
	p.watchers++
	if p.watchers == 1 {
		wakeUp(p.wakePoll)
		wakeUp(p.wakeHost)
		wakeUp(p.details.wake)
	}
}

func (p *Poller) watched() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.watchers > 0
}

func wakeUp(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // one is waiting there already
	}
}

// Refresh polls at once and returns after a poll that began after the call,
// whatever came of it, or with the error of ctx. That poll asks for everything
// of the recently active, names and labels too. What is open is asked for at
// once as well, but not waited for.
func (p *Poller) Refresh(ctx context.Context) error {
	p.mu.Lock()
	want := p.begun + 1
	p.certain = true
	p.mu.Unlock()
	wakeUp(p.wakePoll)
	wakeUp(p.wakeHost)
	p.details.renew()
	for {
		p.mu.Lock()
		ended, end := p.ended, p.end
		p.mu.Unlock()
		if ended >= want {
			return nil
		}
		select {
		case <-end:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TouchSession says that the daemon's settings have changed, or that its alternative
// limits have: they are asked for at once.
func (p *Poller) TouchSession() {
	p.mu.Lock()
	p.touched = true
	p.mu.Unlock()
	wakeUp(p.wakePoll)
}

func (p *Poller) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun++
	if p.certain {
		p.certain, p.nextWhole = false, time.Time{}
	}
	if p.touched {
		p.touched, p.lastSession = false, time.Time{}
	}
}

func (p *Poller) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended++
	close(p.end)
	p.end = make(chan struct{})
}
