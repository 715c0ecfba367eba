package web

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sys/unix"

	"offing/controller/client"
	"offing/controller/internal/account"
)

// Bounds of requests that wait for a box.
const (
	maxWaiting    = 1024             // at once
	maxWaitingOne = 64               // at once of one person
	detailWait    = 5 * time.Second  // for the details of a torrent
	askWait       = 30 * time.Second // for the answer to a question
)

// waits counts the requests that wait.
type waits struct {
	mu  sync.Mutex
	all int
	of  map[account.User]int
}

func newWaits() *waits { return &waits{of: map[account.User]int{}} }

// enter tells whether another request of u may wait. Each that may leaves.
func (w *waits) enter(u account.User) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all >= maxWaiting || w.of[u] >= maxWaitingOne {
		return false
	}
	w.all++
	w.of[u]++
	return true
}

func (w *waits) leave(u account.User) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all--
	if w.of[u]--; w.of[u] == 0 {
		delete(w.of, u)
	}
}

// patience returns a context for a request that waits for d at most: it ends before
// when whoever asks goes away, or the server stops. Its end is to be called before
// the request is answered. The error is errWaiting.
func (s *Server) patience(c *fiber.Ctx, d time.Duration) (ctx context.Context, end func(), err error) {
	user := principal(c).User
	if !s.waits.enter(user) {
		return nil, nil, errWaiting
	}
	ctx, cancel := context.WithTimeout(s.ctx, d)
	unwatch := whenGone(c.Context().Conn(), cancel)
	return ctx, func() {
		unwatch()
		cancel()
		s.waits.leave(user)
	}, nil
}

// whenGone calls gone once the other end of a connection has closed it or said that
// it sends no more, until stop is called, which waits for it. What the other end
// sends meanwhile is left where it is; after that nothing more can be seen.
func whenGone(conn net.Conn, gone func()) (stop func()) {
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return func() {}
	}
	socket, err := raw.SyscallConn()
	if err != nil {
		return func() {}
	}
	_ = conn.SetReadDeadline(time.Time{}) // what follows is no reading
	var watching sync.WaitGroup
	watching.Go(func() {
		_ = socket.Read(func(fd uintptr) (seen bool) {
			n, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
			switch {
			case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
				return false
			case err != nil, n == 0:
				gone()
			}
			return true
		})
	})
	return func() {
		_ = conn.SetReadDeadline(time.Unix(1, 0)) // ends the Read; the server sets another
		watching.Wait()
	}
}

// waitOf reads how long a request wants to wait, in seconds.
func waitOf(c *fiber.Ctx) (time.Duration, error) {
	seconds, err := strconv.Atoi(c.Query("wait", "0"))
	if err != nil {
		return 0, errBadRequest
	}
	return waitFor(time.Duration(seconds) * time.Second)
}

// waitFor returns d, or errBadRequest when it is none to wait for.
func waitFor(d time.Duration) (time.Duration, error) {
	if d < 0 || d > client.MaxWait {
		return 0, errBadRequest
	}
	return d, nil
}
