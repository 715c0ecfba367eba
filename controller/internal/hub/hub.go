// Package hub owns the topics that pages subscribe to, and the protocol of the
// WebSocket that carries them. A topic is a short history of marks in a Feed; a
// frame is the difference between two sequences, encoded once and shared by all
// connections that need the same. A connection is a cursor in each of its
// topics, not a queue: whenever it can be written to, it gets what leads from
// where it is to the present, so a slow one skips and nothing is kept for it.
package hub

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// linger is how long a topic that nobody subscribes to can still be resumed.
const linger = time.Minute

// Hub holds the topics and the connections.
type Hub struct {
	views Views
	log   *slog.Logger
	stats counters

	ctx    context.Context // of the whole Hub; ends at Close
	cancel context.CancelFunc
	wg     sync.WaitGroup // a Serve or a topic's run each

	mu     sync.Mutex
	closed bool
	topics map[topicKey]*live
}

// topicKey tells topics apart.
type topicKey struct{ view, name string }

// live is a topic with what Hub.mu guards of it.
type live struct {
	*topic
	subscribers int
	stop        context.CancelFunc // ends run; nil without subscribers
	left        time.Time          // when the last subscriber left
}

type counters struct {
	connections, encoded, sent, bytes atomic.Int64
}

// Stats are counts since the start, but for the first two.
type Stats struct {
	Connections int64 // open now
	Topics      int64 // that can be resumed now
	Encoded     int64 // updates turned into frames, whatever the number of their readers
	Sent        int64 // messages written
	Bytes       int64 // in messages written
}

// New returns a Hub that shows what views has. Close must be called.
func New(views Views, log *slog.Logger) *Hub {
	h := &Hub{views: views, log: log, topics: make(map[topicKey]*live)}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

// Close ends all connections with "going away" and waits for their Serve. A
// Serve that begins later ends at once.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.cancel()
	h.wg.Wait()
}

// Stats returns what the Hub has counted.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	topics := len(h.topics)
	h.mu.Unlock()
	return Stats{
		Connections: h.stats.connections.Load(), Topics: int64(topics), Encoded: h.stats.encoded.Load(),
		Sent: h.stats.sent.Load(), Bytes: h.stats.bytes.Load(),
	}
}

// enter counts a Serve in, unless the Hub is closed.
func (h *Hub) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.wg.Add(1)
	h.stats.connections.Add(1)
	return true
}

func (h *Hub) exit() {
	h.stats.connections.Add(-1)
	h.wg.Done()
}

// join subscribes s to a topic of its view, which is made if it must be.
func (h *Hub) join(s *session, name string) (*topic, *ending) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sweepLocked()
	key := topicKey{s.view, name}
	l := h.topics[key]
	if l == nil {
		feed, ok := h.views.Feed(s.who, name)
		if !ok {
			return nil, endTopic
		}
		l = &live{topic: newTopic(name, newEpoch(), feed, &h.stats)}
		h.topics[key] = l
	}
	l.attach(s)
	if l.subscribers++; l.subscribers == 1 {
		h.startLocked(l)
	}
	return l.topic, nil
}

// startLocked keeps l current.
func (h *Hub) startLocked(l *live) {
	l.feed.Watched(true)
	ctx, stop := context.WithCancel(h.ctx)
	l.stop = stop
	h.wg.Go(func() { l.run(ctx) })
}

// leave undoes join.
func (h *Hub) leave(s *session, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.topics[topicKey{s.view, name}]
	l.detach(s)
	if l.subscribers--; l.subscribers == 0 {
		l.stop()
		l.feed.Watched(false)
		l.left = time.Now()
	}
	h.sweepLocked()
}

// sweepLocked drops the topics that have been left for long. It runs whenever
// somebody comes or goes; what is kept until then is a ring of marks.
func (h *Hub) sweepLocked() {
	for key, l := range h.topics {
		if l.subscribers == 0 && time.Since(l.left) >= linger {
			delete(h.topics, key)
		}
	}
}

// newEpoch returns 16 random hexadecimal digits.
func newEpoch() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, see its documentation
	return hex.EncodeToString(b[:])
}
