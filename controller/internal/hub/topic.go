package hub

import (
	"context"
	"sync"
	"time"
)

// Tuning.
const (
	interval   = 100 * time.Millisecond // least time between two frames of a topic
	ringLength = 1024                   // marks that can be resumed from: at least 100 s
	shareFor   = time.Second            // how long frames are given to others who need the same
	shareMost  = 16                     // differences of one topic that are shared at a time
)

// topic is one topic of one view. Its history is a ring of marks; the frames
// are made from them when somebody needs them. All differences lead to the
// present, so whoever is behind gets one that covers all of it.
type topic struct {
	name  string
	epoch string
	feed  Feed
	stats *counters

	mu      sync.Mutex
	ring    []Mark              // of the sequences seq-len(ring)+1 to seq
	seq     uint64              // the present; it begins with 1
	shared  map[uint64]*frames  // by the sequence they lead from, 0 for a reset; all lead to seq
	sentAt  time.Time           // when seq was made
	waiters map[*session]func() // called when seq has grown; must not block
}

// frames are the messages that lead from one sequence to the present.
type frames struct {
	messages [][]byte
	made     time.Time
}

func newTopic(name, epoch string, feed Feed, stats *counters) *topic {
	t := &topic{name: name, epoch: epoch, feed: feed, stats: stats, seq: 1, sentAt: time.Now(),
		shared: make(map[uint64]*frames), waiters: make(map[*session]func())}
	first := feed.Since(nil)
	t.ring = []Mark{first.Mark}
	t.encodeLocked(0, first)
	return t
}

// run advances the topic whenever its feed has news, until ctx ends.
func (t *topic) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		changed := t.feed.Changed()
		var due <-chan time.Time
		if wait := t.advance(); wait > 0 {
			timer.Reset(wait)
			due = timer.C
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-due:
		}
		timer.Reset(t.untilNext())
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
	}
}

// untilNext returns how long it is until the topic may have its next frame.
func (t *topic) untilNext() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Until(t.sentAt.Add(interval))
}

// advance makes what is new in the feed the next sequence. For news that can
// wait it returns how long.
func (t *topic) advance() (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forgetLocked()
	u := t.feed.Since(t.ring[len(t.ring)-1])
	if len(u.Parts) == 0 {
		t.ring[len(t.ring)-1] = u.Mark
		return 0
	}
	if wait := time.Until(t.sentAt.Add(u.Delay)); u.Delay > 0 && wait > 0 {
		return wait
	}
	t.publishLocked(u)
	return 0
}

// publishLocked makes u the next sequence and wakes all who need it.
func (t *topic) publishLocked(u Update) {
	from := t.seq
	t.seq++
	t.sentAt = time.Now()
	clear(t.shared)
	switch {
	case u.Reset:
		from, t.ring = 0, append(t.ring[:0], u.Mark)
	case len(t.ring) == ringLength:
		copy(t.ring, t.ring[1:])
		t.ring[ringLength-1] = u.Mark
	default:
		t.ring = append(t.ring, u.Mark)
	}
	t.encodeLocked(from, u)
	for _, nudge := range t.waiters {
		nudge()
	}
}

// next returns the messages that lead a cursor at sequence at to the present,
// and the present; at 0 is a cursor that has nothing.
func (t *topic) next(at uint64) (messages [][]byte, present uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at == t.seq {
		return nil, t.seq
	}
	oldest := t.seq - uint64(len(t.ring)) + 1
	var mark Mark
	if at < oldest || at > t.seq {
		at = 0
	} else {
		mark = t.ring[at-oldest]
	}
	if f := t.shared[at]; f != nil && time.Since(f.made) < shareFor {
		return f.messages, t.seq
	}
	return t.encodeLocked(at, t.feed.Since(mark)), t.seq
}

// resume returns the cursor for a page that says where it was.
func (t *topic) resume(epoch string, seq uint64) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if epoch != t.epoch || seq > t.seq {
		return 0
	}
	return seq
}

// encodeLocked makes the messages of an update from the sequence from, and
// shares them.
func (t *topic) encodeLocked(from uint64, u Update) [][]byte {
	if len(u.Parts) == 0 {
		return nil
	}
	t.stats.encoded.Add(1)
	h := header{topic: t.name, epoch: t.epoch, seq: t.seq, reset: u.Reset}
	messages := make([][]byte, 0, len(u.Parts))
	for i, part := range u.Parts {
		h.more = i < len(u.Parts)-1
		messages = append(messages, h.frame(part))
	}
	if t.forgetLocked(); len(t.shared) < shareMost {
		t.shared[from] = &frames{messages, time.Now()}
	}
	return messages
}

// forgetLocked drops what is no longer shared: a snapshot of many torrents is
// large, and would stay until the next change.
func (t *topic) forgetLocked() {
	for from, f := range t.shared {
		if time.Since(f.made) >= shareFor {
			delete(t.shared, from)
		}
	}
}

func (t *topic) attach(s *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiters[s] = s.nudge
}

func (t *topic) detach(s *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waiters, s)
}
