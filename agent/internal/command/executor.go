// Package executor owns what a box does for home: it lets through what is on the
// list of commands and within the download tree, keeps a journal on the disk, and
// does each command once, however often it comes and whenever the agent is killed.
package executor

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// Tuning.
const (
	batch          = 500              // torrents of one request
	maxSlow        = 4                // slow commands at a time
	awayLimit      = 2 * time.Minute  // that a command waits for a daemon that does not answer
	settleTime     = 5 * time.Second  // after its start a daemon may not have loaded its torrents
	touchTimeout   = 2 * time.Second  // that a result waits for the state
	moveLimit      = 10 * time.Minute // that a command waits for content to be moved
	maxPending     = 20_000           // commands under way
	maxPendingSize = 128 << 20        // bytes of them, about
	maxResults     = 10_000           // kept for home to ask for
	maxResultsSize = 64 << 20         // bytes of them, about
	keepResults    = 7 * 24 * time.Hour
	keepForgotten  = 10 * time.Minute // IDs: longer than any connection is read that home has given up
	rewriteSize    = 8 << 20          // bytes of the journal that are worth writing it anew
)

// Daemon is the torrent daemon. *transmission.Client is one, and says what each
// method does. Its calls return in bounded time.
type Daemon interface {
	Session(context.Context) (transmission.Session, error)
	Stats(context.Context) (transmission.Stats, error)
	Find(context.Context, []state.Hash) (map[state.Hash]transmission.Known, uint64, error)
	FindFiles(context.Context, state.Hash) (map[state.Hash]transmission.Known, uint64, error)
	Act(context.Context, command.Kind, []state.Hash) error
	RemoveTorrents(ctx context.Context, hashes []state.Hash, data bool) error
	SetLocation(ctx context.Context, hashes []state.Hash, dir string, move bool) error
	RenamePath(ctx context.Context, hash state.Hash, path, name string) error
	MoveInQueue(context.Context, command.Kind, []state.Hash) error
	SetQueue(ctx context.Context, hash state.Hash, position int32) error
	Set(context.Context, []state.Hash, *command.Changes) error
	SetTrackers(context.Context, []state.Hash, *command.Changes) error
	AddTorrent(ctx context.Context, a *command.Addition, dir string) (command.Added, error)
	Configure(context.Context, *command.NewSettings) error
	FreeSpace(ctx context.Context, dir string) (command.Space, error)
	TestPort(context.Context) (bool, error)
	UpdateBlocklist(context.Context) (int64, error)
	Fault(error) *command.Fault
}

// Toucher has the state brought up to date after a command. *poll.Poller is one.
type Toucher interface {
	// TouchAndWait asks the daemon for the torrents at once and returns when the state
	// has them as they are, or has lost them.
	TouchAndWait(context.Context, []state.Hash) error
	// TouchAllAndWait does so for all torrents.
	TouchAllAndWait(context.Context) error
}

// Config is what an Executor is made of.
type Config struct {
	Dir          string // its own folder, made when it is not there
	Daemon       Daemon
	Touch        Toucher
	TouchSession func()   // has the daemon's settings asked for; may be nil
	Roots        []string // folders of the download tree, absolute; empty for the daemon's download folder
	Fetch        bool     // URLs are fetched
	FetchPrivate bool     // even those of the box and its network
	Log          *slog.Logger
}

// Executor does commands. It implements command.Executor.
type Executor struct {
	cfg     Config
	fetcher *fetcher
	wake    chan struct{} // of one place, for the dispatcher
	told    chan struct{} // of one place, for the teller

	mu      sync.Mutex
	journal *journal
	entries map[key]*entry
	homes   map[string]*home
	turn    []string // names of homes; the first is served next
	lines   map[state.Hash][]*entry
	came    uint64
	pending int   // entries without a result
	size    int64 // bytes of them, about
	results []*entry
	kept    int64 // bytes of results, about
	// What is still unread of a broken connection may come after home had the result
	// over another and let the box forget it. It must not be done again. A kill ends
	// all connections, so that this need not be on the disk.
	forgotten map[key]time.Time
	fast      bool // a command of the fast lane is being done
	slow      int  // commands of the slow lane that are being done
	closed    bool
	tell      []telling
	lastOK    time.Time // when the daemon last answered
	opened    time.Time
	stopping  map[state.Hash]time.Time // until when the daemon may yet stop a torrent
}

// key names a command: each home gives IDs of its own.
type key struct {
	home string
	id   command.ID
}

// Open reads the journal. What it holds is done when Run runs. Close it after Run.
func Open(cfg Config) (*Executor, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	e := &Executor{
		cfg:     cfg,
		fetcher: newFetcher(cfg.FetchPrivate),
		wake:    make(chan struct{}, 1),
		told:    make(chan struct{}, 1),
		entries: make(map[key]*entry), forgotten: make(map[key]time.Time),
		homes:    make(map[string]*home),
		lines:    make(map[state.Hash][]*entry),
		opened:   time.Now(),
		stopping: make(map[state.Hash]time.Time),
	}
	var order []*entry
	j, cut, err := openJournal(cfg.Dir, func(r *record) { order = e.replay(r, order) })
	if err != nil {
		return nil, err
	}
	switch {
	case cut.aside:
		cfg.Log.Error("the journal of commands is damaged: what follows the damage is kept beside it, and commands of it may be done once more; look at the disk",
			"bytes", cut.bytes, "file", filepath.Join(cfg.Dir, damagedName))
	case cut.bytes > 0:
		cfg.Log.Warn("the journal of commands ended in the midst of a record, as after a power cut", "bytes", cut.bytes)
	}
	e.journal = j
	for _, x := range order {
		switch {
		case e.entries[x.key] != x: // forgotten
		case x.result != nil:
			e.keepLocked(x)
		default:
			e.enqueueLocked(x)
		}
	}
	e.expireLocked()
	if err := e.rewriteLocked(); err != nil {
		_ = j.close()
		return nil, fmt.Errorf("journal of commands: %w", err)
	}
	return e, nil
}

// replay takes one record of the journal. order has the entries as they came.
func (e *Executor) replay(r *record, order []*entry) []*entry {
	k := key{r.Home, r.ID}
	x := e.entries[k]
	if x == nil {
		if r.Kind != recordAccepted && r.Kind != recordEnded {
			return order
		}
		x = &entry{key: k, at: time.Now(), ready: true}
		e.entries[k] = x
		order = append(order, x)
	}
	switch r.Kind {
	case recordAccepted:
		x.command = r.Command
	case recordBegun:
		x.begun, x.resumed, x.plan = true, true, r.Plan
	case recordMarked:
		x.mark, x.partial = r.Mark, r.Result
	case recordEnded:
		x.finish(r.Result, time.Unix(r.At, 0))
	case recordForgotten:
		delete(e.entries, k)
	}
	if x.command == nil && x.result == nil {
		delete(e.entries, k) // a record of another version
	}
	return order
}

// Close ends the use of the journal. Run must have returned.
func (e *Executor) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	return e.journal.close()
}
