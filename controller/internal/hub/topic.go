package hub

import (
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Tuning.
const (
	ringLength = 64              // moments that can be resumed from
	ringStep   = 2 * time.Second // least time between two of them, but for the newest
	shareFor   = time.Second     // how long frames are given to others who need the same
	shareMost  = 16              // differences of one topic that are shared at a time
)

// topic is one topic of one view. Its history is a ring of moments; the frames
// are made from them when somebody needs them. All differences lead to the
// present, so whoever is behind gets one that covers all of it. To apply a change
// twice does no harm, so the ring need not have every sequence: a difference from
// an earlier one does.
type topic struct {
	key    topicKey
	name   string // as JSON
	epoch  string
	feed   Feed
	hub    *Hub
	seq    atomic.Uint64          // the present; 0 before anybody has looked
	latest atomic.Pointer[step]   // the newest difference, for those who are where it begins
	gone   atomic.Pointer[[]byte] // the last frame of a topic that is no more

	// The pulse's: see there.
	pending atomic.Bool
	sentAt  atomic.Int64 // when seq was made, in nanoseconds of the hub's clock
	due     time.Time
	place   int

	mu        sync.Mutex
	ring      []moment         // in their order; the last is the present
	shared    map[uint64]*step // by the sequence they lead from, 0 for a reset; all lead to seq
	followers [][]*cursor      // by shard
	following int
	stop      func() // ends the feed's Watch; nil while nobody follows

	// Hub.mu guards these.
	users int
	left  time.Time // when the last of them left
}

// moment is a sequence that can be resumed from.
type moment struct {
	seq  uint64
	mark Mark
	made time.Time
}

// step is a change of sequence: the frames that lead from one to another. It is
// shared, and never written to.
type step struct {
	from, to uint64
	reset    bool // it leads from anywhere
	frames   [][]byte
	made     time.Time
}

func newTopic(h *Hub, key topicKey, feed Feed) *topic {
	name, _ := json.Marshal(key.name) // a string cannot fail
	return &topic{key: key, name: string(name), epoch: newEpoch(), feed: feed, hub: h, place: -1,
		shared: make(map[uint64]*step), followers: make([][]*cursor, len(h.shards))}
}

// missing is a topic that there is not.
func missing(h *Hub, key topicKey) *topic {
	t := &topic{key: key, hub: h}
	last := goneFrame(key.name)
	t.gone.Store(&last)
	return t
}

// advance makes what is new in the feed the next sequence, and marks all who need
// it. For news that can wait it returns when they are due.
func (t *topic) advance(now time.Time) (due time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.advanceLocked(now)
}

func (t *topic) advanceLocked(now time.Time) (due time.Time) {
	if t.following == 0 || len(t.ring) == 0 || t.gone.Load() != nil {
		return time.Time{}
	}
	newest := &t.ring[len(t.ring)-1]
	u := t.feed.Since(newest.mark)
	switch due := newest.made.Add(u.Delay); {
	case u.Gone:
		t.goLocked()
	case len(u.Parts) == 0: // nothing new, of whole contents too
		newest.mark = u.Mark
	case u.Delay > 0 && now.Before(due):
		return due
	default:
		t.publishLocked(u, now)
	}
	return time.Time{}
}

// goLocked makes the topic one that is no more.
func (t *topic) goLocked() {
	last := goneFrame(t.key.name)
	t.gone.Store(&last)
	t.hub.retire(t)
	t.markLocked()
	for _, shard := range t.hub.shards {
		shard.kick()
	}
}

// publishLocked makes u the next sequence.
func (t *topic) publishLocked(u Update, now time.Time) {
	from := t.seq.Load()
	clear(t.shared)
	if u.Reset {
		t.ring = t.ring[:0]
	}
	t.rememberLocked(moment{from + 1, u.Mark, now})
	t.latest.Store(t.encodeLocked(from, u, now))
	t.setSeqLocked(from+1, now)
	t.markLocked()
}

func (t *topic) setSeqLocked(seq uint64, now time.Time) {
	t.seq.Store(seq)
	t.sentAt.Store(int64(now.Sub(t.hub.start)))
}

// rememberLocked puts the present at the end of the ring. What was the end stays
// only if it is ringStep from the one before.
func (t *topic) rememberLocked(m moment) {
	n := len(t.ring)
	switch {
	case n >= 2 && t.ring[n-1].made.Sub(t.ring[n-2].made) < ringStep:
		t.ring[n-1] = m
	case n == ringLength:
		t.ring = append(slices.Delete(t.ring, 0, 1), m)
	default:
		t.ring = append(t.ring, m)
	}
}

// markLocked puts all followers on their shards' lists.
func (t *topic) markLocked() {
	for i, followers := range t.followers {
		if len(followers) > 0 {
			t.hub.shards[i].mark(followers)
		}
	}
}

// next returns what leads a cursor at sequence at to the present, or nil when it
// is there; at 0 is a cursor that has nothing. A step without frames is one to
// where nothing looks different.
func (t *topic) next(at uint64, now time.Time) *step {
	if s := t.latest.Load(); s != nil && (s.from == at || s.reset && at < s.to) && now.Sub(s.made) < shareFor {
		return s
	}
	if seq := t.seq.Load(); at == seq && seq != 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.beforeLocked(at)
	if s := t.shared[m.seq]; s != nil && now.Sub(s.made) < shareFor {
		return s
	}
	u := t.feed.Since(m.mark)
	if u.Gone {
		t.goLocked()
		return nil
	}
	if len(t.ring) == 0 {
		t.rememberLocked(moment{1, u.Mark, now})
		t.setSeqLocked(1, now)
	}
	return t.encodeLocked(m.seq, u, now)
}

// beforeLocked returns the newest moment that a cursor at sequence at has had;
// the zero one when it has had none that is remembered.
func (t *topic) beforeLocked(at uint64) moment {
	if at <= t.seq.Load() {
		for i := len(t.ring) - 1; i >= 0; i-- {
			if t.ring[i].seq <= at {
				return t.ring[i]
			}
		}
	}
	return moment{}
}

// resume returns the cursor for a page that says where it was.
func (t *topic) resume(epoch string, seq uint64) uint64 {
	if epoch != t.epoch || seq > t.seq.Load() {
		return 0
	}
	return seq
}

// encodeLocked makes the frames of an update from the sequence from to the end of
// the ring, and shares them.
func (t *topic) encodeLocked(from uint64, u Update, now time.Time) *step {
	s := &step{from: from, to: t.ring[len(t.ring)-1].seq, reset: u.Reset, made: now}
	parts := u.Parts
	h := header{topic: t.name, seq: s.to}
	if u.Reset {
		s.from, h.epoch = 0, t.epoch
		if len(parts) == 0 {
			parts = [][]byte{nil}
		}
	}
	for i, part := range parts {
		h.more = i < len(parts)-1
		s.frames = append(s.frames, h.frame(part))
		h.epoch = ""
	}
	if len(parts) > 0 {
		t.hub.stats.encoded.Add(1)
	}
	if t.forgetLocked(now); len(t.shared) < shareMost {
		t.shared[s.from] = s
	}
	return s
}

// here tells a cursor that it is at the present.
func (t *topic) here(at uint64) []byte { return header{topic: t.name, seq: at}.frame(nil) }

// forgetLocked drops what is no longer shared: a snapshot of many torrents is
// large, and would stay until the next change.
func (t *topic) forgetLocked(now time.Time) {
	for from, s := range t.shared {
		if now.Sub(s.made) >= shareFor {
			delete(t.shared, from)
		}
	}
	if s := t.latest.Load(); s != nil && now.Sub(s.made) >= shareFor {
		t.latest.Store(nil)
	}
}

// forget is forgetLocked, unless the topic is in use just now.
func (t *topic) forget(now time.Time) {
	if t.mu.TryLock() {
		t.forgetLocked(now)
		t.mu.Unlock()
	}
}

// follow has c's session told of what is new. With the first follower it begins
// to watch, and sees what has happened while nobody did.
func (t *topic) follow(c *cursor) {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := &t.followers[c.session.shard.index]
	c.place = int32(len(*list))
	*list = append(*list, c)
	if t.following++; t.following > 1 {
		return
	}
	t.stop = t.feed.Watch(func() { t.hub.pulse.changed(t) })
	if due := t.advanceLocked(time.Now()); !due.IsZero() {
		t.hub.pulse.at(t, due)
	}
}

// unfollow undoes follow.
func (t *topic) unfollow(c *cursor) {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := &t.followers[c.session.shard.index]
	last := len(*list) - 1
	(*list)[c.place] = (*list)[last]
	(*list)[c.place].place = c.place
	(*list)[last] = nil
	*list = (*list)[:last]
	if t.following--; t.following == 0 {
		t.stop()
		t.stop = nil
		// Nobody hears what happens from here on, so that these frames could show
		// what whoever comes next may not see any more.
		clear(t.shared)
		t.latest.Store(nil)
	}
}
