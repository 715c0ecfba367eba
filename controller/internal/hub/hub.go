// Package hub owns the topics that pages subscribe to, and the protocol of the
// connections that carry them; docs/WEBSOCKET.md has it. A topic is a short
// history of marks in a Feed; a frame is the difference between two sequences,
// encoded once, with its WebSocket header, and shared by all connections that
// need the same. A connection is a cursor in each of its topics, not a queue:
// whenever it can be written to, it gets what leads from where it is to the
// present, so a slow one skips and nothing is kept for it.
//
// One pulse advances the topics, and a few shards write to the connections
// without waiting for any. A connection that says nothing keeps no goroutine; one
// that cannot take what is written to it has one until it has.
package hub

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// linger is how long a topic that nobody subscribes to can still be resumed.
const linger = time.Minute

// Hub holds the topics and the connections.
type Hub struct {
	views  Views
	log    *slog.Logger
	pace   Pace
	start  time.Time
	stats  counters
	pulse  *pulse
	desk   *desk
	shards []*shard
	turn   atomic.Uint32 // of the shards

	ctx      context.Context // of what is asked of a Doorman
	cancel   context.CancelFunc
	sessions sync.WaitGroup
	running  sync.WaitGroup // the pulse, the shards and the sweep
	stopped  chan struct{}  // ends running

	mu     sync.Mutex
	closed bool
	topics map[topicKey]*topic
}

// topicKey tells topics apart.
type topicKey struct{ view, name string }

type counters struct {
	connections, encoded, sent, bytes, writes, blocked atomic.Int64
}

// Stats are counts since the start, but for the first two.
type Stats struct {
	Connections int64 // open now
	Topics      int64 // that can be resumed now
	Encoded     int64 // updates turned into frames, whatever the number of their readers
	Sent        int64 // frames written
	Bytes       int64 // in frames written
	Writes      int64 // system calls, or nearly: what was written together counts once
	Blocked     int64 // of these, those that a connection could not take at once
}

// New returns a Hub that shows what views has. Close must be called.
func New(views Views, log *slog.Logger, options ...Option) *Hub {
	h := &Hub{views: views, log: log, pace: UsualPace(), start: time.Now(), topics: make(map[topicKey]*topic), stopped: make(chan struct{})}
	for _, o := range options {
		o(h)
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.pulse = &pulse{hub: h, wake: make(chan struct{}, 1)}
	h.desk = &desk{hub: h}
	for i := range runtime.GOMAXPROCS(0) {
		s := newShard(i)
		h.shards = append(h.shards, s)
		h.running.Go(func() { s.run(h.stopped) })
	}
	h.running.Go(func() { h.pulse.run(h.stopped) })
	h.running.Go(h.sweep)
	return h
}

// Close ends all connections with "going away" and waits for them. One that
// comes later is ended at once.
func (h *Hub) Close() {
	h.mu.Lock()
	again := h.closed
	h.closed = true
	h.mu.Unlock()
	if again {
		h.running.Wait()
		return
	}
	for _, shard := range h.shards {
		for _, s := range shard.sessions(nil) {
			s.end(endGoingAway)
		}
	}
	h.cancel()
	h.sessions.Wait()
	close(h.stopped)
	h.running.Wait()
}

// Stats returns what the Hub has counted.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	topics := len(h.topics)
	h.mu.Unlock()
	return Stats{
		Connections: h.stats.connections.Load(), Topics: int64(topics), Encoded: h.stats.encoded.Load(),
		Sent: h.stats.sent.Load(), Bytes: h.stats.bytes.Load(),
		Writes: h.stats.writes.Load(), Blocked: h.stats.blocked.Load(),
	}
}

// now returns the hub's clock, in nanoseconds since its start.
func (h *Hub) now() int64 { return int64(time.Since(h.start)) }

// enter makes the session of a connection, or returns nil when the Hub is closed.
func (h *Hub) enter(wire Wire, door Doorman, done func(error)) *session {
	s := &session{
		hub: h, shard: h.shards[int(h.turn.Add(1))%len(h.shards)], wire: wire, door: door, done: done,
		turn: -1, pace: rate.NewLimiter(messageRate, messageBurst),
	}
	s.heard.Store(h.now())
	s.pingAt = time.Duration(h.now()) + h.pace.nextPing()
	if p, ok := wire.(plain); ok {
		s.plain = true
		if _, ok := p.conn.(keeper); !ok {
			s.pingAt = math.MaxInt64
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	h.sessions.Add(1)
	h.stats.connections.Add(1)
	s.shard.add(s)
	return s
}

// exit forgets a session.
func (h *Hub) exit(s *session) {
	s.shard.remove(s)
	h.stats.connections.Add(-1)
	h.sessions.Done()
}

// join has c's session subscribe to a topic of its view, which is made if it
// must be.
func (h *Hub) join(c *cursor, name string) {
	key := topicKey{h.views.View(c.session.who, name), name}
	if c.topic = h.use(key, nil); c.topic == nil {
		feed, ok := h.views.Feed(c.session.who, name)
		if !ok {
			c.topic = missing(h, key)
			return
		}
		c.topic = h.use(key, feed)
	}
	c.topic.follow(c)
}

// use returns a topic with one user more. One that there is not is made of feed,
// if that is not nil.
func (h *Hub) use(key topicKey, feed Feed) *topic {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[key]
	if t == nil && feed != nil {
		t = newTopic(h, key, feed)
		h.topics[key] = t
	}
	if t != nil {
		t.users++
	}
	return t
}

// leave undoes join.
func (h *Hub) leave(c *cursor) {
	t := c.topic
	if t.feed == nil { // missing
		return
	}
	t.unfollow(c)
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.users--; t.users == 0 {
		t.left = time.Now()
	}
}

// retire forgets a topic that is no more. If there is one again, it is another.
func (h *Hub) retire(t *topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.topics[t.key] == t {
		delete(h.topics, t.key)
	}
}

// sweep drops what is no longer of use, once a second.
func (h *Hub) sweep() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-h.stopped:
			return
		case now := <-tick.C:
			h.forget(now)
		}
	}
}

// forget drops the topics that have been left for long, and of the others the
// frames that are no longer shared.
func (h *Hub) forget(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, t := range h.topics {
		if t.users == 0 && now.Sub(t.left) >= linger {
			delete(h.topics, key)
			continue
		}
		t.forget(now)
	}
}

// newEpoch returns 16 random hexadecimal digits.
func newEpoch() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, see its documentation
	return hex.EncodeToString(b[:])
}
