package owners

import (
	"maps"
	"slices"
	"sync"

	"offing/controller/internal/account"
	"offing/tunnel/state"
)

// tally counts what each person owns, and keeps their quotas. It is safe for
// concurrent use.
type tally struct {
	mu       sync.Mutex
	boxes    map[string]*state.State
	counted  map[Key]counted
	used     map[account.User]Usage // only of those who own something
	quotas   map[account.User]Quota // only of those who have a limit
	watchers map[account.User]map[*func()]struct{}
}

// counted is how a torrent went into used.
type counted struct {
	bytes  int64
	grants []Grant
}

func newTally() tally {
	return tally{
		boxes: map[string]*state.State{}, counted: map[Key]counted{},
		used: map[account.User]Usage{}, quotas: map[account.User]Quota{},
		watchers: map[account.User]map[*func()]struct{}{},
	}
}

// torrent returns what the box has under k.
func (t *tally) torrent(k Key) (state.Torrent, bool) {
	s := t.box(k.Box)
	if s == nil {
		return state.Torrent{}, false
	}
	return s.Get(k.Hash)
}

// box returns home's copy of a box, or nil when there is none.
func (t *tally) box(name string) *state.State {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.boxes[name]
}

// states returns the boxes of now.
func (t *tally) states() map[string]*state.State {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.boxes)
}

// setBoxes takes the boxes of now, and returns the keys that counted of those
// that are gone, or another's now.
func (t *tally) setBoxes(boxes map[string]*state.State) []Key {
	t.mu.Lock()
	defer t.mu.Unlock()
	if maps.Equal(t.boxes, boxes) {
		return nil
	}
	before := t.boxes
	t.boxes = boxes
	return t.countedLocked(func(box string) bool { return before[box] != boxes[box] })
}

// ofBox returns the keys that count of a box.
func (t *tally) ofBox(name string) []Key {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.countedLocked(func(box string) bool { return box == name })
}

func (t *tally) countedLocked(of func(box string) bool) []Key {
	var keys []Key
	for k := range t.counted {
		if of(k.Box) {
			keys = append(keys, k)
		}
	}
	return keys
}

// recount counts torrents as they are now, and tells those for whom something
// has changed. It looks at the box and at the grants itself, so that the last of
// several calls is right, whatever their order.
func (o *Owners) recount(keys []Key) {
	touched := map[account.User]struct{}{}
	t := &o.tally
	t.mu.Lock()
	for _, k := range keys {
		now := o.countLocked(k)
		before := t.counted[k]
		if before.bytes == now.bytes && slices.Equal(before.grants, now.grants) {
			continue
		}
		t.addLocked(before, -1, touched)
		t.addLocked(now, 1, touched)
		if len(now.grants) == 0 {
			delete(t.counted, k)
		} else {
			t.counted[k] = now
		}
	}
	t.mu.Unlock()
	t.call(touched)
}

// countLocked returns how k counts now.
func (o *Owners) countLocked(k Key) counted {
	s := o.tally.boxes[k.Box]
	if s == nil || len(o.index.get(k).grants) == 0 {
		return counted{}
	}
	torrent, ok := s.Get(k.Hash)
	if grants := o.Grants(k, torrent.Added); ok && owned(grants) {
		return counted{torrent.Size, grants}
	}
	return counted{}
}

// addLocked adds c so many times, and notes for whom.
func (t *tally) addLocked(c counted, times int, touched map[account.User]struct{}) {
	for _, g := range c.grants {
		if g.Access != Own {
			continue
		}
		u := t.used[g.User]
		u.Torrents += times
		u.Bytes += int64(times) * c.bytes
		touched[g.User] = struct{}{}
		if u.Torrents == 0 {
			delete(t.used, g.User)
		} else {
			t.used[g.User] = u
		}
	}
}

func (t *tally) quota(u account.User) (Quota, Usage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.quotas[u], t.used[u]
}

func (t *tally) setQuota(u account.User, q Quota) {
	t.mu.Lock()
	if q == (Quota{}) {
		delete(t.quotas, u)
	} else {
		t.quotas[u] = q
	}
	t.mu.Unlock()
	t.call(map[account.User]struct{}{u: {}})
}

func (t *tally) watch(u account.User, changed func()) (stop func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.watchers[u] == nil {
		t.watchers[u] = map[*func()]struct{}{}
	}
	t.watchers[u][&changed] = struct{}{}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.watchers[u], &changed)
		if len(t.watchers[u]) == 0 {
			delete(t.watchers, u)
		}
	}
}

// call tells who watches one of users.
func (t *tally) call(users map[account.User]struct{}) {
	var all []*func()
	t.mu.Lock()
	for u := range users {
		for f := range t.watchers[u] {
			all = append(all, f)
		}
	}
	t.mu.Unlock()
	for _, f := range all {
		(*f)()
	}
}
