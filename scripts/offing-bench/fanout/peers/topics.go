package main

import "sync"

// topics knows who has subscribed to what.
type topics[C comparable] struct {
	mu sync.RWMutex
	of map[string]map[C]struct{}
}

func (t *topics[C]) add(names []string, c C) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = make(map[string]map[C]struct{})
	}
	for _, name := range names {
		if t.of[name] == nil {
			t.of[name] = make(map[C]struct{})
		}
		t.of[name][c] = struct{}{}
	}
}

func (t *topics[C]) remove(c C) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, subscribers := range t.of {
		delete(subscribers, c)
	}
}

func (t *topics[C]) each(name string, f func(C)) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for c := range t.of[name] {
		f(c)
	}
}
