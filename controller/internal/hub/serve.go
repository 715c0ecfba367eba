package hub

import (
	"context"
	"errors"
	"slices"
	"time"

	"offing/controller/internal/account"
)

// Tuning.
const (
	storeWithin = 5 * time.Second // what a ticket's making or spending may take

	messageRate  = 20 // messages that a page may send a second, pings included
	messageBurst = 40 // and at once
)

// Take speaks the protocol on wire until either side ends it, and closes it. It
// returns at once; done is called at the end, with nil when the page ended it.
func (h *Hub) Take(wire Wire, door Doorman, done func(error)) {
	s := h.enter(wire, door, done)
	if s == nil {
		_, _ = wire.WriteNow([][]byte{closeFrame(endGoingAway)}) // if it cannot be said, the end says enough
		wire.Finish()
		wire.Close(endGoingAway.code, endGoingAway.reason())
		done(endGoingAway)
		return
	}
	go s.accept()
}

// Serve is Take for a Conn, and returns when it has ended.
func (h *Hub) Serve(conn Conn, door Doorman) error {
	done := make(chan error, 1)
	h.Take(plain{conn}, door, func(err error) { done <- err })
	return <-done
}

// accept opens the connection and leaves it to a reader.
func (s *session) accept() {
	late := time.AfterFunc(s.hub.pace.Open, func() { s.end(endNoTicket) })
	defer late.Stop()
	if end := s.open(); end != nil {
		if end.detail != nil {
			s.hub.log.Error("a ticket could not be checked", "err", end.detail)
		}
		s.end(end)
	}
	s.wire.Wait(s.read)
}

// open takes the first message and lets its ticket in.
func (s *session) open() *ending {
	message := Message{Kind: Ping}
	for message.Kind != Text {
		var end *ending
		if message, end = s.next(); end != nil {
			return end
		}
	}
	r, err := decode(message.Data)
	if err != nil {
		return badFrame(err)
	}
	if r.Op != opOpen {
		return endNotOpened
	}
	ctx, cancel := context.WithTimeout(s.hub.ctx, storeWithin)
	defer cancel()
	if s.who, err = s.door.OpenTicket(ctx, r.Ticket); err != nil {
		return refusedTicket(err)
	}
	s.hook(s.door.OnEnd(s.who.Session, func() { s.end(endSession) }))
	ticket, life, err := s.door.IssueTicket(ctx, s.who)
	if err != nil {
		return unissued(err)
	}
	s.hand(opOpened, ticket, life)
	return nil
}

func (s *session) hook(unhook func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unhook = unhook
}

// next returns the page's next message, having seen to a ping.
func (s *session) next() (Message, *ending) {
	m, err := s.wire.Next()
	if err != nil {
		return m, failedRead(err)
	}
	s.heard.Store(s.hub.now())
	if m.Kind == Ping {
		s.answer(m.Data)
	}
	return m, nil
}

// answer queues a pong, in place of one that was not sent yet: only the newest
// ping must be answered (RFC 6455, section 5.5.3).
func (s *session) answer(ping []byte) {
	frame := pongFrame(ping)
	s.mu.Lock()
	s.pong = frame
	s.mu.Unlock()
	s.shard.put(s)
}

// read takes a message of the page, and lets go of the connection when it is at
// its end. A page that talks too much is listened to more slowly.
func (s *session) read() {
	for {
		m, end := s.next()
		if end == nil && m.Kind == Text && !s.hasEnded() {
			end = s.handle(m.Data)
		}
		if end != nil {
			s.end(end)
		}
		if end != nil && end.lost {
			s.finish()
			return
		}
		time.Sleep(s.pace.Reserve().Delay())
		if !s.plain {
			s.wire.Wait(s.read)
			return
		}
	}
}

// handle does what a message says.
func (s *session) handle(message []byte) *ending {
	r, err := decode(message)
	if err != nil {
		return badFrame(err)
	}
	switch r.Op {
	case opSubscribe:
		return s.subscribe(r)
	case opUnsubscribe:
		s.unsubscribe(r.Topic)
		return nil
	}
	return endSecond
}

// finish lets go of all that the connection has.
func (s *session) finish() {
	s.mu.Lock()
	end, unhook := s.ending, s.unhook
	cursors := s.cursors
	s.cursors, s.busy = nil, true // nothing is written any more
	s.mu.Unlock()
	s.wire.Close(end.code, end.reason())
	if unhook != nil {
		unhook()
	}
	for _, c := range cursors {
		s.hub.leave(c)
	}
	if end.byPage {
		s.done(nil)
	} else {
		s.done(end)
	}
	s.hub.exit(s)
}

// subscribe begins or begins again with a topic, where the page says it is.
func (s *session) subscribe(r request) *ending {
	s.unsubscribe(r.Topic)
	c := &cursor{session: s}
	s.hub.join(c, r.Topic)
	if c.at = c.topic.resume(r.Epoch, r.Seq); c.topic.feed != nil {
		c.rest = c.topic.next(c.at, time.Now()) // a snapshot is better made here than in the shard
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cursors = append(s.cursors, c)
	if len(s.cursors) > maxTopics {
		return endTopics
	}
	s.shard.put(s)
	return nil
}

// unsubscribe ends a topic. One that is not subscribed to is no error.
func (s *session) unsubscribe(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.cursors, func(c *cursor) bool { return c.topic.key.name == name }); i >= 0 {
		s.dropLocked(i)
	}
}

// rotate hands the page a new ticket.
func (s *session) rotate() {
	ctx, cancel := context.WithTimeout(s.hub.ctx, storeWithin)
	defer cancel()
	ticket, life, err := s.door.IssueTicket(ctx, s.who)
	if err == nil {
		s.hand(opTicket, ticket, life)
		return
	}
	if !errors.Is(err, account.ErrSignedOut) && s.hub.ctx.Err() == nil {
		s.hub.log.Error("a ticket could not be made", "err", err)
	}
	s.end(unissued(err))
}
