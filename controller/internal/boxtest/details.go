package boxtest

import (
	"bytes"
	"slices"
	"sync"
	"time"

	"offing/tunnel/state"
)

// details implements mirror.Details with what a test has put there.
type details struct {
	mu      sync.Mutex
	open    map[state.Hash]int
	known   map[state.Hash]detail
	changed chan struct{} // nil while nobody waits
}

type detail struct {
	state.Detail
	at time.Time
}

// PutDetail makes d what the daemon says of a torrent from now on.
func (b *Box) PutDetail(d state.Detail) {
	b.details.mu.Lock()
	defer b.details.mu.Unlock()
	b.details.known[d.Hash] = detail{d, time.Now()}
	if b.details.changed != nil {
		close(b.details.changed)
		b.details.changed = nil
	}
}

// Open returns the torrents that home has open, in the order of their hashes.
func (b *Box) Open() []state.Hash {
	b.details.mu.Lock()
	defer b.details.mu.Unlock()
	var open []state.Hash
	for h := range b.details.open {
		open = append(open, h)
	}
	slices.SortFunc(open, func(a, b state.Hash) int { return bytes.Compare(a[:], b[:]) })
	return open
}

// Open implements mirror.Details.
func (d *details) Open(h state.Hash) (release func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[h]++
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.open[h]--; d.open[h] == 0 {
			delete(d.open, h)
		}
	}
}

// Detail implements mirror.Details.
func (d *details) Detail(h state.Hash) (state.Detail, time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, ok := d.known[h]
	return now.Detail, now.at, ok
}

// DetailChanged implements mirror.Details.
func (d *details) DetailChanged() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.changed == nil {
		d.changed = make(chan struct{})
	}
	return d.changed
}
