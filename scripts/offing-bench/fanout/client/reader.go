package main

import (
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"offing/scripts/offing-bench/fanout"
)

// reader reads all connections by one epoll.
type reader struct {
	epoll int
	stamp []byte // set before the first connection
	buf   []byte

	mu     sync.Mutex
	conns  map[int32]*conn // by file descriptor
	count  fanout.Seen
	late   []time.Duration
	keep   [][]byte // the first messages
	closed int
}

// kept is how many messages are kept in case they are asked for.
const kept = 64

func newReader() (*reader, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return &reader{epoll: epoll, buf: make([]byte, 1<<18), conns: make(map[int32]*conn)}, err
}

// add hands a connection over. Of a stalled one only the end is looked for.
func (r *reader) add(c *conn, stalled bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.takeLocked(c, nil, time.Now()); err != nil {
		return err
	}
	r.conns[int32(c.fd)] = c
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c.fd)}
	if stalled {
		event.Events = unix.EPOLLRDHUP
	}
	return unix.EpollCtl(r.epoll, unix.EPOLL_CTL_ADD, c.fd, &event)
}

// run reads what there is to read.
func (r *reader) run() error {
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := unix.EpollWait(r.epoll, events, -1)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		r.mu.Lock()
		for _, e := range events[:n] {
			if err := r.handleLocked(e); err != nil {
				r.mu.Unlock()
				return err
			}
		}
		r.mu.Unlock()
	}
}

// handleLocked reads once from a connection. One that is at its end is counted.
func (r *reader) handleLocked(e unix.EpollEvent) error {
	c, n := r.conns[e.Fd], 0
	if e.Events&unix.EPOLLIN != 0 {
		var err error
		n, err = unix.Read(c.fd, r.buf)
		if err == unix.EAGAIN || err == unix.EINTR {
			return nil
		}
	}
	if n <= 0 {
		r.closed++
		delete(r.conns, e.Fd)
		return unix.Close(c.fd) // which takes it out of the epoll
	}
	return r.takeLocked(c, r.buf[:n], time.Now())
}

// takeLocked counts the whole frames of what was left over and what has come.
func (r *reader) takeLocked(c *conn, b []byte, now time.Time) error {
	if len(c.rest) > 0 {
		b = append(c.rest, b...)
	}
	for {
		f, ok, err := fanout.NextFrame(b)
		if err != nil {
			return err
		}
		if !ok {
			c.rest = append(c.rest[:0], b...)
			return nil
		}
		b = b[f.Size:]
		switch f.Op {
		case fanout.OpText:
			r.countLocked(f, now)
		case fanout.OpPing:
			_ = c.write(fanout.AppendFrame(nil, fanout.OpPong, f.Payload)) // reading notices a broken one too
		}
	}
}

func (r *reader) countLocked(f fanout.Frame, now time.Time) {
	r.count.Frames++
	r.count.Bytes += int64(f.Size)
	if r.count.Frames <= kept {
		r.keep = append(r.keep, slices.Clone(f.Payload))
	}
	fanout.EachStamp(f.Payload, r.stamp, func(at int64) {
		r.count.Stamps++
		r.late = append(r.late, now.Sub(time.Unix(0, at)))
	})
}

// reset forgets what was counted.
func (r *reader) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count, r.late, r.keep = fanout.Seen{}, r.late[:0], nil
}

// answer says what came since.
func (r *reader) answer(op string) fanout.Seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.count
	s.Closed = r.closed
	if n := len(r.late); n > 0 && op == "seen" {
		slices.Sort(r.late)
		s.Median, s.P99, s.Worst = r.late[n/2], r.late[n*99/100], r.late[n-1]
	}
	if op == "keep" {
		for _, m := range r.keep {
			s.Messages = append(s.Messages, string(m))
		}
	}
	return s
}
