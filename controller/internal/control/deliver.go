package control

import (
	"context"
	"errors"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/notices"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// hand gives an order that is on the disk as sent to the outbox of its box.
func (c *Control) hand(o *order) {
	c.mu.Lock()
	outbox, cmd := c.lines[o.Box].outbox, o.cmd
	if outbox == nil || o.with == outbox || o.ending != nil || cmd == nil {
		c.mu.Unlock()
		return
	}
	o.with = outbox
	c.mu.Unlock()
	err := outbox.Send(cmd, func(e command.Event) error { return c.news(o, e) })
	if err != nil { // it was checked before, by another version perhaps
		fault := &command.Fault{Code: command.BadCommand, Text: err.Error()}
		errors.As(err, &fault)
		_ = c.end(context.Background(), o, command.Result{Fault: fault}, false) // Run tries again
	}
}

// news takes in what the box says of an order. It is called by the outbox.
func (c *Control) news(o *order, e command.Event) error {
	if p := e.Progress; p != nil {
		c.mu.Lock()
		done := o.Settled + o.Refused + max(min(p.Done, p.Of), 0)
		news := !o.State.Ended() && done > o.Done && done <= o.Of
		if news {
			o.Done = done
			c.touchLocked(o)
		}
		c.mu.Unlock()
		if news {
			c.tell(o.User)
		}
	}
	if r := e.Result; r != nil {
		return c.end(context.Background(), o, *r, true)
	}
	return nil
}

// endingOf returns how an order ends of which the box, if it is its answer, says r.
func (o *order) endingOf(r command.Result, answer bool) *ending {
	r.ID = o.ID
	if !answer && r.Fault == nil { // all was settled without the box
		r.Done = 0
	}
	r.Done += o.Settled
	r.Failed += o.Refused
	if r.Fault != nil && o.Settled > 0 { // something was done
		r.Failed += o.Of - r.Done - r.Failed
		for _, h := range o.cmd.Torrents[:min(len(o.cmd.Torrents), command.MaxFailures)] {
			r.Faults = append(r.Faults, command.Failure{Torrent: h, Fault: *r.Fault})
		}
		r.Fault = nil
	}
	if o.Refused > 0 && r.Done == 0 && r.Fault == nil && len(r.Faults) == 0 {
		r.Fault = &command.Fault{Code: command.UnknownTorrent, Text: owners.ErrUnknownTorrent.Error()}
	}
	e := &ending{state: Done, result: r}
	switch {
	case r.Added != nil: // it is there, whatever went wrong after
	case r.Fault != nil && r.Fault.Code == command.Cancelled:
		e.state = Cancelled
	case r.Fault != nil && r.Fault.Code == command.Expired:
		e.state = Expired
	case r.Fault != nil, o.Of > 0 && r.Done == 0:
		e.state = Failed
	}
	return e
}

// end ends an order with a result, which may be the answer of its box: the owners
// know, then the disk, then whoever waits. Of several ends the first counts. After an
// error Run tries again.
func (c *Control) end(ctx context.Context, o *order, r command.Result, answer bool) error {
	c.mu.Lock()
	if o.State.Ended() {
		c.mu.Unlock()
		return nil
	}
	if o.ending == nil {
		o.ending = o.endingOf(r, answer)
	}
	c.mu.Unlock()
	return c.finish(ctx, o)
}

// finish does what is still to be done for an order that has an ending.
func (c *Control) finish(ctx context.Context, o *order) error {
	o.finishing.Lock()
	defer o.finishing.Unlock()
	c.mu.Lock()
	e, over := o.ending, o.State.Ended()
	c.mu.Unlock()
	if over || e == nil {
		return nil
	}
	if !e.settled {
		if err := c.settled(ctx, o, e); err != nil {
			c.cfg.Log.Warn("what a command has done could not be kept", "box", o.Box, "err", err)
			return err
		}
		e.settled = true
	}
	now := c.cfg.Now().UTC()
	size, err := c.journal.write(ctx, o, e.state, e, now)
	if err != nil {
		c.cfg.Log.Warn("the end of a command could not be kept", "box", o.Box, "err", err)
		return err
	}
	lonely := c.ended(o, e, size, now)
	c.tell(o.User)
	if err := c.journal.forgetParts(ctx, o.ID, nameCommand); err != nil {
		c.cfg.Log.Debug("a command is kept longer than it must be", "err", err) // the next Open removes it
	}
	if lonely {
		c.tellFailure(ctx, o, e)
	}
	c.wake() // there is room, or another may go out
	return nil
}

// ended makes the end of an order known, and tells whether nobody hears of it.
func (c *Control) ended(o *order, e *ending, size int, now time.Time) (lonely bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.deskLocked(o.User)
	d.waiting--
	d.waitingBytes -= o.size
	d.ended++
	d.endedBytes += size
	if d.ended > maxEnded || d.endedBytes > maxEndedBytes {
		c.sweepAt = time.Time{}
	}
	o.State, o.Result, o.Ended, o.Done = e.state, e.result, now, o.Of
	o.size, o.Torrents, o.ending, o.cmd = size, listed(o.Torrents), nil, nil
	c.touchLocked(o)
	close(o.over)
	return o.waiters == 0
}

// settled lets the owners know what came of an order.
func (c *Control) settled(ctx context.Context, o *order, e *ending) error {
	switch o.Do {
	case command.Add:
		return c.added(ctx, o, e)
	case command.Remove:
		return c.removed(ctx, o, &e.result)
	}
	return nil
}

// tellFailure tells a person that what they asked for was not done, when they could
// not see it: it has waited, and nobody waits for it.
func (c *Control) tellFailure(ctx context.Context, o *order, e *ending) {
	failed := e.state == Expired || (e.state == Failed || e.result.Fault != nil && e.state == Done) && (o.waited || o.resumed)
	if !failed || o.User == "" {
		return
	}
	text := "A command for " + o.Box + " (" + string(o.Do) + ") was not done"
	if e.result.Added != nil {
		text += " in full"
	}
	switch {
	case e.state == Expired:
		text += ": the line did not come up in time. Try it again."
	case e.result.Fault != nil:
		text += ": " + e.result.Fault.Text
	case len(e.result.Faults) > 0:
		text += ": " + e.result.Faults[0].Fault.Text
	}
	c.cfg.Notify(ctx, o.User, notices.KindCommand, text)
}

// recheck takes out of an order that has waited what its person may not do any
// more, and of a removal what others have come to own.
func (c *Control) recheck(ctx context.Context, o *order, l line) error {
	if err := c.recheckStanding(ctx, o); err != nil || o.isEnding(c) {
		return err
	}
	if o.Admin && o.Do != command.Remove || !o.Do.AboutTorrents() {
		return nil
	}
	need := needs(o.cmd)
	var lost, leaving []state.Hash
	if o.Do == command.Remove {
		leaving = c.leaving(o.User, o, l)
	}
	if !o.Admin {
		for _, h := range o.cmd.Torrents {
			t, _ := l.torrent(h)
			if c.cfg.Owners.Access(o.User, owners.Key{Box: o.Box, Hash: h}, t.Added) < need {
				lost = append(lost, h)
			}
		}
	}
	if err := c.leave(ctx, o.User, o.Box, leaving); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle(o, len(leaving), leaving)
	if o.ending == nil {
		c.settle(o, 0, lost)
	}
	return nil
}

// errBoxGone is said of commands whose box was removed.
var errBoxGone = &command.Fault{Code: command.Interrupted, Text: "the box was removed from the controller before the command had ended"}

// users returns the names of those whose orders they are.
func users(orders []*order) []account.User {
	all := make([]account.User, 0, len(orders))
	for _, o := range orders {
		all = append(all, o.User)
	}
	return all
}
