package control

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"offing/controller/internal/account"
	"offing/tunnel/command"
)

const (
	retryAfter = 5 * time.Second  // after the store failed
	sweepEvery = 30 * time.Second // what has expired or is old is found so much later at most
	keepEnded  = time.Hour
)

// Run delivers commands and looks after their results until ctx ends.
func (c *Control) Run(ctx context.Context) error {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	c.resume(ctx)
	for ctx.Err() == nil {
		news := c.cfg.Boxes.Changed()
		var retry <-chan time.Time
		if !c.step(ctx) {
			retry = time.After(retryAfter)
		}
		select {
		case <-ctx.Done():
		case <-news:
		case <-c.nudge:
		case <-retry:
		case <-sweep.C:
		}
	}
	return nil
}

// wake has Run take a step.
func (c *Control) wake() {
	select {
	case c.nudge <- struct{}{}:
	default:
	}
}

// resume gives what an earlier life may have sent to the outboxes again. It goes
// out when the lines are up, and the boxes know the IDs.
func (c *Control) resume(ctx context.Context) {
	c.look()
	c.mu.Lock()
	all := c.unendedLocked("")
	c.mu.Unlock()
	barred, unknown := c.barred(ctx, all)
	for _, o := range all {
		if o.State == Sent && !barred[o.User] && !unknown[o.User] {
			c.hand(o)
		}
	}
}

// step does what can be done now, and tells whether all of it was.
func (c *Control) step(ctx context.Context) bool {
	lines := c.look()
	now := c.cfg.Now()
	c.mu.Lock()
	all := c.unendedLocked("")
	c.mu.Unlock()
	barred, unknown := c.barred(ctx, all)
	ok := len(unknown) == 0
	blocked := map[string]bool{} // boxes whose first order could not go out
	for _, o := range all {
		switch l := lines[o.Box]; {
		case o.isEnding(c):
			ok = c.finish(ctx, o) == nil && ok
		case l.state == nil:
			ok = c.end(ctx, o, command.Result{Fault: errBoxGone}, false) == nil && ok
		case !now.Before(o.Expires):
			ok = c.expire(ctx, o) && ok
		case barred[o.User]:
			ok = c.abandon(ctx, o, errNoStanding) == nil && ok
		case unknown[o.User]:
			blocked[o.Box] = true
		case o.State == Waiting && l.up && !blocked[o.Box]:
			if !c.deliver(ctx, o, l) {
				blocked[o.Box], ok = true, false
			}
		case o.State == Sent && o.with != l.outbox:
			c.hand(o)
		}
	}
	ok = c.settleLandings(ctx, now) && ok
	return c.forgetOld(ctx, now) && ok
}

func (o *order) isEnding(c *Control) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return o.ending != nil || o.State.Ended()
}

// deliver hands over an order that has waited, once it is on the disk that the box
// may have it from now on.
func (c *Control) deliver(ctx context.Context, o *order, l line) bool {
	c.deciding.Lock()
	defer c.deciding.Unlock()
	ending, err := c.send(ctx, o, l)
	switch {
	case err != nil:
		c.cfg.Log.Warn("a command waits longer than it must", "box", o.Box, "err", err)
		return false
	case ending:
		return c.finish(ctx, o) == nil
	}
	c.tell(o.User)
	c.hand(o)
	return true
}

// send writes down that the box may have an order, unless it ends before.
func (c *Control) send(ctx context.Context, o *order, l line) (ending bool, err error) {
	o.finishing.Lock() // it does not end meanwhile
	defer o.finishing.Unlock()
	if o.isEnding(c) {
		return true, nil
	}
	if err := c.recheck(ctx, o, l); err != nil {
		return false, err
	}
	if o.isEnding(c) {
		return true, nil
	}
	if _, err := c.journal.write(ctx, o, Sent, nil, time.Time{}); err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o.State, o.resumed = Sent, false
	c.touchLocked(o)
	return false, nil
}

// expire gives up an order whose time is over.
func (c *Control) expire(ctx context.Context, o *order) bool {
	fault := &command.Fault{Code: command.Expired, Text: "its time was over before it could begin; ask for it again"}
	return c.abandon(ctx, o, fault) == nil
}

// abandon gives an order up and ends it with a fault, unless the box has it: then
// the box says what comes of it.
func (c *Control) abandon(ctx context.Context, o *order, f *command.Fault) error {
	o.finishing.Lock() // it does not go out meanwhile
	if c.giveUp(o) {
		f = c.doubt(o, f)
		c.mu.Lock()
		if o.ending == nil && !o.State.Ended() {
			o.ending = o.endingOf(command.Result{Fault: f}, false)
		}
		c.mu.Unlock()
	}
	o.finishing.Unlock()
	return c.finish(ctx, o)
}

// giveUp stops an order on its way. gone is true when there will be no more news of
// it.
func (c *Control) giveUp(o *order) (gone bool) {
	c.mu.Lock()
	with, waiting, asked := o.with, o.State == Waiting, o.asked
	o.asked = asked || !waiting
	c.mu.Unlock()
	return waiting || with == nil || !asked && with.Cancel(o.ID)
}

// doubt returns f, or that it cannot be told what was done of an order which an
// earlier life of the controller may have sent.
func (c *Control) doubt(o *order, f *command.Fault) *command.Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !o.resumed || o.State != Sent {
		return f
	}
	return &command.Fault{Code: command.Interrupted,
		Text: "the controller was started again while the line was down: the box may have done it or not; look, and ask for it again"}
}

// forgetOld lets go of orders that ended long ago, and of the oldest of who has
// too many.
func (c *Control) forgetOld(ctx context.Context, now time.Time) bool {
	c.mu.Lock()
	if now.Before(c.sweepAt) && len(c.trash) == 0 {
		c.mu.Unlock()
		return true
	}
	c.sweepAt = now.Add(sweepEvery / 2)
	var over []*order
	ended := map[account.User][]*order{}
	for _, o := range c.orders {
		if o.State.Ended() {
			ended[o.User] = append(ended[o.User], o)
		}
	}
	for u, all := range ended {
		slices.SortFunc(all, func(a, b *order) int { return cmp.Or(a.Ended.Compare(b.Ended), cmp.Compare(a.seq, b.seq)) })
		d := c.deskLocked(u)
		for _, o := range all {
			if d.ended <= maxEnded && d.endedBytes <= maxEndedBytes && now.Sub(o.Ended) < keepEnded {
				break
			}
			c.removeLocked(o)
			over = append(over, o)
		}
	}
	ids := slices.Collect(maps.Keys(c.trash))
	c.mu.Unlock()
	c.tell(users(over)...)
	for _, id := range ids {
		if err := c.journal.forget(ctx, id); err != nil {
			if ctx.Err() == nil {
				c.cfg.Log.Warn("old commands could not be removed", "err", err)
			}
			return false
		}
		c.mu.Lock()
		delete(c.trash, id)
		c.mu.Unlock()
	}
	return true
}
