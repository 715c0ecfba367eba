package boxtest

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
)

// listener accepts the connections that dial makes.
type listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newListener() *listener {
	return &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *listener) dial(ctx context.Context) (net.Conn, error) {
	a, b := net.Pipe()
	up, down := newQueue(), newQueue()
	select {
	case l.conns <- &conn{Conn: b, in: up, out: down}:
		return &conn{Conn: a, in: down, out: up}, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: "box", Net: "unix"} }

// conn is one end of a connection with buffers: both ends of SSH begin by
// writing, which a net.Pipe would never let them finish. The addresses are the
// pipe's; deadlines do nothing.
type conn struct {
	net.Conn
	in, out *queue
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) { return c.in.read(p) }

// Write implements net.Conn. It never blocks.
func (c *conn) Write(p []byte) (int, error) { return c.out.write(p) }

// Close implements net.Conn, for both directions at once.
func (c *conn) Close() error {
	c.in.close()
	c.out.close()
	return nil
}

// queue is one direction of a connection.
type queue struct {
	mu      sync.Mutex
	changed *sync.Cond
	data    bytes.Buffer
	closed  bool
}

func newQueue() *queue {
	q := &queue{}
	q.changed = sync.NewCond(&q.mu)
	return q
}

func (q *queue) read(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.data.Len() == 0 && !q.closed {
		q.changed.Wait()
	}
	if q.data.Len() == 0 {
		return 0, io.EOF
	}
	return q.data.Read(p)
}

func (q *queue) write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return 0, io.ErrClosedPipe
	}
	q.changed.Broadcast()
	return q.data.Write(p)
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}
