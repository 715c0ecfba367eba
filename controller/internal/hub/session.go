package hub

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"offing/controller/internal/account"
)

// Tuning.
const (
	maxTopics  = 64       // of one connection
	maxWrite   = 64 << 10 // bytes gathered for one write, but that a frame is never cut
	sweepEvery = time.Second
	lastWords  = 500 * time.Millisecond // what an error frame and a close may take
)

// session is one connection: what it is subscribed to and where it is in each
// topic. It has a goroutine while there is something to read; the shard writes.
type session struct {
	hub   *Hub
	shard *shard
	wire  Wire
	door  Doorman
	done  func(error)
	place int // in shard.all
	plain bool
	pace  *rate.Limiter // of the page's messages

	who account.Principal // set when the ticket is accepted, before anything is subscribed to

	queued atomic.Bool  // on the shard's list
	heard  atomic.Int64 // when the page was last heard, in nanoseconds of the hub's clock

	mu       sync.Mutex
	busy     bool // something is being written
	said     bool // the last words are being written, or need not be
	ping     bool // is to be sent
	cursors  []*cursor
	turn     int    // index into cursors of who was last
	ticket   []byte // frame to be sent before all others; the newest only
	pong     []byte // likewise
	ending   *ending
	unhook   func()        // of Doorman.OnEnd
	pingAt   time.Duration // of the hub's clock, as is ticketAt
	ticketAt time.Duration // 0 while no ticket is to be made
}

// cursor is where a session is in a topic. Lock order: session.mu, topic.mu,
// Hub.mu, and then shard.mu or pulse.mu.
type cursor struct {
	session  *session
	topic    *topic
	rest     *step  // whose frames from part on are still to be sent
	at       uint64 // sequence that the page has, or 0
	part     int32
	place    int32 // in the topic's followers
	answered bool  // the page has had a frame since it has subscribed
}

// next returns the frame to write now, or nil; last when there will be no more.
func (c *cursor) next(now time.Time) (frame []byte, last bool) {
	if gone := c.topic.gone.Load(); gone != nil {
		return *gone, true
	}
	if c.rest == nil {
		c.rest, c.part = c.topic.next(c.at, now), 0
	}
	if c.rest != nil && len(c.rest.frames) > 0 {
		c.answered = true
		frame = c.rest.frames[c.part]
		c.part++
	}
	if c.rest != nil && int(c.part) == len(c.rest.frames) {
		c.at, c.rest = c.rest.to, nil
	}
	if frame == nil && !c.answered && c.at != 0 {
		c.answered = true
		frame = c.topic.here(c.at)
	}
	return frame, false
}

// gatherLocked appends to out what is to be written now. Topics take turns, a
// frame each, so that a long snapshot does not hold up a short frame.
func (s *session) gatherLocked(out [][]byte, now time.Time) (frames [][]byte, more bool) {
	if s.ending != nil {
		return s.lastWordsLocked(out), false
	}
	for _, frame := range []*[]byte{&s.ticket, &s.pong} {
		if *frame != nil {
			out, *frame = append(out, *frame), nil
		}
	}
	if s.ping {
		out, s.ping = append(out, pingFrame), false
	}
	size := 0
	for idle := 0; idle < len(s.cursors); {
		if size >= maxWrite || s.plain && len(out) > 0 {
			return out, true
		}
		s.turn = (s.turn + 1) % len(s.cursors)
		frame, last := s.cursors[s.turn].next(now)
		if last {
			s.dropLocked(s.turn)
		}
		if frame == nil {
			idle++
			continue
		}
		idle = 0
		size += len(frame)
		out = append(out, frame)
	}
	return out, false
}

func (s *session) lastWordsLocked(out [][]byte) [][]byte {
	if s.said {
		return out
	}
	s.said = true
	if s.ending.word != "" {
		out = append(out, errorFrame(s.ending))
	}
	return append(out, closeFrame(s.ending))
}

// dropLocked removes a cursor.
func (s *session) dropLocked(i int) {
	c := s.cursors[i]
	s.cursors = slices.Delete(s.cursors, i, i+1)
	if i <= s.turn {
		s.turn--
	}
	s.hub.leave(c)
}

