package lab

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// buffered is how many bytes a line takes before a writer has to wait: as much as
// the buffers of SSH and Tor do.
const buffered = 1 << 20

// packet is how many bytes leave a throttled line at a time: a cell's.
const packet = 498

// stream is one direction of a line, with a rate and a delay, and a tap.
type stream struct {
	rate  int
	delay time.Duration

	mu      sync.Mutex
	tap     tap
	changed chan struct{} // closed and replaced
	chunks  []chunk
	queued  int
	free    time.Time // when the last byte has left
	closed  bool
}

type chunk struct {
	bytes []byte
	due   time.Time
}

func newStream(rate int, delay time.Duration) *stream {
	return &stream{rate: rate, delay: delay, changed: make(chan struct{})}
}

// counted returns what has been counted since the last call.
func (s *stream) counted() counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.tap.counts
	s.tap.counts = counts{}
	return c
}

func (s *stream) noteLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// waitLocked lets go of the lock until something changes, or d is over if it is
// not 0.
func (s *stream) waitLocked(d time.Duration) {
	changed := s.changed
	s.mu.Unlock()
	defer s.mu.Lock()
	var alarm <-chan time.Time
	if d > 0 {
		alarm = time.After(d)
	}
	select {
	case <-changed:
	case <-alarm:
	}
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.queued >= buffered && !s.closed {
		s.waitLocked(0)
	}
	if s.closed {
		return 0, io.ErrClosedPipe
	}
	s.tap.write(p)
	for rest := bytes.Clone(p); len(rest) > 0; {
		n := len(rest)
		if now := time.Now(); s.free.Before(now) {
			s.free = now
		}
		if s.rate > 0 {
			n = min(n, packet)
			s.free = s.free.Add(time.Duration(n) * time.Second / time.Duration(s.rate))
		}
		s.chunks = append(s.chunks, chunk{rest[:n], s.free.Add(s.delay)})
		rest = rest[n:]
	}
	s.queued += len(p)
	s.noteLocked()
	return len(p), nil
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.closed {
		wait := time.Duration(0)
		if len(s.chunks) > 0 {
			c := &s.chunks[0]
			if wait = time.Until(c.due); wait <= 0 {
				n := copy(p, c.bytes)
				if c.bytes = c.bytes[n:]; len(c.bytes) == 0 {
					s.chunks = s.chunks[1:]
				}
				s.queued -= n
				s.noteLocked()
				return n, nil
			}
		}
		s.waitLocked(wait)
	}
	return 0, io.EOF
}

func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.noteLocked()
}

// end is one end of a line.
type end struct{ in, out *stream }

func (e *end) Read(p []byte) (int, error)  { return e.in.read(p) }
func (e *end) Write(p []byte) (int, error) { return e.out.write(p) }

func (e *end) Close() error {
	e.in.close()
	e.out.close()
	return nil
}
