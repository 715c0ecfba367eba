// Package boxtest owns make-believe boxes for tests: an agent's end of the line
// with a state that the test writes, reached through memory instead of Tor. All
// of its waiting is understood by testing/synctest.
package boxtest

import (
	"context"
	"crypto/ed25519"
	"crypto/sha3"
	"encoding/base32"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"offing/tunnel"
	"offing/tunnel/command"
	"offing/tunnel/link"
	"offing/tunnel/mirror"
	"offing/tunnel/state"
	"offing/tunnel/tor"
)

// Box is one box. It serves until its test is over.
type Box struct {
	Pairing  tunnel.Pairing
	State    *state.State
	Followed chan struct{} // has one each time that home begins to follow, over a line that is up
	Watched  chan bool     // what home wants, each time that it changes its mind

	listener *listener
	details  *details
	executor *executor

	mu    sync.Mutex
	fail  error // of each dial
	dials int
	conns []net.Conn // home's ends
}

// Option changes what New starts.
type Option func(*link.ServerConfig)

// WithoutCommands makes it a box whose agent is too old to take commands.
func WithoutCommands() Option { return func(c *link.ServerConfig) { c.Command = nil } }

// New starts a box. Those of different seeds are different boxes.
func New(t *testing.T, seed byte, options ...Option) *Box {
	t.Helper()
	hostKey := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune('a'+seed%26)), ed25519.SeedSize)))
	public := hostKey.Public().(ed25519.PublicKey)
	b := &Box{
		Pairing:  tunnel.Pairing{Address: addressOf(public), HostKey: public, Secret: [32]byte{seed}},
		State:    state.New(state.Epoch(seed) + 1),
		Followed: make(chan struct{}, 64), Watched: make(chan bool, 64), listener: newListener(),
		details: &details{open: make(map[state.Hash]int), known: make(map[state.Hash]detail)},
	}
	log := slog.New(slog.DiscardHandler)
	source := mirror.Source{State: b.State, Interest: b.interest, Details: b.details, Log: log}
	owner := b.Pairing.Login().Public().(ed25519.PublicKey)
	b.executor = newExecutor(b)
	config := link.ServerConfig{
		HostKey:   hostKey,
		Authorize: func(key ed25519.PublicKey) (string, bool) { return "home", key.Equal(owner) },
		Mirror: func(ctx context.Context, _ link.Peer, rw io.ReadWriteCloser) error {
			b.Followed <- struct{}{}
			return source.Run(ctx, rw)
		},
		Command: func(ctx context.Context, p link.Peer, rw io.ReadWriteCloser) error {
			return command.Serve(ctx, rw, p.Name, b.executor, log)
		},
		Exec: func(context.Context, []string, io.Writer, io.Writer) int { return 1 },
		Log:  log,
	}
	for _, option := range options {
		option(&config)
	}
	server, err := link.NewServer(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, b.listener) }()
	var executing sync.WaitGroup
	executing.Go(func() { b.executor.run(ctx) })
	t.Cleanup(func() {
		cancel()
		executing.Wait()
		if err := <-served; err != nil {
			t.Errorf("the box's server: %v", err)
		}
	})
	return b
}

// addressOf encodes a key as an onion address (rend-spec-v3, "Encoding onion
// addresses").
func addressOf(key ed25519.PublicKey) tor.Address {
	const version = "\x03"
	sum := sha3.Sum256([]byte(".onion checksum" + string(key) + version))
	raw := string(key) + string(sum[:2]) + version
	return tor.Address(strings.ToLower(base32.StdEncoding.EncodeToString([]byte(raw))))
}

func (b *Box) interest(_ context.Context, l mirror.Level) { b.Watched <- l == mirror.Watching }

// Put puts torrents into the box's state, as an agent does that has just asked
// the daemon.
func (b *Box) Put(torrents ...*state.Torrent) {
	_ = b.State.Update(func(tx *state.Tx) error { // only the function could fail
		for _, t := range torrents {
			tx.Put(t)
		}
		return nil
	})
}

// Break ends all connections. Until Mend no other comes about: dials fail with err.
func (b *Box) Break(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = err
	for _, c := range b.conns {
		_ = c.Close() // it may be closed already
	}
	b.conns = nil
}

// Mend lets home connect again.
func (b *Box) Mend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = nil
}

// Dials returns how often home has tried to connect.
func (b *Box) Dials() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dials
}

func (b *Box) dial(ctx context.Context) (net.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dials++
	if b.fail != nil {
		return nil, b.fail
	}
	conn, err := b.listener.dial(ctx)
	if err == nil {
		b.conns = append(b.conns, conn)
	}
	return conn, err
}

// Net is a make-believe Tor, by which these boxes can be reached.
type Net []*Box

// Dial implements tunnel.Dialer.
func (n Net) Dial(ctx context.Context, _ string, to tor.Address, port int) (net.Conn, error) {
	for _, b := range n {
		if b.Pairing.Address == to && port == tor.Port {
			return b.dial(ctx)
		}
	}
	return nil, tor.ErrDescriptorNotFound
}