// flush writes what there is, as far as it can be written at once. frames is
// room to work with. Only the shard calls it.
func (s *session) flush(frames [][]byte, now time.Time) {
	s.queued.Store(false)
	s.mu.Lock()
	if s.busy {
		s.mu.Unlock()
		return
	}
	frames, more := s.gatherLocked(frames[:0], now)
	last := s.said
	s.busy = len(frames) > 0
	s.mu.Unlock()
	if len(frames) == 0 {
		return
	}
	n, err := s.wire.WriteNow(frames)
	if err != nil {
		s.broken(err)
		return
	}
	s.count(frames)
	if rest := cut(frames, n); len(rest) > 0 {
		s.hub.stats.blocked.Add(1)
		go s.writeRest(rest, last)
		return
	}
	s.written(more, last)
}

// count counts frames as written: they will be, or the connection ends.
func (s *session) count(frames [][]byte) {
	size := 0
	for _, frame := range frames {
		size += len(frame)
	}
	s.hub.stats.sent.Add(int64(len(frames)))
	s.hub.stats.bytes.Add(int64(size))
	s.hub.stats.writes.Add(1)
}

// cut returns a copy of frames without their first n bytes.
func cut(frames [][]byte, n int) [][]byte {
	for i, frame := range frames {
		if n < len(frame) {
			rest := slices.Clone(frames[i:])
			rest[0] = frame[n:]
			return rest
		}
		n -= len(frame)
	}
	return nil
}

// writeRest waits until a connection that could not take all has taken it.
// Meanwhile nothing else is written to it, and nothing is kept for it.
func (s *session) writeRest(rest [][]byte, last bool) {
	if err := s.wire.WriteAll(rest, s.hub.pace.Grace); err != nil {
		s.broken(err)
		return
	}
	s.written(true, last)
}

// written is what follows a write.
func (s *session) written(more, last bool) {
	if last {
		s.wire.Finish()
		return // and stays busy
	}
	s.mu.Lock()
	s.busy = false
	more = more || s.ending != nil
	s.mu.Unlock()
	if more {
		s.shard.put(s)
	}
}

// broken ends a connection that cannot be written to any more.
func (s *session) broken(err error) {
	s.end(failedWrite(err))
	s.mu.Lock()
	e := s.ending
	s.mu.Unlock()
	s.wire.Close(e.code, e.reason())
}

// end ends the connection, unless that has been done: what leads to it is
// written if it can be, and the reader then comes to its end.
func (s *session) end(e *ending) {
	s.mu.Lock()
	first := s.ending == nil
	if first {
		s.ending = e
	}
	s.mu.Unlock()
	if first {
		s.wire.Hurry(lastWords, e.code, e.reason())
		s.shard.put(s)
	}
}

func (s *session) hasEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending != nil
}

// tend does what is due once in a while.
func (s *session) tend() {
	now := time.Duration(s.hub.now())
	if !s.plain && now-time.Duration(s.heard.Load()) > s.hub.pace.Silence {
		s.end(endSilent)
		return
	}
	s.mu.Lock()
	ping, rotate := now >= s.pingAt, s.ticketAt != 0 && now >= s.ticketAt
	if ping {
		s.ping, s.pingAt = true, now+s.hub.pace.nextPing()
	}
	if rotate {
		s.ticketAt = 0
	}
	s.mu.Unlock()
	if ping {
		s.shard.put(s)
	}
	if rotate {
		s.hub.desk.add(s)
	}
}

// hand gives the page a ticket that is good for life, in place of one that was
// not sent yet, and has the next one made when half of that has passed, or
// somewhat sooner: many who came together need not all come back together.
func (s *session) hand(op string, ticket account.Ticket, life time.Duration) {
	frame := ticketFrame(op, ticket, life, s.name())
	wait := max(life/2-rand.N(life/8+1), minRotation)
	s.mu.Lock()
	s.ticket = frame
	s.ticketAt = time.Duration(s.hub.now()) + wait
	s.mu.Unlock()
	s.shard.put(s)
}

// name is what the page must call this connection, if anything.
func (s *session) name() string {
	if p, ok := s.wire.(plain); ok {
		if n, ok := p.conn.(named); ok {
			return n.Name()
		}
	}
	return ""
}
