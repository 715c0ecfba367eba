package command

import (
	"io"
	"sync"
	"time"
)

// stream is one direction of a test's line: a buffered pipe with a rate, a delay, and
// a byte at which it breaks or a bit that it flips.
type stream struct {
	rate  int           // bytes a second, 0 for as fast as can be
	delay time.Duration // of each byte
	room  int           // bytes on the way before Write waits
	cutAt int           // bytes after which the line breaks, -1 for never
	flip  int           // bit to flip, -1 for none

	mu      sync.Mutex
	changed chan struct{} // closed and replaced
	chunks  []chunk
	queued  int
	written int
	sizes   []int     // of what was written
	free    time.Time // when the last byte has left
	broken  bool      // nothing more will come
	closed  bool      // nobody reads
}

type chunk struct {
	bytes []byte
	due   time.Time
}

func newStream() *stream {
	return &stream{room: 1 << 20, cutAt: -1, flip: -1, changed: make(chan struct{})}
}

func (s *stream) noteLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// waitLocked lets go of the lock until something changes or d is over, if it is not 0.
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

const mtu = 512

func (s *stream) write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes = append(s.sizes, len(p))
	for len(p) > 0 {
		for s.queued >= s.room && !s.broken && !s.closed {
			s.waitLocked(0)
		}
		if s.broken || s.closed {
			return n, io.ErrClosedPipe
		}
		b := append([]byte(nil), p[:min(len(p), mtu)]...)
		if s.cutAt >= 0 && s.written+len(b) >= s.cutAt {
			b, s.broken = b[:s.cutAt-s.written], true
		}
		s.push(b)
		n, p = n+len(b), p[len(b):]
	}
	return n, nil
}

func (s *stream) push(b []byte) {
	if i := s.flip/8 - s.written; s.flip >= 0 && i >= 0 && i < len(b) {
		b[i] ^= 1 << (s.flip % 8)
	}
	s.written += len(b)
	s.queued += len(b)
	if now := time.Now(); now.After(s.free) {
		s.free = now
	}
	if s.rate > 0 {
		s.free = s.free.Add(time.Duration(len(b)) * time.Second / time.Duration(s.rate))
	}
	s.chunks = append(s.chunks, chunk{b, s.free.Add(s.delay)})
	s.noteLocked()
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.closed {
			return 0, io.ErrClosedPipe
		}
		wait := time.Duration(0)
		if len(s.chunks) > 0 {
			if wait = time.Until(s.chunks[0].due); wait <= 0 {
				return s.pop(p), nil
			}
		} else if s.broken {
			return 0, io.EOF
		}
		s.waitLocked(wait)
	}
}

func (s *stream) pop(p []byte) int {
	c := &s.chunks[0]
	n := copy(p, c.bytes)
	if c.bytes = c.bytes[n:]; len(c.bytes) == 0 {
		s.chunks = s.chunks[1:]
	}
	s.queued -= n
	s.noteLocked()
	return n
}

func (s *stream) stop(closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
	s.closed = s.closed || closed
	s.noteLocked()
}

// end is one end of a line.
type end struct{ in, out *stream }

func (e *end) Read(p []byte) (int, error) { return e.in.read(p) }

// Write breaks the other direction too when its own breaks.
func (e *end) Write(p []byte) (int, error) {
	n, err := e.out.write(p)
	if err != nil {
		e.in.stop(false)
	}
	return n, err
}

func (e *end) Close() error {
	e.in.stop(true)
	e.out.stop(false)
	return nil
}
