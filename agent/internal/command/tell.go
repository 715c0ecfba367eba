package executor

import (
	"context"
	"time"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// telling is news that has to be told.
type telling struct {
	x       *entry
	event   command.Event
	touched []state.Hash // that the state must know of before
	all     bool         // all of them
	record  uint64       // of the journal, that must be on the disk before
	kind    command.Kind // of what was done with touched
	until   time.Time    // when it is told though the daemon does not show it
}

func (e *Executor) tellLocked(t telling) {
	if t.event.Result != nil {
		if t.x.untold {
			return // it will be told, to who asked last
		}
		t.x.untold = true
	}
	e.tell = append(e.tell, t)
	wakeUp(e.told)
}

// tellAll tells the news, in order, until ctx ends. Results whose torrents have to
// be asked for are told together: one question does for all of them. A result that the
// daemon does not show yet is held for a while, and others pass it.
func (e *Executor) tellAll(ctx context.Context) {
	again := time.NewTicker(settlePause)
	defer again.Stop()
	var held []telling
	for {
		var look <-chan time.Time
		if len(held) > 0 {
			look = again.C
		}
		select {
		case <-e.told:
		case <-look:
		case <-ctx.Done():
			return
		}
		e.mu.Lock()
		list := append(held, e.tell...)
		e.tell = nil
		e.mu.Unlock()
		list, held = e.settled(ctx, list)
		e.touch(ctx, list)
		for _, t := range list {
			if ctx.Err() != nil {
				return
			}
			e.tellOne(t)
		}
	}
}

func (e *Executor) tellOne(t telling) {
	if t.record > 0 {
		// A result that home forgets must not be unknown to the box after a power cut.
		if err := e.journal.sync(t.record); err != nil {
			e.cfg.Log.Error("cannot write the journal of commands: is the disk full?", "error", err)
		}
	}
	e.mu.Lock()
	news := t.x.news
	if t.event.Result != nil {
		t.x.untold = false
	}
	e.mu.Unlock()
	if news != nil {
		news(t.event)
	}
}

// touch has the state brought up to date with what was done, for a bounded time: the
// next poll finds what was missed.
func (e *Executor) touch(ctx context.Context, list []telling) {
	var hashes []state.Hash
	all := false
	for _, t := range list {
		hashes = append(hashes, t.touched...)
		all = all || t.all
	}
	if e.cfg.Touch == nil || !all && len(hashes) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, touchTimeout)
	defer cancel()
	var err error
	if all {
		err = e.cfg.Touch.TouchAllAndWait(ctx)
	} else {
		err = e.cfg.Touch.TouchAndWait(ctx, hashes)
	}
	if err != nil {
		e.cfg.Log.Debug("the state does not know yet what a command has done", "error", err)
	}
}
