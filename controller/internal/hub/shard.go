package hub

import (
	"slices"
	"sync"
	"time"
)

// shard writes to its share of the connections, never waiting for any of them.
type shard struct {
	index int
	wake  chan struct{} // has room for one: dirty may be no longer empty

	mu    sync.Mutex
	dirty []*session // may have something to be written; each once
	all   []*session
}

func newShard(index int) *shard { return &shard{index: index, wake: make(chan struct{}, 1)} }

// mark puts the sessions of cursors on the list, for the next kick.
func (h *shard) mark(cursors []*cursor) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range cursors {
		if !c.session.queued.Swap(true) {
			h.dirty = append(h.dirty, c.session)
		}
	}
}

// put puts s on the list.
func (h *shard) put(s *session) {
	if s.queued.Swap(true) {
		return
	}
	h.mu.Lock()
	h.dirty = append(h.dirty, s)
	h.mu.Unlock()
	h.kick()
}

// kick has the list looked at.
func (h *shard) kick() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// take swaps the list for an empty one.
func (h *shard) take(empty []*session) []*session {
	h.mu.Lock()
	defer h.mu.Unlock()
	dirty := h.dirty
	h.dirty = empty[:0]
	return dirty
}

// run writes until stop is closed. Once a second it looks after all connections.
func (h *shard) run(stop <-chan struct{}) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	var taken, all []*session
	frames := make([][]byte, 0, 2*maxTopics)
	for {
		select {
		case <-stop:
			return
		case <-h.wake:
		case <-tick.C:
			all = h.sessions(all[:0])
			for _, s := range all {
				s.tend()
			}
			clear(all)
		}
		for taken = h.take(taken); len(taken) > 0; taken = h.take(taken) {
			now := time.Now()
			for _, s := range taken {
				s.flush(frames, now)
			}
			clear(taken)
		}
		clear(frames[:cap(frames)]) // what was written need not stay
	}
}

// sessions appends all connections to list.
func (h *shard) sessions(list []*session) []*session {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append(list, h.all...)
}

func (h *shard) add(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.place = len(h.all)
	h.all = append(h.all, s)
}

func (h *shard) remove(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := len(h.all) - 1
	h.all[s.place] = h.all[last]
	h.all[s.place].place = s.place
	h.all = slices.Delete(h.all, last, last+1)
}
