package owners

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"offing/controller/internal/account"
	"offing/controller/internal/notices"
	"offing/tunnel/state"
)

// MaxTorrents bounds how many torrents one call of Change is for.
const MaxTorrents = 1000

// Change gives user an access to torrents, or takes it with None, if actor may
// do so to each of them, else it does nothing: an administrator may do everything,
// and an owner gives and takes See and Act. It returns how many torrents are now
// otherwise, even with an error of the store; doing it again then does the rest.
//
// It returns Unknown for a torrent that is not there, or of which actor has nothing;
// ErrUnknownPerson, ErrNotOwner, ErrOwnership, ErrNoRoom or ErrTooMany.
func (o *Owners) Change(ctx context.Context, actor account.Principal, keys []Key, user account.User, a Access) (int, error) {
	if len(keys) > MaxTorrents {
		return 0, ErrTooMany
	}
	told, changed, err := o.change(ctx, actor, keys, user, a)
	if len(told) > 0 && user != actor.User {
		o.notify(ctx, user, notices.KindShare, shareText(told[0], len(told), a))
	}
	return changed, err
}

// change is Change without the notice: it returns the names of the torrents with
// which user can now do something else.
func (o *Owners) change(ctx context.Context, actor account.Principal, keys []Key, user account.User, a Access) (told []string, changed int, err error) {
	o.writing.Lock()
	defer o.writing.Unlock()
	seen, err := o.allowed(ctx, actor, keys, user, a)
	if err != nil {
		return nil, 0, err
	}
	could := make(map[Key]Access, len(keys))
	for _, k := range keys {
		could[k] = o.Access(user, k, seen[k].Added)
	}
	changed, err = o.editLocked(ctx, keys, func(k Key, r record) record {
		// Of a box that is away it is supposed that it has what it had.
		return r.give(cmp.Or(seen[k].Added, r.added), user, a)
	})
	for _, k := range keys {
		before, again := could[k]
		delete(could, k) // keys may name it twice
		if again && o.Access(user, k, seen[k].Added) != before {
			told = append(told, seen[k].Name)
		}
	}
	return told, changed, err
}

// Set gives user an access to torrents, or takes it with None, for the
// controller itself: it asks nobody whether that may be. added is that of
// state.Torrent for each key, or 0 for a torrent that the box is about to get,
// which makes void what was given of an earlier one. It returns how many torrents
// are now otherwise, as Change does.
func (o *Owners) Set(ctx context.Context, added map[Key]int64, user account.User, a Access) (int, error) {
	o.writing.Lock()
	defer o.writing.Unlock()
	return o.editLocked(ctx, slices.Collect(maps.Keys(added)), func(k Key, r record) record {
		if a == None {
			return r.give(r.added, user, None)
		}
		return r.give(added[k], user, a)
	})
}

// Forget takes all from a person who is removed, or who is about to be made and
// shall inherit nothing: grants, the rules that give them more, and the quota.
func (o *Owners) Forget(ctx context.Context, user account.User) error {
	o.writing.Lock()
	defer o.writing.Unlock()
	if err := o.forgetRulesLocked(ctx, user); err != nil {
		return err
	}
	take := func(_ Key, r record) record { r.grants = with(r.grants, user, None); return r }
	if _, err := o.editLocked(ctx, o.Torrents(user), take); err != nil {
		return err
	}
	return o.setQuotaLocked(ctx, user, Quota{})
}

// give returns the record after user was given a of the torrent that was added
// then. What was given of another torrent of the same hash is dropped.
func (r record) give(added int64, user account.User, a Access) record {
	if r.added != 0 && r.added != added {
		r = record{}
	}
	r.added = added
	r.grants = with(r.grants, user, a)
	return r
}

// allowed tells whether actor may give user the access a to each of keys, and
// returns the torrents that the boxes have. What it says of torrents that actor
// may not see must not depend on whether they exist.
func (o *Owners) allowed(ctx context.Context, actor account.Principal, keys []Key, user account.User, a Access) (map[Key]state.Torrent, error) {
	admin := actor.Role == account.RoleAdmin
	if a == Own && !admin {
		return nil, ErrOwnership
	}
	seen := make(map[Key]state.Torrent, len(keys))
	for _, k := range keys {
		t, ok := o.tally.torrent(k)
		if ok {
			seen[k] = t
		}
		var err error
		if admin {
			err = o.adminMay(k, a)
		} else {
			err = o.ownerMay(actor.User, k, t.Added, ok, user)
		}
		if err != nil {
			return nil, err
		}
	}
	if a == None {
		return seen, nil // from whom does not matter, they need not exist any more
	}
	if ok, err := o.people.Exists(ctx, user); err != nil {
		return nil, fmt.Errorf("look for a person: %w", err)
	} else if !ok {
		return nil, ErrUnknownPerson
	}
	return seen, nil
}

// adminMay: administrators may give what a box does not have yet, and take what
// it never had, but a box that does not exist was misspelt.
func (o *Owners) adminMay(k Key, a Access) error {
	if a != None && o.tally.box(k.Box) == nil {
		return ErrUnknownTorrent
	}
	return nil
}

// ownerMay tells whether actor may change what user may do with the torrent that
// the box has, if it has it, under k since added.
func (o *Owners) ownerMay(actor account.User, k Key, added int64, exists bool, user account.User) error {
	grants := o.Grants(k, added)
	switch mine := AccessOf(grants, actor); {
	case !exists || mine == None:
		return o.unknown(k)
	case mine != Own:
		return ErrNotOwner
	case AccessOf(grants, user) == Own:
		return ErrOwnership
	}
	return nil
}

// unknown is Unknown of the box of now.
func (o *Owners) unknown(k Key) error { return Unknown(k.Box, o.tally.box(k.Box)) }

// shareText says to a person that they were given, or lost, a torrent and
// perhaps others. A torrent that no box has yet has no name.
func shareText(name string, torrents int, a Access) string {
	const most = 100 // characters of a name
	if short := []rune(name); len(short) > most {
		name = string(short[:most]) + "…"
	}
	subject := "“" + name + "”"
	if name == "" {
		subject = "A torrent"
	}
	verb, count := "was", "it counts"
	if torrents > 1 {
		subject = fmt.Sprintf("%s and %d more", subject, torrents-1)
		verb, count = "were", "they count"
	}
	switch a {
	case See:
		return fmt.Sprintf("%s %s shared with you: you can see what it does.", subject, verb)
	case Act:
		return fmt.Sprintf("%s %s shared with you: you can start and stop it.", subject, verb)
	case Own:
		return fmt.Sprintf("%s %s given to you: %s against your quota.", subject, verb, count)
	}
	return fmt.Sprintf("%s %s taken from you, or no longer shared.", subject, verb)
}
