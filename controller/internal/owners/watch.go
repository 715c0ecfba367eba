package owners

import (
	"maps"
	"slices"
	"sync"
)

// watchers are who wants to know of changed grants. Its zero value is ready.
type watchers struct {
	mu sync.Mutex
	of map[*func(Key)]struct{}
}

func (w *watchers) add(f func(Key)) (remove func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of == nil {
		w.of = map[*func(Key)]struct{}{}
	}
	w.of[&f] = struct{}{}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.of, &f)
	}
}

func (w *watchers) call(k Key) {
	w.mu.Lock()
	all := slices.Collect(maps.Keys(w.of))
	w.mu.Unlock()
	for _, f := range all {
		(*f)(k)
	}
}
