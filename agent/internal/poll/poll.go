// Package poll owns when the daemon and the machine are asked, and turns the
// answers into changes of the state. It asks as often as somebody looks, and
// only for what changes.
package poll

import (
	"context"
	"log/slog"
	"math/rand/v2"
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
	hostInterval    = 2 * time.Second  // between two samples of the machine, while watched
	rateInterval    = time.Second      // between the two samples of Once
	// A daemon that has just started answers for a moment before it has loaded
	// its torrents, so its first list is soon asked for again.
	settleInterval = 5 * time.Second
	// The daemon counts as recently active what was so in the last 60 s. After
	// a longer gap between two polls only a full pass misses nothing.
	recentWindow = 55 * time.Second
)

// Daemon is asked for torrents. *transmission.Client is one. Calls return in
// bounded time.
type Daemon interface {
	Session(context.Context) (transmission.Session, error)
	Torrents(context.Context, transmission.Selection) (transmission.Listing, error)
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
	Full   time.Duration // between full passes
	Log    *slog.Logger
}

// Poller keeps a state true. Interest and Refresh are safe for concurrent use.
type Poller struct {
	cfg      Config
	wakePoll chan struct{} // of one place: a wake-up that came early is not lost
	wakeHost chan struct{}

	mu          sync.Mutex
	watchers    int
	downloadDir string
	begun       uint64        // polls
	ended       uint64        // polls
	end         chan struct{} // closed when the running poll ends

	// The rest belongs to the polling goroutine.
	run         uint64               // of the daemon, which ids belongs to
	ids         map[int64]state.Hash // to know what a removed id was
	nextFull    time.Time            // when a full pass is due
	lastOK      time.Time
	lastSession time.Time
	failures    int // in a row
}

// New returns a Poller that does nothing before Run.
func New(cfg Config) *Poller {
	return &Poller{
		cfg:      cfg,
		wakePoll: make(chan struct{}, 1),
		wakeHost: make(chan struct{}, 1),
		end:      make(chan struct{}),
	}
}

// Run polls until ctx ends. A slow daemon delays nothing but the next poll, and
// a slow disk nothing but the next sample.
func (p *Poller) Run(ctx context.Context) {
	var sampling sync.WaitGroup
	defer sampling.Wait()
	sampling.Go(func() { p.sample(ctx) })
	for ctx.Err() == nil {
		p.begin()
		ok := p.pollOnce(ctx)
		p.finish()
		wait(ctx, p.interval(ok), p.wakePoll)
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

// wait returns after d, at a wake-up, or when ctx ends.
func wait(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
	}
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
// whatever came of it, or with the error of ctx.
func (p *Poller) Refresh(ctx context.Context) error {
	p.mu.Lock()
	want := p.begun + 1
	p.mu.Unlock()
	wakeUp(p.wakePoll)
	wakeUp(p.wakeHost)
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

func (p *Poller) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun++
}

func (p *Poller) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended++
	close(p.end)
	p.end = make(chan struct{})
}

// interval is the pause after a poll.
func (p *Poller) interval(ok bool) time.Duration {
	watched := p.watched()
	switch totals := p.cfg.State.Totals(); {
	case !ok && watched:
		return retryInterval
	case !ok:
		return min(retryInterval<<min(p.failures, 10), p.idle())
	case !watched:
		return p.idle()
	case totals.RateDown+totals.RateUp > 0 || totals.Checking > 0:
		return p.cfg.Active
	}
	return max(p.cfg.Active, calmInterval)
}

// idle is drawn from two thirds to four thirds of Idle, so that what nobody
// asked for has no period.
func (p *Poller) idle() time.Duration {
	return p.cfg.Idle*2/3 + rand.N(p.cfg.Idle*2/3)
}
