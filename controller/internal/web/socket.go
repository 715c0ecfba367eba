package web

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"offing/controller/internal/hub"
)

// What the kernel keeps for a page, in bytes. What is on its way to one that is far
// off needs room; what cannot even be sent, because the page does not read, shall
// not: it waits in the hub, as a place in shared frames.
const (
	sendBuffer = 128 << 10 // SO_SNDBUF, which counts double
	unsent     = 16 << 10  // TCP_NOTSENT_LOWAT; one write may go beyond it
)

// socket is a hub.Wire on a connection that nobody else uses any more.
type socket struct {
	conn   net.Conn
	raw    syscall.RawConn // of conn; nil if it has none, and then every write may wait
	pens   *sync.Pool      // of *pen
	poller *poller
	ahead  ahead
	reader *frameReader
	failed bool // what comes is of no interest any more

	mu      sync.Mutex
	hurried bool   // the deadlines are the last
	then    func() // of Wait, while there is nothing to read
}

// pen writes once to a file descriptor. It is kept because a closure for each
// write would be the only thing that a write allocates.
type pen struct {
	frames [][]byte
	n      int
	err    error
	write  func(fd uintptr) bool
}

func newPen() any {
	p := &pen{}
	p.write = p.once
	return p
}

// once writes what fits. It is done whatever came of it.
func (p *pen) once(fd uintptr) bool {
	for {
		if len(p.frames) == 1 {
			p.n, p.err = unix.Write(int(fd), p.frames[0])
		} else {
			p.n, p.err = unix.Writev(int(fd), p.frames)
		}
		if p.err != unix.EINTR {
			return true
		}
	}
}

// newSocket makes a socket of a connection of which early has been read already.
func newSocket(conn net.Conn, early []byte, k *sockets) *socket {
	s := &socket{conn: conn, ahead: ahead{conn, early}, pens: &k.pens, poller: k.poller}
	s.reader = newFrameReader(&s.ahead)
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // it works with any other, too
		s.raw, _ = tcp.SyscallConn()       // likewise
	}
	if s.raw != nil {
		s.control(func(fd int) error { // likewise
			return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsent)
		})
	}
	return s
}

// ahead reads early, then from conn.
type ahead struct {
	conn  net.Conn
	early []byte
}

func (a *ahead) Read(p []byte) (int, error) {
	if len(a.early) == 0 {
		return a.conn.Read(p)
	}
	n := copy(p, a.early)
	if a.early = a.early[n:]; len(a.early) == 0 {
		a.early = nil
	}
	return n, nil
}

// Wait implements hub.Wire. Next will see what is wrong, if anything.
func (s *socket) Wait(then func()) {
	if s.raw == nil || s.reader.r.Buffered() > 0 || len(s.ahead.early) > 0 {
		go then()
		return
	}
	s.mu.Lock()
	s.then = then
	watched := !s.hurried && s.control(func(fd int) error { return s.poller.watch(fd, s) })
	s.mu.Unlock()
	if !watched {
		s.wake()
	}
}

// wake implements waiter: it ends Wait, if it has not ended.
func (s *socket) wake() {
	s.mu.Lock()
	then := s.then
	s.then = nil
	s.mu.Unlock()
	if then != nil {
		go then()
	}
}

// control does something with the file descriptor, and tells whether that went well.
func (s *socket) control(do func(fd int) error) bool {
	var err error
	return s.raw.Control(func(fd uintptr) { err = do(int(fd)) }) == nil && err == nil
}

// Next implements hub.Wire.
func (s *socket) Next() (hub.Message, error) {
	if s.failed {
		if _, err := io.Copy(io.Discard, onlyReader{s.conn}); err != nil {
			return hub.Message{}, err
		}
		return hub.Message{}, io.EOF
	}
	m, err := s.reader.next()
	if err != nil {
		s.failed = errors.As(err, new(*hub.FrameError))
	}
	return m, err
}

// onlyReader keeps io.Copy from splicing.
type onlyReader struct{ io.Reader }

// WriteNow implements hub.Wire.
func (s *socket) WriteNow(frames [][]byte) (int, error) {
	if s.raw == nil {
		return 0, nil
	}
	p, _ := s.pens.Get().(*pen)
	p.frames = frames
	closed := s.raw.Write(p.write)
	n, err := p.n, p.err
	p.frames, p.n, p.err = nil, 0, nil
	s.pens.Put(p)
	switch {
	case closed != nil:
		return 0, closed
	case err == unix.EAGAIN:
		return 0, nil
	}
	return max(n, 0), err
}

// WriteAll implements hub.Wire.
func (s *socket) WriteAll(frames [][]byte, within time.Duration) error {
	s.until(time.Now().Add(within))
	buffers := net.Buffers(frames)
	_, err := buffers.WriteTo(s.conn)
	s.until(time.Time{})
	return err
}

// until sets the deadline of writing, unless Hurry has set the last one.
func (s *socket) until(deadline time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.hurried {
		_ = s.conn.SetWriteDeadline(deadline) // fails on a closed connection only
	}
}

// Hurry implements hub.Wire.
func (s *socket) Hurry(within time.Duration, _ int, _ string) {
	s.mu.Lock()
	s.hurried = true
	_ = s.conn.SetDeadline(time.Now().Add(within)) // fails on a closed connection only
	s.mu.Unlock()
	s.wake() // the poller knows no deadlines
}

// Finish implements hub.Wire. The page has the close frame, and then the end; its
// own comes, or does not, until Next has had its time.
func (s *socket) Finish() {
	if c, ok := s.conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite() // fails when the page was faster
	}
}

// Close implements hub.Wire.
func (s *socket) Close(int, string) {
	if s.raw != nil {
		s.control(func(fd int) error { s.poller.forget(fd, s); return nil })
	}
	_ = s.conn.Close()
	s.wake()
}
