package owners

import (
	"fmt"
	"slices"
	"strings"

	"offing/controller/internal/account"
)

// Access is what somebody may do with a torrent. Each includes those below it.
type Access uint8

// The values of Access.
const (
	None Access = 0
	See  Access = 1 // see it and its details
	Act  Access = 2 // start, stop, choose files
	Own  Access = 3 // remove and share it; it counts against the quota
)

// accessNames are kept in the store and go over the wire.
var accessNames = [...]string{"none", "see", "act", "own"}

// String returns "none", "see", "act" or "own".
func (a Access) String() string {
	if int(a) < len(accessNames) {
		return accessNames[a]
	}
	return "unknown"
}

// MarshalText implements encoding.TextMarshaler with the form of String.
func (a Access) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with the words of String.
func (a *Access) UnmarshalText(text []byte) error {
	i := slices.Index(accessNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("an access is one of %s", strings.Join(accessNames[:], ", "))
	}
	*a = Access(i)
	return nil
}

// AccessOf returns what grants, which are sorted by user, give to u.
func AccessOf(grants []Grant, u account.User) Access { return GrantOf(grants, u).Access }

// GrantOf returns the grant of u, or one of None, out of those sorted by user.
func GrantOf(grants []Grant, u account.User) Grant {
	if i, ok := find(grants, u); ok {
		return grants[i]
	}
	return Grant{User: u}
}

// owned tells whether grants make anybody an owner.
func owned(grants []Grant) bool {
	return slices.ContainsFunc(grants, func(g Grant) bool { return g.Access == Own })
}

// with returns grants in which u has a, which takes what u had when it is None.
// It does not write to grants, which it returns when they say so already.
func with(grants []Grant, u account.User, a Access) []Grant {
	g := GrantOf(grants, u)
	if g.Access == a {
		return grants
	}
	return withGrant(grants, Grant{User: u, Access: a})
}

// withGrant is with, and says whether the owner joined.
func withGrant(grants []Grant, g Grant) []Grant {
	i, ok := find(grants, g.User)
	switch {
	case ok && grants[i] == g, !ok && g.Access == None:
		return grants
	case g.Access == None:
		return slices.Concat(grants[:i], grants[i+1:])
	case ok:
		grants = slices.Clone(grants)
		grants[i] = g
		return grants
	}
	return slices.Concat(grants[:i], []Grant{g}, grants[i:])
}

func find(grants []Grant, u account.User) (int, bool) {
	return slices.BinarySearchFunc(grants, u, func(g Grant, u account.User) int {
		return strings.Compare(string(g.User), string(u))
	})
}
