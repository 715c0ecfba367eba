package owners

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"offing/controller/internal/account"
	"offing/tunnel/state"
)

// Filter says of which torrents Present tells. Its zero value is all of them.
type Filter struct {
	Box     string       // those of this box; empty = of all
	User    account.User // those of which this person was given something; empty = all
	Unowned bool         // those that nobody owns
}

// Torrent is a torrent that a box has, with who may see it.
type Torrent struct {
	Key
	Name   string
	Size   int64   // bytes wanted
	Added  int64   // Unix seconds
	Grants []Grant // shared, not to be written to
}

// Present returns the torrents that the boxes have now, by box and name. It looks
// at each, and is for administrators.
func (o *Owners) Present(f Filter) []Torrent {
	var found []Torrent
	states := o.tally.states()
	for _, box := range slices.Sorted(maps.Keys(states)) {
		if f.Box != "" && f.Box != box {
			continue
		}
		first := len(found)
		states[box].Each(func(t *state.Torrent) bool {
			k := Key{box, t.Hash}
			grants := o.Grants(k, t.Added)
			if (f.User == "" || AccessOf(grants, f.User) != None) && !(f.Unowned && owned(grants)) {
				found = append(found, Torrent{k, t.Name, t.Size, t.Added, grants})
			}
			return true
		})
		slices.SortFunc(found[first:], func(a, b Torrent) int {
			return cmp.Or(strings.Compare(a.Name, b.Name), compareKeys(a.Key, b.Key))
		})
	}
	return found
}

// Shared returns who was given what of a torrent, to an administrator or to one
// of its owners. Anybody else gets ErrNotOwner when they may see it, and Unknown when
// they may not, whether it is there or not.
func (o *Owners) Shared(actor account.Principal, k Key) ([]Grant, error) {
	t, ok := o.tally.torrent(k)
	grants := o.Grants(k, t.Added)
	mine := AccessOf(grants, actor.User)
	switch {
	case ok && (actor.Role == account.RoleAdmin || mine == Own):
		return grants, nil
	case ok && mine != None:
		return nil, ErrNotOwner
	}
	return nil, o.unknown(k)
}
