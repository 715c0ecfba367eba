// Package simulator owns a stand-in for transmission-daemon that can carry any
// load: it speaks the daemon's RPC over a box of tens of thousands of torrents
// that move as those of a real box do, and nothing is transferred. What it does
// is decided by its seed and the steps of its clock, so that a benchmark can be
// repeated.
//
// The conformance suite of agent/internal/transmission runs against it and
// against the real daemons, so that it cannot drift from them.
package simulator

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"offing/tunnel/state"
)

// The dialects that are spoken, as values of Config.RPCVersion.
const (
	RPC16 = 16 // Transmission 3.00
	RPC17 = 17 // 4.0
	RPC18 = 18 // 4.1
)

// Config describes a box. The zero value is an empty one of 3.00.
type Config struct {
	Torrents int    // at the start; later about as many
	Active   int    // of Torrents, those that transfer at any time
	Seed     uint64 // two boxes of the same Config move alike

	RPCVersion     int    // RPC16, RPC17 or RPC18; 0 means RPC16
	User, Password string // both empty: no login is asked for
	DownloadDir    string // an absolute path; empty means /srv/torrents

	// Start is the box's time of day at the beginning; the zero value means
	// midnight of 1 January 2026, so that two runs are alike.
	Start time.Time

	// Quiet leaves only rates, counters and peers to move: no torrent comes,
	// goes, completes, stops, or takes or loses an error by itself.
	Quiet bool

	// Announce says what a tracker answers to the announce of a torrent that
	// came by torrent-add: a failure, or nothing. It may be nil: all is well.
	Announce func(url string) Failure
}

// Failure is what a tracker has against a torrent; the zero value is nothing.
type Failure struct {
	Kind state.ErrorKind
	Text string
}

// Simulator is a box and the RPC in front of it. It implements http.Handler and
// is safe for concurrent use. Like the daemon it answers one request at a time.
type Simulator struct {
	cfg Config

	mu       sync.Mutex
	rng      *rand.Rand
	now      time.Duration // since cfg.Start
	owed     time.Duration // of time that has come, too short for a tick
	loadedAt time.Duration // before it the daemon has not loaded its torrents, and lists none
	lastID   int64
	torrents []*torrent // by id
	byHash   map[state.Hash]*torrent
	flows    []*flow    // those that transfer
	pending  []*torrent // those that a verification or an announce waits for
	recent   []*torrent // touched within recentWindow, and some that were
	removed  []removal
	placed   map[string]bool // names whose content lies on the disk
	untuned  state.Options   // of a torrent of which nothing was set

	session   session
	sessionID string
	refusals  int           // wrong passwords in a row
	frozen    chan struct{} // nil, or closed when answers go on
}

// New returns the box that cfg describes.
func New(cfg Config) *Simulator {
	if cfg.RPCVersion == 0 {
		cfg.RPCVersion = RPC16
	}
	if cfg.DownloadDir == "" {
		cfg.DownloadDir = "/srv/torrents"
	}
	if cfg.Start.IsZero() {
		cfg.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	s := &Simulator{
		cfg:    cfg,
		rng:    rand.New(rand.NewPCG(cfg.Seed, 0x0ff109)),
		byHash: make(map[state.Hash]*torrent, cfg.Torrents),
		placed: make(map[string]bool),
	}
	s.session.set = make(map[string]json.RawMessage)
	s.sessionID = s.newSessionID()
	s.untuned = s.readOptions(nil)
	s.populate()
	return s
}

// unix is the box's time of day in seconds.
func (s *Simulator) unix() int64 { return s.cfg.Start.Add(s.now).Unix() }

// Now is the box's time of day.
func (s *Simulator) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg.Start.Add(s.now)
}

// Step moves the box's time by d. It moves in ticks of 250 ms; what remains is
// kept for the next step.
func (s *Simulator) Step(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.owed += d; s.owed >= tick; s.owed -= tick {
		s.tickLocked()
	}
}

// Run steps with the wall clock, about every given interval, until ctx ends.
func (s *Simulator) Run(ctx context.Context, interval time.Duration) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			s.Step(now.Sub(last))
			last = now
		}
	}
}

// Torrents returns what a list would show of every torrent, by id: the truth
// that a benchmark compares with.
func (s *Simulator) Torrents() []state.Torrent {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]state.Torrent, len(s.torrents))
	for i, t := range s.torrents {
		list[i] = s.shown(t)
	}
	return list
}

// Place says that the content of a torrent of that name lies in the download
// folder, so that it is complete as soon as it is added.
func (s *Simulator) Place(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.placed[name] = true
}

const sessionIDLength = 48

func (s *Simulator) newSessionID() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	id := make([]byte, sessionIDLength)
	for i := range id {
		id[i] = letters[s.rng.IntN(len(letters))]
	}
	return string(id)
}

// version is the word for the dialect that the daemon has in session-get.
func (s *Simulator) version() string {
	switch s.cfg.RPCVersion {
	case RPC16:
		return "3.00 (bb6b5a062e)"
	case RPC17:
		return "4.0.6 (38c164933e)"
	}
	return "4.1.0 (" + strconv.Itoa(s.cfg.RPCVersion) + "ab70e6ff)"
}
