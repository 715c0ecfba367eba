package executor

import (
	"errors"
	"slices"
	"syscall"
	"time"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

var _ command.Executor = (*Executor)(nil)

// Do implements command.Executor. The error is a *command.Fault.
func (e *Executor) Do(home string, c *command.Command, news func(command.Event)) error {
	if fault := check(c); fault != nil {
		return fault
	}
	x, number, err := e.accept(home, c, news)
	if err != nil || x == nil {
		return err
	}
	if number > 0 {
		err = e.journal.sync(number)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		delete(e.entries, x.key)
		e.leaveLocked(x)
		// Should it be on the disk after all, it must not be done by the next agent.
		_, _ = e.journal.append(&record{Kind: recordForgotten, Home: home, ID: c.ID})
		wakeUp(e.wake) // others waited behind it
		return journalFault(err)
	}
	x.ready = true
	wakeUp(e.wake)
	return nil
}

// accept notes a new command. It returns nil for one that is known.
func (e *Executor) accept(home string, c *command.Command, news func(command.Event)) (*entry, uint64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, 0, &command.Fault{Code: command.Interrupted, Text: "the agent is being stopped: the command can be given again"}
	}
	k := key{home, c.ID}
	if _, late := e.forgotten[k]; late {
		return nil, 0, nil // home has its result, and nobody waits for another
	}
	if x := e.entries[k]; x != nil {
		x.news = news
		if x.result != nil {
			e.tellLocked(telling{x: x, event: command.Event{Result: x.result}})
		}
		return nil, 0, nil
	}
	if e.pending >= maxPending || e.size >= maxPendingSize {
		return nil, 0, &command.Fault{Code: command.Interrupted, Text: "too many commands wait on the box: try again when some of them are done"}
	}
	x := &entry{key: k, command: c, at: time.Now(), news: news}
	var number uint64
	if !c.Kind.Question() {
		var err error
		number, err = e.journal.append(&record{Kind: recordAccepted, Home: home, ID: c.ID, Command: c})
		if err != nil {
			return nil, 0, journalFault(err)
		}
	}
	e.entries[k] = x
	e.enqueueLocked(x)
	return x, number, nil
}

// journalFault is what home is told when the journal cannot be written.
func journalFault(err error) *command.Fault {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &command.Fault{Code: command.DiskFull, Text: "the box's disk is full, so nothing was begun: make room on it first"}
	}
	return &command.Fault{Code: command.Interrupted, Text: "the agent cannot write its journal, so nothing was begun: see its log on the box"}
}

// Cancel implements command.Executor.
func (e *Executor) Cancel(home string, id command.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x := e.entries[key{home, id}]
	if x == nil || x.result != nil || x.begun || x.cancelled || !x.ready {
		return
	}
	x.cancelled = true
	if x.running {
		x.cancel() // who does it finds that it is cancelled
		return
	}
	e.endLocked(x, &command.Result{Fault: cancelled()}, nil, false)
}

func cancelled() *command.Fault {
	return &command.Fault{Code: command.Cancelled, Text: "it was cancelled before it began"}
}

// Forget implements command.Executor.
func (e *Executor) Forget(home string, id command.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x := e.entries[key{home, id}]
	if x == nil || x.result == nil || e.closed {
		return
	}
	e.dropLocked(x)
	e.forgotten[x.key] = time.Now()
	e.results = slices.DeleteFunc(e.results, func(y *entry) bool { return y == x })
	e.kept -= x.size
}

// dropLocked forgets a result. That it is not on the disk for good at once does no
// harm: a result too many is kept for a week.
func (e *Executor) dropLocked(x *entry) {
	delete(e.entries, x.key)
	if _, err := e.journal.append(&record{Kind: recordForgotten, Home: x.key.home, ID: x.key.id}); err != nil {
		e.cfg.Log.Warn("cannot write the journal of commands", "error", err)
	}
}

// endLocked gives a command its result and has home told when the state knows of
// what was touched.
func (e *Executor) endLocked(x *entry, r *command.Result, touched []state.Hash, all bool) {
	r.ID = x.key.id
	kind, question := x.command.Kind, x.command.Kind.Question()
	now := time.Now()
	x.finish(r, now)
	e.leaveLocked(x)
	var number uint64
	if question {
		delete(e.entries, x.key)
	} else {
		e.keepLocked(x)
		n, err := e.journal.append(&record{Kind: recordEnded, Home: x.key.home, ID: x.key.id, At: now.Unix(), Result: r})
		if err != nil {
			// Home is told all the same; after a kill the command is finished once more,
			// which has no effect.
			e.cfg.Log.Error("cannot write the journal of commands: is the disk full?", "error", err)
		}
		number = n
	}
	e.tellLocked(telling{x: x, event: command.Event{Result: r}, touched: touched, all: all, record: number, kind: kind})
	wakeUp(e.wake)
}

func wakeUp(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // one is waiting there already
	}
}
