package owners

import (
	"cmp"
	"context"

	"offing/controller/internal/account"
)

// Claim makes user an owner of what they are about to add, for the controller
// itself, and returns what they had before. What others were given stays, unless
// the box was seen to remove it. Whether the box has the torrent already is not
// always known here: so user counts as one who joined until Land says otherwise.
func (o *Owners) Claim(ctx context.Context, k Key, user account.User) (before Access, err error) {
	o.writing.Lock()
	defer o.writing.Unlock()
	t, there := o.tally.torrent(k)
	_, err = o.editLocked(ctx, []Key{k}, func(_ Key, r record) record {
		if r.gone && (!there || r.other(t.Added)) {
			r = record{}
		}
		before = AccessOf(r.of(t.Added), user)
		r.added = cmp.Or(r.added, t.Added)
		if AccessOf(r.grants, user) < Own {
			r.grants = withGrant(r.grants, Grant{user, Own, true})
		}
		return r
	})
	return before, err
}

// Land makes user an owner of what the box has since they added it. joined tells
// that the box had it before, else nothing counts any more that was given of an
// earlier torrent; old is the state.Torrent.Added of such a one that home knew of
// when it was asked for, or 0: it may still be in home's copy.
func (o *Owners) Land(ctx context.Context, k Key, user account.User, old int64, joined bool) error {
	o.writing.Lock()
	defer o.writing.Unlock()
	t, there := o.tally.torrent(k)
	stale := !joined && old != 0
	there = there && !(stale && t.Added == old)
	_, err := o.editLocked(ctx, []Key{k}, func(_ Key, r record) record {
		void := r.gone || stale && r.added == old
		if there {
			void = r.other(t.Added) && (r.gone || !joined)
		}
		if void {
			r = record{}
		}
		if there {
			r.added = cmp.Or(r.added, t.Added)
		}
		if g := GrantOf(r.grants, user); g.Access < Own || g.Joined && !joined {
			r.grants = withGrant(r.grants, Grant{user, Own, joined})
		}
		return r
	})
	return err
}

// Counted tells whether k counts against the quota of u already.
func (o *Owners) Counted(u account.User, k Key) bool {
	o.tally.mu.Lock()
	defer o.tally.mu.Unlock()
	return AccessOf(o.tally.counted[k].grants, u) == Own
}

// Grant returns what u was given of the torrent that the box has under k, and
// false when the box has none.
func (o *Owners) Grant(u account.User, k Key) (Grant, bool) {
	t, ok := o.tally.torrent(k)
	return GrantOf(o.Grants(k, t.Added), u), ok
}
