package view

import (
	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// Boxes returns the boxes as p may see them, in the order of their names: all of
// them for administrators, and for anybody else those that hold a torrent of
// theirs, with a copy of the state that has nothing but their torrents and how the
// daemon is.
func (v *Views) Boxes(p account.Principal) []fleet.Box {
	if !known(p) {
		return nil
	}
	all := v.cfg.Source.Boxes()
	if viewerOf(p).admin() {
		return all
	}
	theirs := make(map[string][]owners.Key)
	for _, k := range v.cfg.Owners.Torrents(p.User) {
		theirs[k.Box] = append(theirs[k.Box], k)
	}
	seen := []fleet.Box{}
	for _, b := range all {
		if part := v.part(p.User, b.State, theirs[b.Name]); part != nil {
			b.State = part
			seen = append(seen, b)
		}
	}
	return seen
}

// part returns a copy of what u may see of those torrents of a box, or nil when
// that is nothing.
func (v *Views) part(u account.User, s *state.State, keys []owners.Key) *state.State {
	part := state.New(s.Version().Epoch)
	_ = part.Update(func(tx *state.Tx) error { // only the function could fail
		for _, k := range keys {
			t, ok := s.Get(k.Hash)
			if !ok {
				continue
			}
			if g := owners.GrantOf(v.cfg.Owners.Grants(k, t.Added), u); g.Access != owners.None {
				t.ErrorText = textFor(t.ErrorText, Reads(g))
				if !g.Secrets() {
					t.Trackers = hosts(t.Trackers)
				}
				tx.Put(&t)
			}
		}
		daemon := s.Session()
		daemon.Version, daemon.RPCVersion = "", 0
		tx.SetSession(daemon)
		return nil
	})
	if part.Totals().Torrents == 0 {
		return nil
	}
	part.Touch(s.Fresh())
	return part
}
