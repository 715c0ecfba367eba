package control

import (
	"context"
	"fmt"
	"time"

	"offing/controller/internal/account"
	"offing/tunnel/command"
)

// Forget takes away what is kept of a person who is removed: what waits is given
// up, and what the boxes have already gives them nothing any more. Whoever gets the
// name next sees none of it.
func (c *Control) Forget(ctx context.Context, u account.User) error {
	if u == "" {
		return nil
	}
	c.deciding.Lock()
	defer c.deciding.Unlock()
	var theirs []*order
	c.mu.Lock()
	for at := range c.landings {
		if at.user == u {
			delete(c.landings, at)
		}
	}
	for _, o := range c.orders {
		if o.User == u || o.target() == u && !o.State.Ended() {
			theirs = append(theirs, o)
		}
	}
	c.mu.Unlock()
	for _, o := range theirs {
		if err := c.forgetOrder(ctx, o, u); err != nil {
			return fmt.Errorf("forget a person's commands: %w", err)
		}
	}
	c.tell(u)
	return nil
}

// forgetOrder takes an order from a person who is removed. An end of it that has
// begun is known to the owners before they forget the person.
func (c *Control) forgetOrder(ctx context.Context, o *order, u account.User) error {
	o.finishing.Lock()
	defer o.finishing.Unlock()
	c.mu.Lock()
	ended := o.State.Ended()
	c.mu.Unlock()
	if !ended {
		if o.User == u {
			if c.giveUp(o) && c.certain(o) {
				c.drop(o)
				return c.throwAway(ctx, o.ID)
			}
		}
		return c.disown(ctx, o, u)
	}
	if o.User != u {
		return nil // an administrator's, who has done it for them
	}
	c.drop(o)
	return c.throwAway(ctx, o.ID)
}

// certain tells whether no box can have the order, once no outbox has it.
func (c *Control) certain(o *order) bool { return c.doubt(o, nil) == nil }

// drop takes an order out of memory.
func (c *Control) drop(o *order) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.removeLocked(o)
	if !o.State.Ended() {
		o.State, o.cmd, o.ending = Cancelled, nil, nil
		close(o.over)
	}
}

// removeLocked takes an order out of what is listed, and marks it to be thrown away.
func (c *Control) removeLocked(o *order) {
	c.uncountLocked(o)
	delete(c.orders, o.ID)
	c.trash[o.ID] = struct{}{}
}

// uncountLocked takes an order off its person's desk.
func (c *Control) uncountLocked(o *order) {
	d := c.deskLocked(o.User)
	if o.State.Ended() {
		d.ended--
		d.endedBytes -= o.size
	} else {
		d.waiting--
		d.waitingBytes -= o.size
	}
	c.tidyLocked(o.User)
}

// disown makes an order that a box may have nobody's, which is to say the
// administrators'. It goes on, so that the box can let go of it.
func (c *Control) disown(ctx context.Context, o *order, u account.User) error {
	c.mu.Lock()
	if o.User == u {
		c.uncountLocked(o)
		o.User = ""
		d := c.deskLocked("")
		d.waiting++
		d.waitingBytes += o.size
	}
	if o.target() == u {
		o.Target, o.Gone = "", true
	}
	c.touchLocked(o)
	s := o.State
	c.mu.Unlock()
	_, err := c.journal.write(ctx, o, s, nil, time.Time{})
	return err
}

// throwAway removes what is kept of an order, now or later.
func (c *Control) throwAway(ctx context.Context, id command.ID) error {
	if err := c.journal.forget(ctx, id); err != nil {
		return err // it is in the trash
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.trash, id)
	return nil
}
