package fanout

import (
	"sync"

	"offing/controller/internal/hub"
)

// board is a topic whose content is one object, replaced as a whole.
type board struct {
	mu      sync.Mutex
	version int
	members []byte
	watchers
}

func newBoard() *board { return &board{version: 1, members: []byte(`"at":0`)} }

// put replaces the content by the members of an object, without the braces.
func (b *board) put(members []byte) {
	b.mu.Lock()
	b.version++
	b.members = members
	b.mu.Unlock()
	b.tell()
}

// Since implements hub.Feed.
func (b *board) Since(mark hub.Mark) hub.Update {
	b.mu.Lock()
	defer b.mu.Unlock()
	u := hub.Update{Mark: b.version, Reset: mark == nil}
	if mark != b.version {
		u.Parts = [][]byte{b.members}
	}
	return u
}

// watchers are whom a change is told.
type watchers struct {
	watching sync.Mutex
	next     int
	of       map[int]func()
}

// Watch implements hub.Feed.
func (w *watchers) Watch(changed func()) (stop func()) {
	w.watching.Lock()
	defer w.watching.Unlock()
	if w.of == nil {
		w.of = make(map[int]func())
	}
	id := w.next
	w.next++
	w.of[id] = changed
	return func() {
		w.watching.Lock()
		defer w.watching.Unlock()
		delete(w.of, id)
	}
}

func (w *watchers) tell() {
	w.watching.Lock()
	defer w.watching.Unlock()
	for _, changed := range w.of {
		changed()
	}
}
