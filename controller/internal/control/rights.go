package control

import (
	"reflect"

	"offing/controller/internal/account"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
)

// needs returns what somebody must have of a torrent to do c to it.
func needs(c *command.Command) owners.Access {
	switch c.Kind {
	case command.Start, command.StartNow, command.Stop, command.Verify, command.Reannounce:
		return owners.Act
	case command.Change:
		if c.Change != nil && filesOnly(*c.Change) {
			return owners.Act
		}
	}
	return owners.Own
}

// filesOnly tells whether nothing but which files are wanted, and how much, changes.
func filesOnly(c command.Changes) bool {
	c.Want, c.Skip, c.Low, c.Normal, c.High = nil, nil, nil, nil, nil
	return reflect.ValueOf(c).IsZero()
}

// forAdministrators tells whether the kind concerns the box as a whole.
func forAdministrators(k command.Kind) bool {
	return k == command.Configure || k == command.TestPort || k == command.Blocklist
}

// mayAsk tells whether p may do anything of that kind. Torrents are looked at one
// by one.
func mayAsk(p account.Principal, k command.Kind) error {
	switch {
	case p.Role != account.RoleAdmin && (p.Role != account.RoleUser || p.User == ""):
		return ErrNotAllowed
	case !p.May(account.ScopeControl):
		return ErrNotAllowed
	case forAdministrators(k) && !administrator(p):
		return ErrNotAllowed
	}
	return nil
}

// administrator tells whether p may do what is for administrators: an API token
// needs the scope for it.
func administrator(p account.Principal) bool {
	return p.Role == account.RoleAdmin && p.May(account.ScopeAdmin)
}

// mayTouch tells whether p may do what needs an access to the torrent under k. What
// it says of torrents that p may not see does not depend on whether they exist.
func (c *Control) mayTouch(p account.Principal, k owners.Key, lines map[string]line, need owners.Access) error {
	t, ok := lines[k.Box].torrent(k.Hash)
	has := owners.Own
	if p.Role != account.RoleAdmin {
		has = c.cfg.Owners.Access(p.User, k, t.Added)
	}
	switch {
	case !ok || has == owners.None:
		return owners.Unknown(k.Box, lines[k.Box].state)
	case has == owners.See:
		return ErrMayOnlySee
	case has < need:
		return owners.ErrNotOwner
	}
	return nil
}

// othersOwn tells whether somebody but u owns the torrent, and whether u does.
func (c *Control) othersOwn(u account.User, k owners.Key, added int64) (others, mine bool) {
	for _, g := range c.cfg.Owners.Grants(k, added) {
		switch {
		case g.Access != owners.Own:
		case g.User == u && u != "":
			mine = true
		default:
			others = true
		}
	}
	return others, mine
}
