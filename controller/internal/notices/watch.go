package notices

import (
	"maps"
	"slices"
	"sync"

	"offing/controller/internal/account"
)

// watchers knows who waits for the notices of whom. The zero value has nobody.
type watchers struct {
	mu   sync.Mutex
	next uint64
	of   map[account.User]map[uint64]func()
}

// Watch calls changed after each change of user's notices, until stop is called. It
// may be called once more while stop runs, and it must not block. What another
// controller on the same cluster posts does not wake it.
func (n *Notices) Watch(user account.User, changed func()) (stop func()) {
	w := &n.watchers
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of == nil {
		w.of = map[account.User]map[uint64]func(){}
	}
	if w.of[user] == nil {
		w.of[user] = map[uint64]func(){}
	}
	w.next++
	id := w.next
	w.of[user][id] = changed
	return func() { w.remove(user, id) }
}

func (w *watchers) remove(user account.User, id uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.of[user], id)
	if len(w.of[user]) == 0 {
		delete(w.of, user)
	}
}

func (w *watchers) wake(user account.User) {
	w.mu.Lock()
	// Called without the lock, so that a watcher may hold its own while it stops.
	all := slices.Collect(maps.Values(w.of[user]))
	w.mu.Unlock()
	for _, changed := range all {
		changed()
	}
}
