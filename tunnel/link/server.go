package link

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Defaults of ServerConfig. Handshakes are six round trips, each of which may
// take seconds over Tor.
const (
	defaultServerHandshake = 45 * time.Second
	defaultIdle            = 2 * time.Minute
	defaultMaxHandshakes   = 64
	defaultMaxPerCircuit   = 8
	defaultMaxConns        = 64
	defaultMaxChannels     = 8
	maxAuthTries           = 4 // an ssh-agent may hold a few wrong keys
)

// acceptPause is how long Serve waits after an Accept that failed for a reason
// that passes, such as too many open files.
const acceptPause = 100 * time.Millisecond

// ServerConfig is what a Server is made of. HostKey, Authorize, Mirror, Exec and
// Log are required; a zero limit means its default.
type ServerConfig struct {
	HostKey ed25519.PrivateKey

	// Authorize tells whether key may log in, and whose it is. It is asked at
	// each attempt and once more after the login, so that a revocation cannot
	// slip between the two; it must be safe for concurrent use, and compare keys
	// in constant time.
	Authorize func(key ed25519.PublicKey) (name string, ok bool)

	// Mirror serves one mirror channel until it returns. Its context ends with
	// the connection. The channel is closed after it.
	Mirror func(ctx context.Context, p Peer, rw io.ReadWriteCloser) error

	// Command serves one command channel as Mirror does a mirror channel. Without
	// it, as in agents of before there were commands, the channel is refused.
	Command func(ctx context.Context, p Peer, rw io.ReadWriteCloser) error

	// Exec runs one command of a plain ssh and returns its exit status. The words
	// are printable ASCII. For words that it does not know, and for none at all,
	// it writes a line to stderr that says which there are, and returns 127.
	Exec func(ctx context.Context, words []string, stdout, stderr io.Writer) (exit int)

	// ClassicKex also accepts curve25519-sha256, which is not post-quantum, for
	// plain ssh programs older than OpenSSH 9.9. Client never offers it.
	ClassicKex bool

	Log *slog.Logger

	HandshakeTimeout time.Duration // until a connection has logged in
	IdleTimeout      time.Duration // without anything from the peer, keepalives included
	MaxHandshakes    int           // connections at a time that have not logged in
	MaxConns         int           // connections at a time that have logged in
	MaxPerCircuit    int           // connections at a time from one "circuit-<number>" address
	MaxChannels      int           // channels at a time of one connection
}

// Server is the box's end of the line. It is safe for concurrent use.
type Server struct {
	cfg  ServerConfig
	ssh  *ssh.ServerConfig
	gate *gate

	mu    sync.Mutex
	conns map[*serverConn]struct{} // that have logged in
}

// NewServer checks the configuration.
func NewServer(cfg ServerConfig) (*Server, error) {
	if cfg.Authorize == nil || cfg.Mirror == nil || cfg.Exec == nil || cfg.Log == nil {
		return nil, errors.New("link: Authorize, Mirror, Exec and Log are required")
	}
	if len(cfg.HostKey) != ed25519.PrivateKeySize {
		return nil, errors.New("link: the host key is not an ed25519 private key")
	}
	signer, err := ssh.NewSignerFromKey(cfg.HostKey)
	if err != nil {
		return nil, fmt.Errorf("link: host key: %w", err)
	}
	setDefault(&cfg.HandshakeTimeout, defaultServerHandshake)
	setDefault(&cfg.IdleTimeout, defaultIdle)
	setDefault(&cfg.MaxHandshakes, defaultMaxHandshakes)
	setDefault(&cfg.MaxConns, defaultMaxConns)
	setDefault(&cfg.MaxPerCircuit, defaultMaxPerCircuit)
	setDefault(&cfg.MaxChannels, defaultMaxChannels)
	s := &Server{
		cfg:   cfg,
		gate:  newGate(cfg.MaxHandshakes, cfg.MaxPerCircuit),
		conns: make(map[*serverConn]struct{}),
	}
	s.ssh = &ssh.ServerConfig{
		Config:                  algorithms(),
		PublicKeyAuthAlgorithms: []string{ssh.KeyAlgoED25519},
		PublicKeyCallback:       s.authorize,
		MaxAuthTries:            maxAuthTries,
		ServerVersion:           identification,
	}
	if cfg.ClassicKex {
		s.ssh.KeyExchanges = append(s.ssh.KeyExchanges, ssh.KeyExchangeCurve25519)
	}
	s.ssh.AddHostKey(signer)
	return s, nil
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Serve accepts connections until ctx ends, and then closes l and everything
// that was accepted. It returns after all its goroutines have ended: nil when
// ctx ended, otherwise why the listener failed.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	serving, cancel := context.WithCancel(ctx)
	var conns sync.WaitGroup
	defer conns.Wait()
	defer cancel()
	defer context.AfterFunc(serving, func() { l.Close() })()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return nil
		}
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("link: accept: %w", err)
			}
			s.cfg.Log.Warn("cannot accept a connection, trying again", "error", err)
			pause(ctx, acceptPause)
			continue
		}
		conns.Go(func() { s.accept(serving, conn) })
	}
}

// accept serves conn to its end if the gate lets it in. Which circuit it is of
// can take a moment to learn, so this is not for the loop that accepts.
func (s *Server) accept(ctx context.Context, conn net.Conn) {
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	entrant := s.gate.enter(conn)
	if entrant == nil {
		s.cfg.Log.Debug("too many connections from one circuit")
		conn.Close()
		return
	}
	defer s.gate.leave(entrant)
	s.handle(ctx, entrant)
}

// pause waits for d, or less when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Disconnect closes every live connection that keep returns false for. After a
// revocation, call it when Authorize already refuses the key.
func (s *Server) Disconnect(keep func(name string, key ed25519.PublicKey) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if !keep(c.peer.Name, c.peer.Key) {
			c.ssh.Close()
		}
	}
}

// register makes c known to Disconnect, unless there are too many.
func (s *Server) register(c *serverConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= s.cfg.MaxConns {
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) unregister(c *serverConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}
