package memnet

import (
	"io"
	"slices"
	"sync"
	"time"
)

// Stream is one direction of a line that can be slow, narrow and faulty: a buffered
// pipe with a rate, a delay, and a byte at which it breaks or a bit that it flips. What
// is exported is set before it is used.
type Stream struct {
	Rate  int           // bytes a second, 0 for as fast as can be
	Delay time.Duration // of each byte
	Room  int           // bytes on the way before a write waits
	CutAt int           // bytes after which the line breaks, -1 for never
	Flip  int           // bit to flip, -1 for none

	mu      sync.Mutex
	changed chan struct{} // closed and replaced
	chunks  []chunk
	queued  int
	written int
	free    time.Time // when the last byte has left
	log     []Write   // what was written when
	broken  bool      // nothing more will come
	closed  bool      // nobody reads
}

// Write is one call of a Stream's writer.
type Write struct {
	At   time.Time
	Size int
}

type chunk struct {
	bytes []byte
	due   time.Time
}

// NewStream returns a Stream that is fast, wide and without faults.
func NewStream() *Stream {
	return &Stream{Room: 1 << 20, CutAt: -1, Flip: -1, changed: make(chan struct{})}
}

// Written returns how many bytes were written, and were not lost at a break.
func (s *Stream) Written() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written
}

// Queued returns how many bytes nobody has read.
func (s *Stream) Queued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queued
}

// Log returns what was written when.
func (s *Stream) Log() []Write {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// CutAfter has the line break after so many further bytes.
func (s *Stream) CutAfter(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.CutAt = s.written + n
}

// Narrow has writes wait while so many bytes are on the way.
func (s *Stream) Narrow(room int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Room = room
}

func (s *Stream) noteLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// waitLocked lets go of the lock until something changes or d is over, if it is not 0.
func (s *Stream) waitLocked(d time.Duration) {
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

// MTU is how many bytes travel together, at most.
const MTU = 512

func (s *Stream) write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, Write{time.Now(), len(p)})
	for len(p) > 0 {
		for s.queued >= s.Room && !s.broken && !s.closed {
			s.waitLocked(0)
		}
		if s.broken || s.closed {
			return n, io.ErrClosedPipe
		}
		b := append([]byte(nil), p[:min(len(p), MTU)]...)
		if s.CutAt >= 0 && s.written+len(b) >= s.CutAt {
			b, s.broken = b[:s.CutAt-s.written], true
		}
		s.push(b)
		n, p = n+len(b), p[len(b):]
	}
	return n, nil
}

func (s *Stream) push(b []byte) {
	if i := s.Flip/8 - s.written; s.Flip >= 0 && i >= 0 && i < len(b) {
		b[i] ^= 1 << (s.Flip % 8)
	}
	s.written += len(b)
	s.queued += len(b)
	if now := time.Now(); now.After(s.free) {
		s.free = now
	}
	if s.Rate > 0 {
		s.free = s.free.Add(time.Duration(len(b)) * time.Second / time.Duration(s.Rate))
	}
	s.chunks = append(s.chunks, chunk{b, s.free.Add(s.Delay)})
	s.noteLocked()
}

func (s *Stream) read(p []byte) (int, error) {
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

func (s *Stream) pop(p []byte) int {
	c := &s.chunks[0]
	n := copy(p, c.bytes)
	if c.bytes = c.bytes[n:]; len(c.bytes) == 0 {
		s.chunks = s.chunks[1:]
	}
	s.queued -= n
	s.noteLocked()
	return n
}

func (s *Stream) stop(closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
	s.closed = s.closed || closed
	s.noteLocked()
}

// End is one end of a line of two Streams.
type End struct{ In, Out *Stream }

// Read implements io.Reader.
func (e *End) Read(p []byte) (int, error) { return e.In.read(p) }

// Write implements io.Writer. It breaks the other direction too when its own breaks.
func (e *End) Write(p []byte) (int, error) {
	n, err := e.Out.write(p)
	if err != nil {
		e.In.stop(false)
	}
	return n, err
}

// Close implements io.Closer. The other end reads what is on the way, then EOF.
func (e *End) Close() error {
	e.In.stop(true)
	e.Out.stop(false)
	return nil
}
