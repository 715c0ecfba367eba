package account

import (
	"context"
	"slices"
	"sync"
)

// endings tells those who wait for a session that it has ended.
type endings struct {
	mu sync.Mutex
	of map[SessionID][]*waiting
}

// waiting is somebody who waits for the end of a session.
type waiting struct{ ended func() }

func (e *endings) add(id SessionID, w *waiting) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.of[id] = append(e.of[id], w)
}

func (e *endings) remove(id SessionID, w *waiting) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.of[id] = slices.DeleteFunc(e.of[id], func(x *waiting) bool { return x == w }); len(e.of[id]) == 0 {
		delete(e.of, id)
	}
}

func (e *endings) end(id SessionID) {
	e.mu.Lock()
	all := e.of[id]
	delete(e.of, id)
	e.mu.Unlock()
	for _, w := range all {
		w.ended()
	}
}

// OnEnd has ended called once when the session ends, unless stop is called before
// that. When it has ended already, or cannot be looked up, OnEnd calls it itself.
// ended is called by whoever ends the session, and must not block.
func (a *Accounts) OnEnd(id SessionID, ended func()) (stop func()) {
	w := &waiting{ended}
	// Wait first, then look: an end in between is heard by the one or seen by the other.
	a.endings.add(id, w)
	if _, err := a.use(context.Background(), id); err != nil {
		a.endings.end(id)
	}
	return func() { a.endings.remove(id, w) }
}
