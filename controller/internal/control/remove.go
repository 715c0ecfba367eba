package control

import (
	"context"
	"fmt"
	"slices"

	"offing/controller/internal/account"
	"offing/controller/internal/notices"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// remove is Do for removals. Where others own a torrent too only the grant goes;
// the rest goes out. An administrator who does not own a torrent removes it for all.
func (c *Control) remove(ctx context.Context, p account.Principal, r Request) ([]Order, error) {
	c.deciding.Lock()
	defer c.deciding.Unlock()
	lines := c.look()
	orders, err := c.ordersOf(p, r, lines)
	if err != nil {
		return nil, err
	}
	drops := make([][]state.Hash, len(orders))
	for i, o := range orders {
		drops[i] = c.leaving(p.User, o, lines[o.Box])
		if rest := without(o.Torrents, drops[i]); len(rest) > 0 && p.Role != account.RoleAdmin && r.Command.Remove.Data {
			if err := c.checkData(p.User, o.Box, rest, lines[o.Box]); err != nil {
				return nil, err
			}
		}
	}
	for i, o := range orders {
		if err := c.leave(ctx, p.User, o.Box, drops[i]); err != nil {
			return nil, err
		}
		c.settle(o, len(drops[i]), drops[i])
	}
	return c.commit(ctx, p, orders)
}

// leaving returns the torrents of a removal that others own as well as u.
func (c *Control) leaving(u account.User, o *order, l line) []state.Hash {
	var leaving []state.Hash
	for _, h := range o.cmd.Torrents {
		t, _ := l.torrent(h)
		if others, mine := c.othersOwn(u, owners.Key{Box: o.Box, Hash: h}, t.Added); others && mine {
			leaving = append(leaving, h)
		}
	}
	return leaving
}

// leave takes torrents from a person.
func (c *Control) leave(ctx context.Context, u account.User, box string, hashes []state.Hash) error {
	if len(hashes) == 0 || u == "" {
		return nil
	}
	keys := make(map[owners.Key]int64, len(hashes))
	for _, h := range hashes {
		keys[owners.Key{Box: box, Hash: h}] = 0
	}
	_, err := c.cfg.Owners.Set(ctx, keys, u, owners.None)
	return err
}

// settle takes torrents out of an order's command, of which so many are done. When
// none is left the order has ended.
func (c *Control) settle(o *order, done int, hashes []state.Hash) {
	if len(hashes) == 0 {
		return
	}
	cmd := *o.cmd
	cmd.Torrents = without(cmd.Torrents, hashes)
	o.cmd = &cmd
	o.Settled += done
	o.Refused += len(hashes) - done
	o.Done = o.Settled + o.Refused
	if len(cmd.Torrents) == 0 {
		o.ending = o.endingOf(command.Result{ID: o.ID}, false)
	}
}

// without returns the hashes that are not among others, in their order.
func without(hashes, others []state.Hash) []state.Hash {
	if len(others) == 0 {
		return hashes
	}
	out := make(map[state.Hash]bool, len(others))
	for _, h := range others {
		out[h] = true
	}
	return slices.DeleteFunc(slices.Clone(hashes), func(h state.Hash) bool { return out[h] })
}

// removed lets the owners know what a removal has done. A torrent that the box did
// not have any more is as good as removed.
func (c *Control) removed(ctx context.Context, o *order, r *command.Result) error {
	if r.Fault != nil || r.Failed-o.Refused > len(r.Faults) {
		return nil // what has gone is seen to be gone
	}
	var stays []state.Hash
	for _, f := range r.Faults {
		if f.Fault.Code != command.UnknownTorrent {
			stays = append(stays, f.Torrent)
		}
	}
	gone := without(o.cmd.Torrents, stays)
	if o.Admin {
		c.tellOwners(ctx, o, gone)
	}
	return c.leave(ctx, o.User, o.Box, gone)
}

// tellOwners tells those whose torrents an administrator has removed.
func (c *Control) tellOwners(ctx context.Context, o *order, gone []state.Hash) {
	lost := map[account.User]int{}
	for _, h := range gone {
		for _, g := range c.cfg.Owners.Grants(owners.Key{Box: o.Box, Hash: h}, 0) {
			if g.Access == owners.Own && g.User != o.User {
				lost[g.User]++
			}
		}
	}
	for u, n := range lost {
		c.cfg.Notify(ctx, u, notices.KindCommand, fmt.Sprintf("An administrator removed %s of yours from %s.", torrents(n), o.Box))
	}
}
