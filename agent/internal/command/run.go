package executor

import (
	"context"
	"slices"
	"sync"
	"time"

	"offing/tunnel/command"
)

// Run does commands until ctx ends, and returns nil when nobody works any more. What
// has begun by then is finished by the next Run, of this or another process.
func (e *Executor) Run(ctx context.Context) error {
	var workers, teller sync.WaitGroup
	defer func() {
		workers.Wait()
		e.mu.Lock()
		e.closed = true
		e.mu.Unlock()
		teller.Wait()
	}()
	teller.Go(func() { e.tellAll(ctx) })
	for {
		for x, c := e.next(ctx); x != nil; x, c = e.next(ctx) {
			workers.Go(func() { e.work(c, x) })
		}
		select {
		case <-e.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// next takes the command that is to be done next.
func (e *Executor) next(ctx context.Context) (*entry, context.Context) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ctx.Err() != nil {
		return nil, nil
	}
	x := e.pickLocked()
	if x == nil {
		return nil, nil
	}
	if x.slow() {
		e.slow++
	} else {
		e.fast = true
	}
	x.running = true
	ctx, x.cancel = context.WithCancel(ctx)
	return x, ctx
}

// work does one command. When ctx ends it stays without a result.
func (e *Executor) work(ctx context.Context, x *entry) {
	slow := x.slow()
	t := &task{Executor: e, entry: x, kind: x.command.Kind, result: &command.Result{}}
	if x.partial != nil {
		partial := *x.partial // a mark is not changed
		t.result = &partial
		t.result.Faults = slices.Clone(partial.Faults)
	}
	done := t.perform(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	x.cancel()
	if x.cancelled && !x.begun {
		t.result, done = &command.Result{Fault: cancelled()}, true
	}
	if done {
		// The record of the next beginning takes this one to the disk.
		e.endLocked(x, t.result, t.touched, t.touchAll)
	}
	x.running = false
	e.expireLocked()
	if slow {
		e.slow--
	} else {
		e.fast = false
	}
	if e.journal.size > rewriteSize+2*e.journal.base {
		e.compactLocked()
	}
	wakeUp(e.wake)
}

// wait returns after d, or false when ctx ends.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
