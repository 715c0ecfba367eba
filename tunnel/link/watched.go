package link

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// watchedConn notes when something was last heard of the peer, and why reading
// ended. The SSH library tells neither.
type watchedConn struct {
	net.Conn
	heard atomic.Int64 // Unix nanoseconds

	mu  sync.Mutex
	err error // of the first failed Read
}

func watch(conn net.Conn) *watchedConn {
	w := &watchedConn{Conn: conn}
	w.hear(time.Now())
	return w
}

// hear begins the silence anew at t.
func (w *watchedConn) hear(t time.Time) { w.heard.Store(t.UnixNano()) }

// Read implements net.Conn.
func (w *watchedConn) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if n > 0 {
		w.hear(time.Now())
	}
	if err != nil {
		w.mu.Lock()
		if w.err == nil {
			w.err = err
		}
		w.mu.Unlock()
	}
	return n, err
}

// silence returns how long nothing has been heard.
func (w *watchedConn) silence() time.Duration {
	return time.Since(time.Unix(0, w.heard.Load()))
}

// readError returns why reading ended, or nil.
func (w *watchedConn) readError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// whenSilent calls f, which closes the connection, once nothing has been heard
// for limit; the function it returns ends the watch. Deadlines on the connection
// would not do: the library sets none, and any data must count.
func (w *watchedConn) whenSilent(limit time.Duration, f func()) (stop func()) {
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		for {
			select {
			case <-done:
				return
			case <-timer.C:
			}
			left := limit - w.silence()
			if left <= 0 {
				f()
				return
			}
			timer.Reset(left)
		}
	})
	return func() {
		close(done)
		watching.Wait()
	}
}
