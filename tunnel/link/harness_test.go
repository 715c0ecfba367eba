package link

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"offing/tunnel/internal/memnet"
)

// box is a Server on a memory network, with an owner who may log in.
type box struct {
	t        *testing.T
	hostKey  ed25519.PrivateKey
	owner    ed25519.PrivateKey
	listener *memnet.Listener
	server   *Server
	stop     func() // ends Serve and waits for it

	mu      sync.Mutex
	allowed map[string]string // key → name
	asked   int               // calls of Authorize
	peers   []Peer            // of mirror and command channels
}

// newKey returns a key that is the same for the same seed.
func newKey(seed string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte(seed), ed25519.SeedSize)[:ed25519.SeedSize])
}

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

// newBox starts a server. Its mirror and its command channel echo; its commands are those of commands.
func newBox(t *testing.T, change func(*ServerConfig)) *box {
	t.Helper()
	b := &box{t: t, hostKey: newKey("host"), owner: newKey("owner"), listener: memnet.Listen()}
	b.allowed = map[string]string{string(public(b.owner)): "owner"}
	cfg := ServerConfig{HostKey: b.hostKey, Authorize: b.authorize, Mirror: b.mirror, Command: b.mirror, Exec: commands, Log: testLog(t)}
	if change != nil {
		change(&cfg)
	}
	var err error
	if b.server, err = NewServer(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- b.server.Serve(ctx, b.listener) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(b.stop)
	return b
}

func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (b *box) authorize(key ed25519.PublicKey) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	name, ok := b.allowed[string(key)]
	return name, ok
}

func (b *box) mirror(_ context.Context, p Peer, rw io.ReadWriteCloser) error {
	b.mu.Lock()
	b.peers = append(b.peers, p)
	b.mu.Unlock()
	_, err := io.Copy(rw, rw)
	return err
}

// commands is what the test boxes can do.
func commands(ctx context.Context, words []string, stdout, stderr io.Writer) int {
	switch strings.Join(words, " ") {
	case "status":
		fmt.Fprintln(stdout, "all is well")
		return 0
	case "trouble":
		fmt.Fprintln(stdout, "half of it")
		fmt.Fprintln(stderr, "the disk is full")
		return 3
	case "list":
		io.WriteString(stdout, strings.Repeat("0123456789abcde\n", 1<<16)) // 1 MiB
		return 0
	case "hang":
		<-ctx.Done()
		return 1
	}
	fmt.Fprintln(stderr, "the words are: status list trouble")
	return 127
}

// dial opens a connection from the named circuit.
func (b *box) dial(circuit memnet.Addr) *memnet.Conn {
	b.t.Helper()
	conn, err := b.listener.Dial(circuit, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	return conn
}

func (b *box) clientConfig() ClientConfig {
	return ClientConfig{HostKey: public(b.hostKey), Login: b.owner, Log: testLog(b.t)}
}

// connect logs the owner in.
func (b *box) connect(circuit memnet.Addr) (*Client, error) {
	return Connect(b.t.Context(), b.dial(circuit), b.clientConfig())
}

// mustConnect logs the owner in and out again at the end of the test.
func (b *box) mustConnect(circuit memnet.Addr) *Client {
	b.t.Helper()
	c, err := b.connect(circuit)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { c.Close() })
	return c
}

// wantStatus checks that the line works.
func wantStatus(t *testing.T, c *Client) {
	t.Helper()
	out, exit, err := c.Exec(t.Context(), "status")
	if err != nil || exit != 0 || string(out) != "all is well\n" {
		t.Errorf("status: %q, exit %d, %v", out, exit, err)
	}
}

// wantEnd waits for the line to end, in a bubble's time.
func wantEnd(t *testing.T, c *Client, want error) {
	t.Helper()
	select {
	case <-c.Done():
		if !errors.Is(c.Err(), want) {
			t.Errorf("the line ended with %v, want %v", c.Err(), want)
		}
	case <-time.After(time.Hour):
		t.Errorf("the line lives on, want %v", want)
	}
}

// foreign returns the configuration of an SSH client of another make.
func (b *box) foreign(auth ...ssh.AuthMethod) *ssh.ClientConfig {
	return &ssh.ClientConfig{Config: algorithms(), User: "somebody", Auth: auth, HostKeyCallback: ssh.InsecureIgnoreHostKey()}
}

// foreignClient logs in as another make of client would.
func (b *box) foreignClient(cfg *ssh.ClientConfig) (*ssh.Client, error) {
	conn, channels, requests, err := ssh.NewClientConn(b.dial("circuit-9"), "", cfg)
	if err != nil {
		return nil, err
	}
	client := ssh.NewClient(conn, channels, requests)
	b.t.Cleanup(func() {
		client.Close()
		client.Wait()
	})
	return client, nil
}

func signer(t *testing.T, key ed25519.PrivateKey) ssh.Signer {
	t.Helper()
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// closedAfter waits for the other end to close conn, and tells how long it took.
func closedAfter(conn io.Reader) time.Duration {
	begun := time.Now()
	_, _ = io.Copy(io.Discard, conn)
	return time.Since(begun)
}

func (b *box) seenPeers() []Peer {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.peers)
}
