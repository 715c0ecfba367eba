package agent

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"offing/agent/internal/transmissiontest"
	"offing/configs"
	"offing/tunnel"
	"offing/tunnel/link"
	"offing/tunnel/tor"
)

// fakeOnion is a Unix socket in the place of an onion service.
type fakeOnion struct {
	socket  string
	address tor.Address

	mu      sync.Mutex
	clients []tor.ClientPublicKey
	err     error // what Run ends with at once
}

func (o *fakeOnion) Run(ctx context.Context) error {
	if o.err != nil {
		return o.err
	}
	<-ctx.Done()
	return nil
}

func (o *fakeOnion) Listen() (net.Listener, error) { return net.Listen("unix", o.socket) }

func (o *fakeOnion) SetClients(keys []tor.ClientPublicKey) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.clients = keys
	return nil
}

func (o *fakeOnion) authorized() []tor.ClientPublicKey {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.clients
}

func (o *fakeOnion) Address() tor.Address     { return o.address }
func (o *fakeOnion) Status() tor.Status       { return tor.Status{Running: true, Percent: 100} }
func (o *fakeOnion) Changed() <-chan struct{} { return nil }

// box is an agent under test.
type box struct {
	cfg   Config
	onion *fakeOnion
	log   *safeBuffer
	agent *Agent
}

// newBox returns an agent for the daemon d; nothing runs yet.
func newBox(t *testing.T, url string) *box {
	t.Helper()
	// Not t.TempDir: the path of a socket must be short.
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	b := &box{cfg: DefaultConfig(), log: &safeBuffer{}}
	b.cfg.State = filepath.Join(dir, "state")
	b.cfg.Transmission.URL = url
	b.cfg.Poll.Idle = configs.Duration(time.Hour)
	b.cfg.LogLevel = slog.LevelDebug
	b.onion = &fakeOnion{socket: filepath.Join(dir, "s"), address: someAddress(t)}
	b.agent, err = New(b.cfg, slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	b.agent.newOnion = b.maker
	return b
}

func (b *box) maker(tor.Config) (onion, error) { return b.onion, nil }

// someAddress is a valid onion address.
func someAddress(t *testing.T) tor.Address {
	t.Helper()
	dir := t.TempDir()
	real, err := tor.New(tor.Config{
		Control: "127.0.0.1:1",
		Service: &tor.Service{Dir: filepath.Join(dir, "onion"), Socket: filepath.Join(dir, "s")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return real.Address()
}

// run runs the agent until the test ends, which it must survive.
func (b *box) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.agent.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the agent ended with: %v", err)
		}
		if t.Failed() {
			t.Logf("its log:\n%s", b.log)
		}
	})
}

// pair makes a pairing, as the command does.
func (b *box) pair(t *testing.T, name string) tunnel.Pairing {
	t.Helper()
	code, err := pair(&b.cfg, name, slog.New(slog.DiscardHandler), b.maker)
	if err != nil {
		t.Fatal(err)
	}
	p, err := tunnel.ParsePairing(code)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// connect logs in with a pairing.
func (b *box) connect(t *testing.T, p tunnel.Pairing) (*link.Client, error) {
	t.Helper()
	return b.login(t, p.HostKey, p.Login())
}

func (b *box) login(t *testing.T, host ed25519.PublicKey, login ed25519.PrivateKey) (*link.Client, error) {
	t.Helper()
	conn, err := net.Dial("unix", b.onion.socket)
	if err != nil {
		return nil, err
	}
	return link.Connect(t.Context(), conn, link.ClientConfig{
		HostKey: host, Login: login, Log: slog.New(slog.DiscardHandler),
	})
}

// connected is connect for a login that must succeed, soon after run or pair.
func (b *box) connected(t *testing.T, p tunnel.Pairing) *link.Client {
	t.Helper()
	var c *link.Client
	eventually(t, "a login", func() (err error) {
		c, err = b.connect(t, p)
		return err
	})
	t.Cleanup(func() { c.Close() })
	return c
}

// eventually tries until there is no error.
func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited for %s: %v", what, err)
		}
	}
}

// safeBuffer is a bytes.Buffer for several goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// daemon starts a transmission-daemon with one torrent.
func daemon(t *testing.T) *transmissiontest.Daemon {
	t.Helper()
	d := transmissiontest.Start(t)
	d.Add("a torrent", false)
	return d
}
