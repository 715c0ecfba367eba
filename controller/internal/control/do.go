package control

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// Lives of commands.
const (
	usualLife = 24 * time.Hour
	maxLife   = 30 * 24 * time.Hour
)

// Do has done what p may do, one Order for each box that is concerned, in the order
// of their names; when p may not do it to every torrent nothing is done at all. It
// returns as soon as the orders are on the disk and on their way; Wait waits for what
// comes of them.
func (c *Control) Do(ctx context.Context, p account.Principal, r Request) ([]Order, error) {
	if err := mayAsk(p, r.Command.Kind); err != nil {
		return nil, err
	}
	if r.Command.Kind.Question() {
		return nil, &command.Fault{Code: command.BadCommand, Text: "a question is not kept; ask it while the line is up"}
	}
	if r.Life <= 0 {
		r.Life = usualLife
	}
	r.Life = min(r.Life, maxLife)
	switch r.Command.Kind {
	case command.Add:
		return c.add(ctx, p, r)
	case command.Remove:
		return c.remove(ctx, p, r)
	case command.Move, command.Rename:
		c.deciding.Lock()
		defer c.deciding.Unlock()
	}
	lines := c.look()
	orders, err := c.ordersOf(p, r, lines)
	if err != nil {
		return nil, err
	}
	if err := c.checkNames(p, orders, lines); err != nil {
		return nil, err
	}
	return c.commit(ctx, p, orders)
}

// ordersOf returns what r comes to, one order for each box, and has looked whether
// p may do it.
func (c *Control) ordersOf(p account.Principal, r Request, lines map[string]line) ([]*order, error) {
	if !r.Command.Kind.AboutTorrents() {
		if lines[r.Box].state == nil {
			return nil, ErrUnknownBox
		}
		o, err := c.newOrder(p, r, r.Box, nil)
		return []*order{o}, err
	}
	if len(r.Torrents) == 0 {
		return nil, &command.Fault{Code: command.NoTorrents, Text: "no torrent was named, which never means all of them; name one at least"}
	}
	need := needs(&r.Command)
	seen, byBox := make(map[owners.Key]bool, len(r.Torrents)), map[string][]state.Hash{}
	for _, k := range r.Torrents {
		if seen[k] {
			continue
		}
		seen[k] = true
		if err := c.mayTouch(p, k, lines, need); err != nil {
			return nil, err
		}
		byBox[k.Box] = append(byBox[k.Box], k.Hash)
	}
	var orders []*order
	for _, box := range slices.Sorted(maps.Keys(byBox)) {
		o, err := c.newOrder(p, r, box, byBox[box])
		if err != nil {
			return nil, err
		}
		orders = append(orders, o)
	}
	return orders, nil
}

// newOrder returns an order for one box, whose command has been checked.
func (c *Control) newOrder(p account.Principal, r Request, box string, torrents []state.Hash) (*order, error) {
	cmd := r.Command
	cmd.ID, cmd.Torrents = command.NewID(), torrents
	if err := cmd.Check(); err != nil {
		return nil, err
	}
	now := c.cfg.Now().UTC()
	o := &order{
		Order: Order{
			ID: cmd.ID, Box: box, User: p.User, Do: cmd.Kind, Torrents: torrents, State: Waiting, Of: len(torrents),
			Created: now, Expires: now.Add(r.Life),
		},
		plan: plan{Admin: p.Role == account.RoleAdmin},
		cmd:  &cmd, over: make(chan struct{}),
	}
	value, err := encodeBody(o, nil)
	o.size = len(value) + orderOverhead
	return o, err
}

// commit keeps the orders and sends them on their way. Those whose ending is set
// have ended already.
func (c *Control) commit(ctx context.Context, p account.Principal, orders []*order) ([]Order, error) {
	var going []*order
	for _, o := range orders {
		if o.ending == nil {
			going = append(going, o)
		}
	}
	if err := c.reserve(p.User, going); err != nil {
		return nil, err
	}
	if err := c.keep(ctx, orders); err != nil {
		c.release(p.User, going)
		return nil, err
	}
	c.release(p.User, going) // they count for themselves now
	shown := make([]Order, 0, len(orders))
	c.mu.Lock()
	for _, o := range orders {
		c.addLocked(o)
		shown = append(shown, c.shownLocked(o))
	}
	c.mu.Unlock()
	c.tell(p.User)
	for _, o := range orders {
		if o.State == Sent {
			c.hand(o)
		}
		c.audit(ctx, p, o)
	}
	c.wake()
	return shown, nil
}

// keep writes new orders to the disk, all or none. What may go out at once is
// written as sent.
func (c *Control) keep(ctx context.Context, orders []*order) error {
	c.mu.Lock()
	for _, o := range orders {
		c.seq++
		o.seq = c.seq
		if o.ending == nil && c.lines[o.Box].up && !c.aheadLocked(o.Box) {
			o.State = Sent
		}
		o.waited = o.State == Waiting
	}
	c.mu.Unlock()
	for i, o := range orders {
		now := c.cfg.Now().UTC()
		size, err := c.journal.write(ctx, o, o.State, o.ending, now)
		if err != nil {
			c.discard(ctx, orders[:i+1])
			return fmt.Errorf("keep a command: %w", err)
		}
		if e := o.ending; e != nil {
			o.size, o.State, o.Result, o.Ended, o.Done, o.ending, o.cmd = size, e.state, e.result, now, o.Of, nil, nil
		}
	}
	return nil
}

// discard takes back what was kept of orders that nobody will be told of.
func (c *Control) discard(ctx context.Context, orders []*order) {
	for _, o := range orders {
		if err := c.journal.forget(context.WithoutCancel(ctx), o.ID); err != nil {
			c.mu.Lock()
			c.trash[o.ID] = struct{}{}
			c.mu.Unlock()
		}
	}
}

// audit records what administrators do to others' torrents and to boxes.
func (c *Control) audit(ctx context.Context, p account.Principal, o *order) {
	if p.Role != account.RoleAdmin {
		return
	}
	if !o.Do.AboutTorrents() {
		switch {
		case o.Do == command.Add && o.target() != p.User:
			c.cfg.Audit(ctx, p, "torrent.add", fmt.Sprintf("on %s, for %s", o.Box, o.Target))
		case o.Do == command.Configure:
			c.cfg.Audit(ctx, p, "settings.change", "of "+o.Box)
		case o.Do == command.Blocklist:
			c.cfg.Audit(ctx, p, "blocklist.update", "of "+o.Box)
		}
		return
	}
	c.mu.Lock()
	state := c.lines[o.Box]
	c.mu.Unlock()
	others := 0
	for _, h := range o.Torrents {
		t, _ := state.torrent(h)
		if theirs, mine := c.othersOwn(p.User, owners.Key{Box: o.Box, Hash: h}, t.Added); theirs && !mine {
			others++
		}
	}
	if others > 0 {
		c.cfg.Audit(ctx, p, "torrent."+string(o.Do), fmt.Sprintf("%s of others on %s", torrents(others), o.Box))
	}
}

// torrents counts them for a person.
func torrents(n int) string {
	if n == 1 {
		return "1 torrent"
	}
	return fmt.Sprintf("%d torrents", n)
}
