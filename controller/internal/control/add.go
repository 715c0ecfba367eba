package control

import (
	"context"
	"fmt"

	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// add is Do for additions.
func (c *Control) add(ctx context.Context, p account.Principal, r Request) ([]Order, error) {
	if r.For != "" && r.For != p.User && !administrator(p) {
		return nil, ErrNotAllowed
	}
	target := p.User
	if r.For != "" {
		target = r.For
	}
	if r.Command.Add == nil {
		return nil, &command.Fault{Code: command.BadCommand, Text: "it is not said what to add"}
	}
	t, err := torrentOf(r.Command.Add)
	if err != nil {
		return nil, err
	}
	c.deciding.Lock()
	defer c.deciding.Unlock()
	if err := c.checkPerson(ctx, target); err != nil {
		return nil, err
	}
	l := c.look()[r.Box]
	if l.state == nil {
		return nil, ErrUnknownBox
	}
	// Against what it has are quotas and the folders of others held.
	if err := fleet.Unheard(r.Box, l.state); err != nil {
		return nil, err
	}
	o, err := c.newOrder(p, r, r.Box, nil)
	if err != nil {
		return nil, err
	}
	o.Target, o.Hash, o.Bytes = string(target), t.hash, t.size
	if len(t.names) > 0 {
		o.plan.Name = t.names[0]
	}
	there, ok := l.torrent(t.hash)
	o.Old = there.Added
	if ok && t.hash != (state.Hash{}) && !c.removing(o.key()) {
		return c.join(ctx, p, o, there)
	}
	return c.bring(ctx, p, o, t, l)
}

func (c *Control) checkPerson(ctx context.Context, u account.User) error {
	if u == "" { // the controller's own socket adds for nobody
		return nil
	}
	ok, err := c.cfg.Owners.Exists(ctx, u)
	if err == nil && !ok {
		err = owners.ErrUnknownPerson
	}
	return err
}

// join makes somebody an owner of a torrent that the box has already.
func (c *Control) join(ctx context.Context, p account.Principal, o *order, there state.Torrent) ([]Order, error) {
	u, k := o.target(), o.key()
	had := c.cfg.Owners.Access(u, k, there.Added)
	if u != "" && had < owners.Own {
		if err := c.checkQuota(u, k, there.Size); err != nil {
			return nil, err
		}
		if _, err := c.cfg.Owners.Claim(ctx, k, u); err != nil {
			return nil, err
		}
		c.land(k, u, landing{old: there.Added, joined: true, bytes: there.Size})
	}
	o.Had = had != owners.None
	o.ending = &ending{state: Done, result: command.Result{ID: o.ID, Added: &command.Added{
		Hash: there.Hash, Name: there.Name, Duplicate: o.duplicate(true),
	}}}
	return c.commit(ctx, p, []*order{o})
}

// duplicate returns what the asker of an addition is told of whether it was there
// before: only what they could know.
func (o *order) duplicate(was bool) bool {
	return o.Had || was && o.Admin && o.target() == o.User
}

// bring has the box add a torrent.
func (c *Control) bring(ctx context.Context, p account.Principal, o *order, t torrent, l line) ([]Order, error) {
	u, k := o.target(), o.key()
	known := t.hash != (state.Hash{})
	if u != "" {
		if err := c.checkQuota(u, k, t.size); err != nil {
			return nil, err
		}
	}
	if p.Role != account.RoleAdmin || u != p.User {
		theirs := c.takenBy(u, o.Box, l, t.hash)
		for _, name := range t.names {
			if theirs.holds(place{dirs: folders(o.cmd.Add.Dir, l.state.Settings().DownloadDir), name: name, incomplete: true}) {
				return nil, ErrNameTaken
			}
		}
	}
	if known && u != "" {
		before, err := c.cfg.Owners.Claim(ctx, k, u)
		if err != nil {
			return nil, err
		}
		o.Claimed, o.Had = before < owners.Own, before != owners.None && !c.removing(k)
	}
	orders, err := c.commit(ctx, p, []*order{o})
	if err != nil {
		if e := c.unclaim(context.WithoutCancel(ctx), o, nil); e != nil {
			c.cfg.Log.Warn("an owner of what is not added stays", "box", o.Box, "err", e)
		}
	}
	return orders, err
}

// checkQuota returns a *owners.QuotaError when a torrent of that size does not fit
// into what u may have, with all that is on its way.
func (c *Control) checkQuota(u account.User, k owners.Key, size int64) error {
	type part struct {
		key   owners.Key
		bytes int64
	}
	var coming []part
	c.mu.Lock()
	for _, o := range c.orders {
		if o.Do == command.Add && !o.State.Ended() && o.target() == u {
			coming = append(coming, part{o.key(), o.Bytes})
		}
	}
	for at, l := range c.landings {
		if at.user == u {
			coming = append(coming, part{at.key, l.bytes})
		}
	}
	c.mu.Unlock()
	n, bytes, seen := 1, size, map[owners.Key]bool{k: k.Hash != state.Hash{}}
	for _, p := range coming {
		if seen[p.key] || c.cfg.Owners.Counted(u, p.key) {
			continue
		}
		seen[p.key] = p.key.Hash != state.Hash{}
		n++
		bytes += p.bytes
	}
	return c.cfg.Owners.CheckAdd(u, n, bytes)
}

// removing tells whether a removal of k is under way: what is added now comes after
// it.
func (c *Control) removing(k owners.Key) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.unendedLocked(k.Box) {
		if o.Do != command.Remove || o.cmd == nil {
			continue
		}
		for _, h := range o.cmd.Torrents {
			if h == k.Hash {
				return true
			}
		}
	}
	return false
}

