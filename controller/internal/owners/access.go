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

// access returns what grants give to u.
func access(grants []Grant, u account.User) Access {
	if i, ok := find(grants, u); ok {
		return grants[i].Access
	}
	return None
}

// owned tells whether grants make anybody an owner.
func owned(grants []Grant) bool {
	return slices.ContainsFunc(grants, func(g Grant) bool { return g.Access == Own })
}

// with returns grants in which u has a, which takes what u had when it is None.
// It does not write to grants, which it returns when they say so already.
func with(grants []Grant, u account.User, a Access) []Grant {
	i, ok := find(grants, u)
	switch {
	case ok && grants[i].Access == a, !ok && a == None:
		return grants
	case a == None:
		return slices.Concat(grants[:i], grants[i+1:])
	case ok:
		grants = slices.Clone(grants)
		grants[i].Access = a
		return grants
	}
	return slices.Concat(grants[:i], []Grant{{u, a}}, grants[i:])
}

func find(grants []Grant, u account.User) (int, bool) {
	return slices.BinarySearchFunc(grants, u, func(g Grant, u account.User) int {
		return strings.Compare(string(g.User), string(u))
	})
}
