package view

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"offing/controller/internal/owners"
)

// linger is how long a view is kept current after somebody last looked: a little
// longer than the hub lets a page resume. A mark of a view that is no longer kept
// makes the next one begin with all it has.
const linger = 75 * time.Second

// seat is a feed's place before its viewer's table.
type seat struct {
	views *Views
	who   viewer
	at    atomic.Pointer[table]
}

// lock returns the viewer's live table, which is made if it must be, with its mu
// held.
func (s *seat) lock() *table {
	for {
		if t := s.at.Load(); t != nil {
			if t.mu.Lock(); !t.closed {
				return t
			}
			t.mu.Unlock()
		}
		s.views.update(func() { s.at.Store(s.views.tableLocked(s.who)) })
	}
}

// watch has changed called when the table has news for the list, and has the
// boxes in it polled often if looks is set.
func (s *seat) watch(changed func(), looks bool, list func(*table) *watchers) (stop func()) {
	w := &watcher{changed: changed}
	var t *table
	s.views.update(func() {
		t = s.views.tableLocked(s.who)
		list(t).add(w)
		if looks {
			t.lookers++
			s.views.lookLocked(t)
		}
	})
	s.at.Store(t)
	return sync.OnceFunc(func() {
		s.views.update(func() {
			list(t).remove(w)
			if looks {
				t.lookers--
				s.views.lookLocked(t)
			}
			t.left = time.Now()
		})
	})
}

// tableLocked returns a viewer's live table.
func (v *Views) tableLocked(who viewer) *table {
	t := v.tables[who]
	if t == nil {
		v.syncLocked()
		for _, b := range *v.shown.Load() {
			v.routeLocked(b) // so that the new table is not told what it begins with
		}
		v.lastID++
		t = newTable(v.lastID, who)
		v.tables[who] = t
		v.fillLocked(t)
		v.publishLocked()
	}
	t.left = time.Now()
	return t
}

// fillLocked puts what its viewer may see into a new table. What the router has
// not told the others yet is in it already, and will be marked once more.
func (v *Views) fillLocked(t *table) {
	if !t.who.admin() {
		for _, k := range v.cfg.Owners.Torrents(t.who.user) {
			if b := v.boxes[k.Box]; b != nil {
				v.fillOneLocked(t, b, b.look(k.Hash))
			}
		}
		return
	}
	for _, b := range v.boxes {
		for _, c := range slices.Backward(b.all()) {
			v.fillOneLocked(t, b, c)
		}
	}
}

func (v *Views) fillOneLocked(t *table, b *box, c change) {
	if c.removed {
		return
	}
	grants := v.cfg.Owners.Grants(owners.Key{Box: b.name, Hash: c.hash}, c.added)
	if t.who.admin() {
		v.putLocked(t, b, &c, owners.Grant{Access: owners.Own}, grants)
	} else if g := owners.GrantOf(grants, t.who.user); g.Access != owners.None {
		v.putLocked(t, b, &c, g, nil)
	}
}

// sweepLocked forgets the views at which nobody has looked for long.
func (v *Views) sweepLocked(now time.Time) {
	v.sweepAt = now.Add(linger / 4)
	for who, t := range v.tables {
		if len(t.rows)+len(t.sums)+len(t.lines) > 0 || now.Sub(t.left) < linger {
			continue
		}
		delete(v.tables, who)
		t.mu.Lock()
		t.closed = true
		for _, e := range t.entries {
			e.box.unhold(t, e.hash)
		}
		t.entries, t.newest, t.oldest, t.gone = nil, nil, nil, nil
		t.mu.Unlock()
	}
}
