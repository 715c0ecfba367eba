package control

import (
	"context"
	"slices"
	"time"

	"offing/controller/internal/account"
	"offing/tunnel/command"
)

// askWithin bounds how long a question may take.
const askWithin = 30 * time.Second

// Ask asks a box a question (command.Kind.Question), which is neither kept nor
// repeated: it needs the line to be up. The error may be a *command.Fault.
func (c *Control) Ask(ctx context.Context, p account.Principal, box string, q command.Command) (command.Result, error) {
	if err := mayAsk(p, q.Kind); err != nil {
		return command.Result{}, err
	}
	if !q.Kind.Question() {
		return command.Result{}, &command.Fault{Code: command.BadCommand, Text: "this is no question"}
	}
	l := c.look()[box]
	if l.state == nil {
		return command.Result{}, ErrUnknownBox
	}
	if !l.up {
		return command.Result{}, &command.Fault{Code: command.DaemonAway, Text: l.why(box) + "; try again later"}
	}
	q.ID = command.NewID()
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	answer := make(chan command.Result, 1)
	err := l.outbox.Send(&q, func(e command.Event) error {
		if e.Result != nil {
			answer <- *e.Result
		}
		return nil
	})
	if err != nil {
		return command.Result{}, err
	}
	select {
	case r := <-answer:
		if r.Fault != nil {
			return command.Result{}, r.Fault
		}
		return r, nil
	case <-ctx.Done():
		l.outbox.Cancel(q.ID)
		return command.Result{}, &command.Fault{Code: command.DaemonAway, Text: "the box did not answer in time; try again later"}
	}
}

// findLocked returns an order that p may know of.
func (c *Control) findLocked(p account.Principal, id command.ID) (*order, bool) {
	o := c.orders[id]
	if o == nil || p.Role != account.RoleAdmin && (p.User == "" || o.User != p.User) {
		return nil, false
	}
	return o, true
}

// Wait returns the order once it has ended, or as it is when ctx does, without an
// error. Others' orders are ErrUnknownCommand, but for administrators.
func (c *Control) Wait(ctx context.Context, p account.Principal, id command.ID) (Order, error) {
	c.mu.Lock()
	o, ok := c.findLocked(p, id)
	if !ok {
		c.mu.Unlock()
		return Order{}, ErrUnknownCommand
	}
	o.waiters++
	c.mu.Unlock()
	select {
	case <-o.over:
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o.waiters--
	return c.shownLocked(o), nil
}

// Orders returns p's own orders, all of them for an administrator: those under way,
// and those that ended in the last hour, at most a thousand, the oldest first.
func (c *Control) Orders(p account.Principal) []Order {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.listLocked(func(o *order) bool { _, ok := c.findLocked(p, o.ID); return ok })
}

func (c *Control) listLocked(of func(*order) bool) []Order {
	var found []*order
	for _, o := range c.orders {
		if of(o) {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, (*order).compare)
	all := make([]Order, 0, len(found))
	for _, o := range found {
		all = append(all, c.shownLocked(o))
	}
	return all
}

// Changes returns u's own orders that are otherwise since a version, 0 for all of
// them, the oldest first, and the version of now.
func (c *Control) Changes(u account.User, since uint64) ([]Order, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.listLocked(func(o *order) bool { return o.User == u && o.version > since }), c.version
}

// Cancel gives up an order. Where the box has it already it is asked; Wait tells what
// came of it. ErrTooLate when it has ended.
func (c *Control) Cancel(ctx context.Context, p account.Principal, id command.ID) error {
	if !p.May(account.ScopeControl) {
		return ErrNotAllowed
	}
	c.mu.Lock()
	o, ok := c.findLocked(p, id)
	if !ok {
		c.mu.Unlock()
		return ErrUnknownCommand
	}
	if o.State.Ended() || o.ending != nil {
		c.mu.Unlock()
		return ErrTooLate
	}
	c.mu.Unlock()
	return c.abandon(ctx, o, &command.Fault{Code: command.Cancelled, Text: "it was cancelled before it began"})
}

// Watch calls changed, which must not block, after each change of what Orders
// returns for a person, until stop is called.
func (c *Control) Watch(u account.User, changed func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deskLocked(u).watchers[&changed] = struct{}{}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if d := c.desks[u]; d != nil {
			delete(d.watchers, &changed)
			c.tidyLocked(u)
		}
	}
}
