package account

import (
	"context"
	"sync"
)

// endings tells those who wait for a session that it has ended.
type endings struct {
	mu sync.Mutex
	of map[SessionID]chan struct{}
}

func (e *endings) wait(id SessionID) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.of[id]
	if c == nil {
		c = make(chan struct{})
		e.of[id] = c
	}
	return c
}

func (e *endings) end(id SessionID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.of[id]; c != nil {
		close(c)
		delete(e.of, id)
	}
}

// Ended is closed when the session ends, and is closed already when it has ended
// or cannot be looked up.
func (a *Accounts) Ended(id SessionID) <-chan struct{} {
	// Wait first, then look: an end in between is heard by the one or seen by the other.
	c := a.endings.wait(id)
	if _, err := a.use(context.Background(), id); err != nil {
		a.endings.end(id)
	}
	return c
}
