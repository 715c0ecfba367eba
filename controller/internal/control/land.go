package control

import (
	"context"
	"maps"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
)

// landWithin is by when a torrent that was added is seen.
const landWithin = 10 * time.Minute

// landed names what somebody has added and the box has said it has.
type landed struct {
	key  owners.Key
	user account.User
}

// landing is such a torrent until home sees it.
type landing struct {
	old    int64
	joined bool
	bytes  int64
	until  time.Time
}

// land waits for home to see what somebody has added.
func (c *Control) land(k owners.Key, u account.User, l landing) {
	l.until = c.cfg.Now().Add(landWithin)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.landings[landed{k, u}] = l
}

// landAgain does so for an order that ended before Control was opened.
func (c *Control) landAgain(o *order) {
	if o.Do != command.Add || o.State != Done || o.Result.Added == nil || o.Target == "" {
		return
	}
	if until := o.Ended.Add(landWithin); c.cfg.Now().Before(until) {
		k := owners.Key{Box: o.Box, Hash: o.Result.Added.Hash}
		g, _ := c.cfg.Owners.Grant(o.target(), k)
		if g.Access == owners.Own {
			c.landings[landed{k, o.target()}] = landing{old: o.Old, joined: g.Joined, bytes: o.Bytes, until: until}
		}
	}
}

// settleLandings sees to it that who has added a torrent owns the one that home has
// come to see.
func (c *Control) settleLandings(ctx context.Context, now time.Time) bool {
	c.mu.Lock()
	none := len(c.landings) == 0
	c.mu.Unlock()
	if none {
		return true
	}
	c.deciding.Lock()
	defer c.deciding.Unlock()
	c.mu.Lock()
	all := maps.Clone(c.landings)
	c.mu.Unlock()
	ok := true
	for at, l := range all {
		has, there := c.cfg.Owners.Grant(at.user, at.key)
		c.mu.Lock()
		t, _ := c.lines[at.key.Box].torrent(at.key.Hash)
		c.mu.Unlock()
		there = there && (l.joined || l.old == 0 || t.Added != l.old)
		if there && (has.Access != owners.Own || has.Joined && !l.joined) {
			if err := c.cfg.Owners.Land(ctx, at.key, at.user, l.old, l.joined); err != nil {
				c.cfg.Log.Warn("who has a torrent could not be kept", "err", err)
				ok = false
				continue
			}
		}
		if there && c.cfg.Owners.Counted(at.user, at.key) || now.After(l.until) {
			c.mu.Lock()
			delete(c.landings, at)
			c.mu.Unlock()
		}
	}
	return ok
}
