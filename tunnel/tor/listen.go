package tor

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"time"
)

// headerTimeout is how long a connection may take to say its circuit.
const headerTimeout = 10 * time.Second

// Listen listens where Tor connects to for each stream of the service; it works
// before and after Tor runs. RemoteAddr of a connection is the circuit that it
// came by. The first Read or RemoteAddr waits until Tor has named that, for at
// most 10 seconds, so they belong into the connection's own goroutine.
func (t *Tor) Listen() (net.Listener, error) {
	if t.cfg.Service == nil {
		return nil, errors.New("tor: a client has no service to listen for")
	}
	path := t.cfg.Service.Socket
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("tor: remove an old service socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("tor: service socket: %w", err)
	}
	own := t.cfg.Control == ""
	mode := fs.FileMode(0o600)
	if !own {
		mode = 0o660 // an existing Tor runs as another user, who shares a group with the folder
	}
	if err := os.Chmod(path, mode); err != nil {
		l.Close()
		return nil, fmt.Errorf("tor: service socket: %w", err)
	}
	return &listener{l, own}, nil
}

type listener struct {
	net.Listener
	circuits bool // connections begin with their circuit
}

// Accept never waits for the connection's first bytes.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return newCircuitConn(conn, l.circuits), nil
}

// circuitAddr is the address of a client: the circuit it comes by.
type circuitAddr string

func (circuitAddr) Network() string  { return "onion" }
func (a circuitAddr) String() string { return string(a) }

const unknownCircuit = circuitAddr("circuit-unknown")

// circuitConn is a connection whose first line names its circuit.
type circuitConn struct {
	net.Conn
	once    sync.Once
	circuit circuitAddr
	err     error

	mu       sync.Mutex
	deadline time.Time // for reading, as the user of the connection has set it
	limit    time.Time // for reading the first line, zero when that is done
}

func newCircuitConn(conn net.Conn, named bool) *circuitConn {
	c := &circuitConn{Conn: conn, circuit: unknownCircuit}
	if !named {
		c.once.Do(func() {})
	}
	return c
}

// begin reads the first line.
func (c *circuitConn) begin() error {
	c.once.Do(func() {
		c.setLimit(time.Now().Add(headerTimeout))
		defer c.setLimit(time.Time{})
		id, err := readCircuit(c.Conn)
		if err != nil {
			c.err = fmt.Errorf("tor: circuit of a connection: %w", err)
			c.Conn.Close()
			return
		}
		c.circuit = circuitAddr(fmt.Sprintf("circuit-%d", id))
	})
	return c.err
}

// Read reads what the client sends.
func (c *circuitConn) Read(p []byte) (int, error) {
	if err := c.begin(); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// RemoteAddr returns "circuit-<number>", or "circuit-unknown" when Tor did not
// name it.
func (c *circuitConn) RemoteAddr() net.Addr {
	c.begin() // its error comes again from Read
	return c.circuit
}

// SetDeadline is as in net.Conn.
func (c *circuitConn) SetDeadline(d time.Time) error {
	return errors.Join(c.SetReadDeadline(d), c.SetWriteDeadline(d))
}

// SetReadDeadline is as in net.Conn; it can only shorten the wait for the circuit.
func (c *circuitConn) SetReadDeadline(d time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = d
	return c.applyLocked()
}

func (c *circuitConn) setLimit(d time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limit = d
	c.applyLocked() // it fails on a closed connection only, and so does the read that follows
}

func (c *circuitConn) applyLocked() error {
	d := c.deadline
	if d.IsZero() || !c.limit.IsZero() && c.limit.Before(d) {
		d = c.limit
	}
	return c.Conn.SetReadDeadline(d)
}