// added lets the owners know what came of an addition, and hides in its result what
// the asker should not know.
func (c *Control) added(ctx context.Context, o *order, e *ending) error {
	r := &e.result
	if r.Added == nil { // with a fault beside it the torrent is there nevertheless
		return c.unclaim(ctx, o, r.Fault)
	}
	u, k, was := o.target(), owners.Key{Box: o.Box, Hash: r.Added.Hash}, r.Added.Duplicate
	if u != "" {
		ok, err := c.cfg.Owners.Exists(ctx, u)
		if err != nil {
			return fmt.Errorf("look for a person: %w", err)
		}
		if !ok {
			return nil
		}
		if k != o.key() { // a URL, or not what it seemed to be
			if err := c.unclaim(ctx, o, nil); err != nil {
				return err
			}
			has, there := c.cfg.Owners.Grant(u, k)
			o.Had = there && has.Access != owners.None
			o.Old = 0
		}
		if err := c.cfg.Owners.Land(ctx, k, u, o.Old, was); err != nil {
			return err
		}
		c.land(k, u, landing{old: o.Old, joined: was, bytes: o.Bytes})
	}
	told := *r.Added
	told.Duplicate = o.duplicate(was)
	r.Added = &told
	return nil
}

// unclaim takes a torrent from who was given it for an addition that failed.
func (c *Control) unclaim(ctx context.Context, o *order, f *command.Fault) error {
	if !o.Claimed || o.target() == "" || f != nil && f.Code == command.Interrupted {
		return nil // of an interrupted one it may come yet
	}
	u, k := o.target(), o.key()
	c.mu.Lock()
	for _, other := range c.orders {
		if other != o && other.Do == command.Add && !other.State.Ended() && other.target() == u && other.key() == k {
			c.mu.Unlock()
			return nil
		}
	}
	there, ok := c.lines[o.Box].torrent(k.Hash)
	c.mu.Unlock()
	if others, _ := c.othersOwn(u, k, there.Added); ok && !others && there.Added != o.Old {
		return nil // it has come nevertheless
	}
	_, err := c.cfg.Owners.Set(ctx, map[owners.Key]int64{k: 0}, u, owners.None)
	return err
}
