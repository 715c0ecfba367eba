package executor

import (
	"context"
	"errors"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// Pauses between two tries with a daemon that does not answer.
const (
	firstPause = 100 * time.Millisecond
	longPause  = 5 * time.Second
)

// errStopped means that the agent is being stopped, or the command was cancelled.
var errStopped = errors.New("stopped")

// errLoading means that the daemon has just started and lacks a torrent that it may
// not have loaded.
var errLoading = errors.New("loading")

// task is a command that is being done.
type task struct {
	*Executor
	entry    *entry
	kind     command.Kind
	session  transmission.Session
	loading  time.Time // when the daemon was first seen not to have loaded its torrents
	repeated bool      // a request went out of which it is not known what came
	result   *command.Result
	touched  []state.Hash
	touchAll bool
}

// perform returns false when there is no result yet, because ctx ends.
func (t *task) perform(ctx context.Context) bool {
	t.repeated = t.entry.resumed
	err := t.do(ctx)
	if errors.Is(err, errStopped) {
		return false
	}
	if err != nil {
		t.result.Fault = t.cfg.Daemon.Fault(err)
	}
	if r := t.result; r.Fault == nil && r.Done == 0 && len(r.Faults) > 0 {
		fault := r.Faults[0].Fault
		r.Fault = &fault
	}
	return true
}

// do looks at the daemon, plans, begins, and has the effect.
func (t *task) do(ctx context.Context) error {
	if err := t.try(ctx, func() (err error) {
		t.session, err = t.cfg.Daemon.Session(ctx)
		return err
	}); err != nil {
		return err
	}
	p := t.entry.plan
	if !t.entry.begun {
		var err error
		if p, err = t.prepare(ctx); err != nil {
			return err
		}
		if err := t.begin(p); err != nil {
			return err
		}
	}
	if p == nil {
		p = &plan{}
	}
	return t.effect(ctx, p)
}

// begin writes to the journal that the command is from now on finished, and how.
func (t *task) begin(p *plan) error {
	if t.kind.Question() {
		return nil
	}
	x := t.entry
	t.mu.Lock()
	if x.cancelled {
		t.mu.Unlock()
		return errStopped
	}
	number, err := t.journal.append(&record{Kind: recordBegun, Home: x.key.home, ID: x.key.id, Plan: p})
	if err == nil {
		x.begun, x.plan = true, p
	}
	t.mu.Unlock()
	if err == nil {
		err = t.journal.sync(number)
	}
	if err != nil {
		return journalFault(err)
	}
	return nil
}

// prepare returns what has to be known to finish the command, whoever does. Nothing
// has been done before it returns.
func (t *task) prepare(ctx context.Context) (*plan, error) {
	c := t.entry.command
	switch t.kind {
	case command.Add:
		return t.planAdd(ctx, c.Add)
	case command.Remove:
		return t.planRemove(ctx, c.Torrents)
	case command.QueueTop, command.QueueUp, command.QueueDown, command.QueueEnd:
		return t.planQueue(ctx, c.Torrents)
	case command.Move:
		dir, err := t.resolve(c.Move.Dir)
		return &plan{Dir: dir}, err
	case command.FreeSpace:
		dir, err := t.resolve(c.Dir)
		return &plan{Dir: dir}, err
	case command.Change:
		return nil, t.supported(c.Change)
	case command.Configure:
		return nil, t.checkSettings(c.Settings)
	}
	return nil, nil
}

// supported returns a Fault for changes that this daemon does not know.
func (t *task) supported(ch *command.Changes) error {
	if ch != nil && ch.Sequential != nil && t.session.RPCVersion < transmission.SequentialFrom {
		return &command.Fault{Code: command.Unsupported, Text: "pieces in their order need Transmission 4.1 or newer on the box"}
	}
	return nil
}

// effect does what the command asks for. It may be repeated.
func (t *task) effect(ctx context.Context, p *plan) error {
	c := t.entry.command
	switch t.kind {
	case command.Start, command.StartNow, command.Stop, command.Verify, command.Reannounce:
		return t.each(ctx, c.Torrents, t.act)
	case command.Change:
		t.touchAll = c.Change.Queue != nil
		return t.each(ctx, c.Torrents, t.change)
	case command.Remove:
		return t.each(ctx, c.Torrents, func(ctx context.Context, b *part) error { return t.remove(ctx, b, p) })
	case command.Move:
		return t.each(ctx, c.Torrents, func(ctx context.Context, b *part) error { return t.move(ctx, b, p.Dir) })
	case command.Rename:
		return t.each(ctx, c.Torrents, t.rename)
	case command.QueueTop, command.QueueUp, command.QueueDown, command.QueueEnd:
		t.touchAll = true
		return t.moveInQueue(ctx, p)
	case command.Add:
		return t.add(ctx, p)
	}
	return t.effectOnDaemon(ctx, p)
}

// try does what asks the daemon, again and again while it does not answer, until it
// has been away for too long. do may be repeated.
func (t *task) try(ctx context.Context, do func() error) error {
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		err := do()
		if ctx.Err() != nil && err != nil {
			return errStopped
		}
		var fault *command.Fault
		switch {
		case err == nil:
			t.answered()
			return nil
		case errors.Is(err, errLoading):
		default:
			if fault = t.cfg.Daemon.Fault(err); fault.Code != command.DaemonAway {
				t.answered()
				return fault
			}
			if t.away() >= awayLimit {
				return fault
			}
			t.repeated = true
		}
		if !wait(ctx, pause) {
			return errStopped
		}
	}
}

func (e *Executor) answered() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lastOK = time.Now()
}

// away returns for how long the command has waited for the daemon.
func (t *task) away() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	since := t.entry.at
	if t.lastOK.After(since) {
		since = t.lastOK
	}
	return time.Since(since)
}

// find returns those of the torrents that the daemon has. What a daemon lacks that
// has just started is errLoading.
func (t *task) find(ctx context.Context, hashes []state.Hash) (map[state.Hash]transmission.Known, error) {
	found, _, err := t.cfg.Daemon.Find(ctx, hashes)
	if err != nil || len(found) >= len(hashes) {
		return found, err
	}
	stats, err := t.cfg.Daemon.Stats(ctx)
	if err != nil || stats.Uptime >= settleTime {
		return found, err
	}
	if t.loading.IsZero() {
		t.loading = time.Now()
	}
	if time.Since(t.loading) < settleTime {
		return nil, errLoading
	}
	return found, nil
}

// fail notes a torrent with which it was not done.
func (t *task) fail(h state.Hash, fault *command.Fault) {
	t.result.Failed++
	if len(t.result.Faults) < command.MaxFailures {
		t.result.Faults = append(t.result.Faults, command.Failure{Torrent: h, Fault: *fault})
	}
}
