package mirror

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// Follower keeps a State equal to that of a Source, over one connection after
// another: it remembers which version of the source's state it has, so that a
// new connection brings only what was missed.
type Follower struct {
	state   *state.State
	log     *slog.Logger
	running sync.Mutex    // held by Run
	wake    chan struct{} // capacity one: interest has changed, or an ack is due
	most    int           // torrents

	mu       sync.Mutex
	upstream state.Version // what the state holds; zero for nothing whole
	partly   bool          // and some of what is newer
	live     bool          // what moves was told about right
	interest care
	stats    Stats
	details  map[state.Hash]detail // of interest.open

	detailChanged chan struct{} // nil while nobody waits
}

// Stats counts what a Follower has seen since it was made.
type Stats struct {
	FramesIn  uint64
	FramesOut uint64
	BytesIn   uint64 // of frames, before SSH
	BytesOut  uint64 // of frames, before SSH
	Snapshots uint64 // complete ones
	Deltas    uint64 // those after which the copy was whole
	Resyncs   uint64 // times that the two ends had diverged; each is a mistake in one of them
}

// NewFollower returns a Follower that writes to s, which has an epoch of its own
// and no other writer.
func NewFollower(s *state.State, log *slog.Logger) *Follower {
	return &Follower{state: s, log: log, wake: make(chan struct{}, 1), most: wire.MaxTorrents, details: make(map[state.Hash]detail)}
}

// Run follows the source at the other end of rw until the connection breaks or
// ctx ends. It closes rw, and returns when its goroutines have ended: ctx's
// error if ctx has ended, io.EOF if the source closed between two frames,
// ErrVersion if the two do not fit, and else what went wrong. The state keeps
// what it has. Only one Run may be under way at a time.
func (f *Follower) Run(ctx context.Context, rw io.ReadWriteCloser) error {
	if !f.running.TryLock() {
		rw.Close()
		return errors.New("the box is already being followed over another connection")
	}
	defer f.running.Unlock()
	c := &following{Follower: f}
	return run(ctx, rw, func() (connection, error) { return c, c.open(rw) })
}

// SetInterest tells the source how much home cares, and which torrents somebody
// has open (at most wire.MaxOpen, the rest is left out), now and on every later
// connection. It does not wait.
func (f *Follower) SetInterest(l Level, open ...state.Hash) {
	f.mu.Lock()
	f.interest = care{level: l, open: slices.Clone(open[:min(len(open), wire.MaxOpen)])}
	maps.DeleteFunc(f.details, func(h state.Hash, _ detail) bool { return !slices.Contains(f.interest.open, h) })
	f.mu.Unlock()
	wake(f.wake)
}

// Stats returns what has been counted.
func (f *Follower) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats
}

func (f *Follower) version() state.Version {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.upstream
}

func (f *Follower) setVersion(v state.Version) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.upstream = v
}

// Live tells whether what moves is about right only in the state; see Watching.
func (f *Follower) Live() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.live
}

// note notes what the last frame was, once it is in the state. An exact one puts
// right what was told about right before only when it tells all.
func (f *Follower) note(partly, live bool) {
	f.mu.Lock()
	live = live || partly && f.live
	changed := f.live != live
	f.partly, f.live = partly, live
	f.mu.Unlock()
	if changed {
		f.state.Wake()
	}
}

// count changes the stats.
func (f *Follower) count(change func(*Stats)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.stats)
}
