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
	forgot  int // marks before this one are forgotten
	part    int // items in a part; 0 for all
	gone    bool
	whole   bool          // all of it, each time that there is something new
	delay   time.Duration // of each update
	changed func()        // nil while nobody watches
	watched []bool
}

func newFeed() *feed { return &feed{} }

func (f *feed) add(items ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items = append(f.items, items...)
	if f.changed != nil {
		f.changed()
	}
}

// wake says that there may be something new.
func (f *feed) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changed()
}

// end makes the feed one of a topic that is no more.
func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = true
	if f.changed != nil {
		f.changed()
	}
}

func (f *feed) Watch(changed func()) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changed = changed
	f.watched = append(f.watched, true)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.changed = nil
		f.watched = append(f.watched, false)
	}
}

func (f *feed) watchedSoFar() []bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.watched)
}

func (f *feed) Since(mark Mark) Update {
	f.mu.Lock()
	defer f.mu.Unlock()
	u := Update{Mark: len(f.items), Delay: f.delay, Gone: f.gone}
	from, ok := mark.(int)
	if !ok || from < f.forgot {
		u.Reset, from = true, 0
	}
	if f.whole {
		u.Reset = true
		if !ok || from != len(f.items) {
			from = 0
		}
	}
	rest := f.items[from:]
	if len(rest) == 0 && (!u.Reset || f.whole && ok) {
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
