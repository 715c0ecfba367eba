package executor

import (
	"context"
	"slices"
	"time"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// entry is a command that is known. It is guarded by Executor.mu; what stands before
// news does not change while the command is being done.
type entry struct {
	key     key
	number  uint64           // they count as they come
	command *command.Command // nil once there is a result
	at      time.Time        // when it came, or the journal was opened
	resumed bool             // it was begun before the journal was opened
	plan    *plan
	mark    int             // see record
	partial *command.Result // what had come of it up to there

	news      func(command.Event) // of who asked last; may be nil
	ready     bool                // it is safely in the journal
	running   bool
	begun     bool // it is finished rather than cancelled
	cancelled bool
	cancel    context.CancelFunc // while it is running
	result    *command.Result
	untold    bool // news of the result waits to be told
	ended     time.Time

	hashes []state.Hash // whose line it stands in
	waits  int          // lines in which others stand before it
	size   int64
}

// finish notes the result. What is not needed any more goes.
func (x *entry) finish(r *command.Result, at time.Time) {
	x.result, x.ended = r, at
	x.command, x.plan, x.partial = nil, nil, nil
}

// slow tells whether the command may take long, so that others pass it.
func (x *entry) slow() bool {
	c := x.command
	switch c.Kind {
	case command.Move, command.FreeSpace, command.TestPort, command.Blocklist:
		return true
	case command.Add:
		return c.Add.URL != ""
	}
	return false
}

// about returns the torrents whose commands keep their order. The hash of what a URL
// leads to is not known yet.
func about(c *command.Command) []state.Hash {
	if c.Kind != command.Add {
		return c.Torrents
	}
	if hash, fault := readAddition(c.Add); fault == nil && hash != (state.Hash{}) {
		return []state.Hash{hash}
	}
	return nil
}

// home is one of those who give commands.
type home struct {
	waiting []*entry // not begun, as they came
}

// enqueueLocked takes a command among those that wait.
func (e *Executor) enqueueLocked(x *entry) {
	x.hashes = about(x.command)
	x.size = int64(512 + 20*len(x.command.Torrents))
	if x.command.Add != nil {
		x.size += int64(len(x.command.Add.Metainfo))
	}
	for _, h := range x.hashes {
		if len(e.lines[h]) > 0 {
			x.waits++
		}
		e.lines[h] = append(e.lines[h], x)
	}
	e.pending++
	e.came++
	x.number = e.came
	e.size += x.size
	h := e.homes[x.key.home]
	if h == nil {
		h = &home{}
		e.homes[x.key.home] = h
		e.turn = append(e.turn, x.key.home)
	}
	h.waiting = append(h.waiting, x)
}

// leaveLocked takes a command that has a result, or none of which anything is kept,
// from its lines.
func (e *Executor) leaveLocked(x *entry) {
	for _, h := range x.hashes {
		line := e.lines[h]
		first := len(line) > 0 && line[0] == x
		line = slices.DeleteFunc(line, func(y *entry) bool { return y == x })
		if len(line) == 0 {
			delete(e.lines, h)
			continue
		}
		e.lines[h] = line
		if first {
			line[0].waits--
		}
	}
	x.hashes = nil
	e.pending--
	e.size -= x.size
	name := x.key.home
	if h := e.homes[name]; h != nil {
		h.waiting = slices.DeleteFunc(h.waiting, func(y *entry) bool { return y == x })
		if len(h.waiting) == 0 {
			delete(e.homes, name)
			e.turn = slices.DeleteFunc(e.turn, func(n string) bool { return n == name })
		}
	}
}

// pickLocked returns the command to be done next, or nil. Each home has its turn,
// and its commands keep their order but for those that wait for another about the
// same torrent, or are slow.
func (e *Executor) pickLocked() *entry {
	for i, name := range e.turn {
		x := e.pickOfLocked(e.homes[name])
		if x == nil {
			continue
		}
		e.turn = append(slices.Delete(e.turn, i, i+1), name)
		return x
	}
	return nil
}

func (e *Executor) pickOfLocked(h *home) *entry {
	if e.fast && e.slow >= maxSlow {
		return nil
	}
	for i, x := range h.waiting {
		if !x.ready {
			return nil // what came later over another connection must not pass it
		}
		if x.waits > 0 {
			continue
		}
		if slow := x.slow(); slow && e.slow >= maxSlow || !slow && e.fast {
			continue
		}
		h.waiting = slices.Delete(h.waiting, i, i+1)
		return x
	}
	return nil
}
