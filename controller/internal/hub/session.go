package hub

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/time/rate"

	"offing/controller/internal/account"
)

// A page may send this many messages a second, and this many at once.
const (
	messageRate  = 20
	messageBurst = 40
)

// session is one open connection: what it is subscribed to and where it is in
// each topic. The reader changes the subscriptions, the writer moves the cursors.
type session struct {
	conn Conn
	hub  *Hub
	who  account.Principal
	view string        // of who
	news chan struct{} // has room for one: something may be there to write

	mu      sync.Mutex
	cursors []*cursor // in the order of their turns
	turn    int       // index into cursors of who is next
	ticket  []byte    // frame to be sent before all others; the newest only
}

// cursor is where a session is in a topic. Lock order: session.mu, topic.mu.
type cursor struct {
	topic *topic
	at    uint64   // sequence that the page has, or 0
	rest  [][]byte // messages still to send
	then  uint64   // at, once they are sent
}

// nudge wakes the writer. It never blocks.
func (s *session) nudge() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// hand queues a ticket frame, in place of one that was not sent yet.
func (s *session) hand(ticket []byte) {
	s.mu.Lock()
	s.ticket = ticket
	s.mu.Unlock()
	s.nudge()
}

// next returns the message to write now, or nil. Topics take turns, a message
// each, so that a long snapshot does not hold up a short frame.
func (s *session) next() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ticket := s.ticket; ticket != nil {
		s.ticket = nil
		return ticket
	}
	for range s.cursors {
		s.turn = (s.turn + 1) % len(s.cursors)
		if message := s.cursors[s.turn].next(); message != nil {
			return message
		}
	}
	return nil
}

func (c *cursor) next() []byte {
	if len(c.rest) == 0 {
		c.rest, c.then = c.topic.next(c.at)
	}
	if len(c.rest) == 0 {
		c.at = c.then
		return nil
	}
	message := c.rest[0]
	if c.rest = c.rest[1:]; len(c.rest) == 0 {
		c.rest, c.at = nil, c.then
	}
	return message
}

// read takes the page's messages until one of them, or the connection, is at
// its end. A page that talks too much is listened to more slowly.
func (s *session) read(ctx context.Context) *ending {
	pace := rate.NewLimiter(messageRate, messageBurst)
	for {
		if pace.Wait(ctx) != nil {
			return endGoingAway
		}
		message, err := s.conn.Read()
		if err != nil {
			return endByPage
		}
		r, err := decode(message)
		if err != nil {
			return badFrame(err)
		}
		switch r.Op {
		case opSubscribe:
			if end := s.subscribe(r); end != nil {
				return end
			}
		case opUnsubscribe:
			s.unsubscribe(r.Topic)
		default:
			return endSecond
		}
	}
}

// write sends what there is, one message at a time, until it is given the last.
func (s *session) write(last <-chan []byte) *ending {
	for {
		select {
		case message := <-last:
			if message != nil {
				_ = s.conn.Write(message) // the connection ends, whether it arrives or not
			}
			return nil
		case <-s.news:
		}
		message := s.next()
		if message == nil {
			continue
		}
		if err := s.conn.Write(message); err != nil {
			return failedWrite(err)
		}
		s.hub.stats.sent.Add(1)
		s.hub.stats.bytes.Add(int64(len(message)))
		s.nudge() // there may be more
	}
}

// subscribe begins or begins again with a topic, where the page says it is.
func (s *session) subscribe(r request) *ending {
	s.unsubscribe(r.Topic)
	t, end := s.hub.join(s, r.Topic)
	if end != nil {
		return end
	}
	s.mu.Lock()
	s.cursors = append(s.cursors, &cursor{topic: t, at: t.resume(r.Epoch, r.Seq)})
	s.mu.Unlock()
	s.nudge()
	return nil
}

// unsubscribe ends a topic. One that is not subscribed to is no error.
func (s *session) unsubscribe(name string) {
	s.mu.Lock()
	var t *topic
	s.cursors = slices.DeleteFunc(s.cursors, func(c *cursor) bool {
		if c.topic.name != name {
			return false
		}
		t = c.topic
		return true
	})
	s.mu.Unlock()
	if t != nil {
		s.hub.leave(s, t.name)
	}
}

// leaveAll ends all topics.
func (s *session) leaveAll() {
	s.mu.Lock()
	cursors := s.cursors
	s.cursors = nil
	s.mu.Unlock()
	for _, c := range cursors {
		s.hub.leave(s, c.topic.name)
	}
}
