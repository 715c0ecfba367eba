// Package memnet owns a network in memory for tests: connections with buffers,
// latency and faults, all of whose waiting testing/synctest understands. (Both
// ends of SSH begin by writing, which would deadlock on a net.Pipe.)
package memnet

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Addr is an address that is just a name, such as "circuit-7".
type Addr string

// Network implements net.Addr.
func (Addr) Network() string { return "mem" }

// String implements net.Addr.
func (a Addr) String() string { return string(a) }

// Conn is one end of a Pipe. Deadlines are not supported.
type Conn struct {
	in, out       *half
	local, remote Addr
}

// Pipe returns the two ends of a connection whose bytes take latency each way.
// The second end sees the first as address.
func Pipe(address Addr, latency time.Duration) (*Conn, *Conn) {
	a, b := newHalf(latency), newHalf(latency)
	return &Conn{a, b, address, "server"}, &Conn{b, a, "server", address}
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) { return c.in.read(p) }

// Write implements net.Conn. It never blocks.
func (c *Conn) Write(p []byte) (int, error) { return c.out.write(p) }

// Close implements net.Conn. The other end reads what is on the way, then EOF.
func (c *Conn) Close() error {
	c.in.close(true)
	c.out.close(false)
	return nil
}

// Cut makes the connection swallow everything from now on, in both directions,
// and neither end is told.
func (c *Conn) Cut() {
	c.in.cut()
	c.out.cut()
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements net.Conn; it is not supported.
func (c *Conn) SetDeadline(time.Time) error { return os.ErrNoDeadline }

// SetReadDeadline implements net.Conn; it is not supported.
func (c *Conn) SetReadDeadline(time.Time) error { return os.ErrNoDeadline }

// SetWriteDeadline implements net.Conn; it is not supported.
func (c *Conn) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

// half is one direction of a Pipe.
type half struct {
	latency time.Duration

	mu      sync.Mutex
	changed *sync.Cond
	way     [][]byte // on the way; nil is the end
	arrived bytes.Buffer
	ended   bool // the end has arrived
	closed  bool // nothing more is written
	gone    bool // the reader has closed
	dead    bool
}

func newHalf(latency time.Duration) *half {
	h := &half{latency: latency}
	h.changed = sync.NewCond(&h.mu)
	return h
}

func (h *half) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.arrived.Len() == 0 && !h.ended && !h.gone {
		h.changed.Wait()
	}
	switch {
	case h.gone:
		return 0, net.ErrClosed
	case h.arrived.Len() == 0:
		return 0, io.EOF
	}
	return h.arrived.Read(p)
}

func (h *half) write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return 0, net.ErrClosed
	}
	if h.gone && !h.dead {
		return 0, io.ErrClosedPipe
	}
	h.sendLocked(append([]byte{}, p...))
	return len(p), nil
}

// sendLocked puts a chunk on the way; each arrival takes the oldest.
func (h *half) sendLocked(chunk []byte) {
	h.way = append(h.way, chunk)
	if h.latency > 0 {
		time.AfterFunc(h.latency, h.arrive)
		return
	}
	h.arriveLocked()
}

func (h *half) arrive() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.arriveLocked()
}

func (h *half) arriveLocked() {
	chunk := h.way[0]
	h.way = h.way[1:]
	if h.dead {
		return
	}
	if chunk == nil {
		h.ended = true
	}
	h.arrived.Write(chunk)
	h.changed.Broadcast()
}

func (h *half) close(reader bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if reader {
		h.gone = true
		h.changed.Broadcast()
		return
	}
	if !h.closed {
		h.closed = true
		h.sendLocked(nil)
	}
}

func (h *half) cut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dead = true
}
