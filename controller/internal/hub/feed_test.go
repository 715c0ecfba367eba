package hub

import (
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// feed is a Feed of items that are only ever added.
type feed struct {
	mu      sync.Mutex
	items   []string
	forgot  int           // marks before this one are forgotten
	part    int           // items in a part; 0 for all
	delay   time.Duration // of each update
	changed chan struct{}
	watched []bool
}

func newFeed() *feed { return &feed{changed: make(chan struct{})} }

func (f *feed) add(items ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items = append(f.items, items...)
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *feed) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

func (f *feed) Watched(w bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watched = append(f.watched, w)
}

func (f *feed) watchedSoFar() []bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.watched)
}

func (f *feed) Since(mark Mark) Update {
	f.mu.Lock()
	defer f.mu.Unlock()
	u := Update{Mark: len(f.items), Delay: f.delay}
	from, ok := mark.(int)
	if !ok || from < f.forgot {
		u.Reset, from = true, 0
	}
	rest := f.items[from:]
	if len(rest) == 0 && !u.Reset {
		return u
	}
	size := len(rest)
	if f.part > 0 {
		size = f.part
	}
	for first := true; first || len(rest) > 0; first = false {
		n := min(size, len(rest))
		body, _ := json.Marshal(rest[:n])
		u.Parts = append(u.Parts, []byte(`"items":`+string(body)))
		rest = rest[n:]
	}
	return u
}
