package web

import (
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// bell is a waiter that rings.
type bell chan struct{}

func (b bell) wake() { b <- struct{}{} }

func openPoller(t *testing.T) *poller {
	t.Helper()
	p, err := newPoller()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

// pipe returns both ends of a pipe.
func pipe(t *testing.T) (r, w int) {
	t.Helper()
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	return fds[0], fds[1]
}

func shut(t *testing.T, fds ...int) {
	t.Helper()
	for _, fd := range fds {
		if err := unix.Close(fd); err != nil {
			t.Fatal(err)
		}
	}
}

// Each watch wakes once, also when it is the second of its descriptor.
func TestPollerWakesOnce(t *testing.T) {
	p, b := openPoller(t), make(bell, 8)
	r, w := pipe(t)
	defer shut(t, r, w)
	for range 3 {
		if err := p.watch(r, b); err != nil {
			t.Fatal(err)
		}
		if _, err := unix.Write(w, []byte("x")); err != nil {
			t.Fatal(err)
		}
		<-b
	}
	p.close() // run has ended: nothing comes any more
	if len(b) != 0 || len(p.waiting) != 0 {
		t.Errorf("woken %d times too often, %d still wait", len(b), len(p.waiting))
	}
}

// A descriptor that was closed and came back belongs to its new owner alone.
func TestPollerTellsLivesApart(t *testing.T) {
	p := openPoller(t)
	former, present := make(bell, 8), make(bell, 8)
	r, w := pipe(t)
	if err := p.watch(r, former); err != nil {
		t.Fatal(err)
	}
	old := p.waiting[int32(r)].turn
	p.forget(r, former)
	other, write := pipe(t)
	defer shut(t, r, w, other, write)
	if err := unix.Dup3(other, r, unix.O_CLOEXEC); err != nil { // closes r
		t.Fatal(err)
	}
	if err := p.watch(r, present); err != nil {
		t.Fatal(err)
	}
	if p.take(unix.EpollEvent{Fd: int32(r), Pad: int32(old)}) != nil {
		t.Error("the last event of the former woke the present one")
	}
	p.forget(r, former) // comes late
	if _, err := unix.Write(write, []byte("x")); err != nil {
		t.Fatal(err)
	}
	<-present
	if len(former) != 0 {
		t.Error("the former was woken")
	}
}

// A connection that waits comes to its end whoever ends it, and leaves nothing behind.
func TestWaitEnds(t *testing.T) {
	for name, end := range map[string]func(s *socket, peer net.Conn){
		"by the peer":  func(_ *socket, peer net.Conn) { _ = peer.Close() },
		"by Close":     func(s *socket, _ net.Conn) { s.Close(0, "") },
		"in a hurry":   func(s *socket, _ net.Conn) { s.Hurry(time.Hour, 0, "") },
		"by a message": func(_ *socket, peer net.Conn) { _, _ = peer.Write([]byte("x")) },
	} {
		t.Run(name, func(t *testing.T) {
			k := openSockets(t)
			conn, peer := tcpPair(t)
			s := newSocket(conn, nil, k)
			ended := make(chan struct{})
			s.Wait(func() { close(ended) })
			end(s, peer)
			<-ended
			s.Close(0, "")
			k.poller.mu.Lock()
			defer k.poller.mu.Unlock()
			if len(k.poller.waiting) != 0 {
				t.Error("the poller still keeps it")
			}
		})
	}
}

// After Hurry nobody waits without a deadline.
func TestHurriedReads(t *testing.T) {
	conn, _ := tcpPair(t)
	s := newSocket(conn, nil, openSockets(t))
	s.Hurry(0, 0, "")
	failed := make(chan error)
	s.Wait(func() { _, err := s.Next(); failed <- err })
	if err := <-failed; !os.IsTimeout(err) {
		t.Errorf("%v, want a deadline", err)
	}
}

func tcpPair(t *testing.T) (server, client net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if client, err = (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = server.Close(), client.Close() })
	return server, client
}
