package tor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"offing/tunnel/tornet"
)

// patience bounds every wait of these tests. They wait for events, so that only
// a failure takes this long.
const patience = 2 * time.Minute

// private is the one Tor network of this package's tests.
var private struct {
	once    sync.Once
	network *tornet.Network
	err     error
}

func TestMain(m *testing.M) {
	if dir := os.Getenv(orphanDir); dir != "" {
		runOrphanParent(dir)
		return
	}
	dir, err := os.MkdirTemp("", "tor")
	if err != nil {
		panic(err)
	}
	os.Setenv("TMPDIR", dir) // t.TempDir's paths are too long for sockets: see shortDir
	code := m.Run()
	if private.network != nil {
		private.network.Close()
	}
	os.RemoveAll(dir)
	if left := goroutinesLeft(); left != "" && code == 0 {
		fmt.Fprintln(os.Stderr, "a goroutine is left:\n"+left)
		code = 1
	}
	os.Exit(code)
}

// goroutinesLeft returns a goroutine of ours that does not end, or "".
func goroutinesLeft() string {
	var left string
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); runtime.Gosched() {
		buf := make([]byte, 1<<20)
		left = ""
		for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")[1:] {
			if strings.Contains(g, "offing/tunnel/") {
				left = g
			}
		}
		if left == "" {
			return ""
		}
	}
	return left
}

// shortDir returns a folder whose path leaves room for sockets.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// networkLines starts the private network at the first call.
func networkLines(t *testing.T) []string {
	t.Helper()
	private.once.Do(func() {
		private.network, private.err = tornet.Start(context.Background(), tornet.Config{Dir: shortDir(t)})
	})
	if private.err != nil {
		t.Fatal(private.err)
	}
	return private.network.ClientLines()
}

// run makes a Tor and runs it until the test ends.
func run(t *testing.T, cfg Config) *Tor {
	t.Helper()
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	tor, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- tor.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	return tor
}

func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func waitReady(t *testing.T, tors ...*Tor) {
	t.Helper()
	for _, tor := range tors {
		if err := tor.WaitReady(patient(t)); err != nil {
			t.Fatalf("not ready: %v (%+v)", err, tor.Status())
		}
	}
}

// waitStatus waits for a status that ok accepts.
func waitStatus(t *testing.T, tor *Tor, what string, ok func(Status) bool) Status {
	t.Helper()
	timeout := time.After(patience)
	for {
		changed := tor.Changed()
		s := tor.Status()
		if ok(s) {
			return s
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("never %s: %+v", what, s)
		}
	}
}

// runHome and runBox run the two ends in the private network.
func runHome(t *testing.T) *Tor {
	t.Helper()
	dir := shortDir(t)
	return run(t, Config{DataDir: dir + "/data", RunDir: dir, Client: true, Extra: networkLines(t)})
}

func runBox(t *testing.T, clients ...ClientPublicKey) *Tor {
	t.Helper()
	dir := shortDir(t)
	box := run(t, Config{
		DataDir: dir + "/data", RunDir: dir, Extra: networkLines(t), Service: &Service{Dir: dir + "/onion"},
	})
	if err := box.SetClients(clients); err != nil {
		t.Fatal(err)
	}
	echo(t, box)
	return box
}

// echo serves the box: each connection is sent its circuit, and then what it
// says itself.
func echo(t *testing.T, box *Tor) {
	t.Helper()
	l, err := box.Listen()
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer c.Close()
				io.WriteString(c, c.RemoteAddr().String()+"\n")
				io.Copy(c, c)
			})
		}
	})
	t.Cleanup(func() { l.Close(); conns.Wait() })
}

// dialUntil dials until the outcome is the wanted error, nil for a connection:
// a descriptor takes a while to be uploaded, and a changed one to be noticed.
func dialUntil(t *testing.T, home *Tor, to Address, want error) net.Conn {
	t.Helper()
	ctx := patient(t)
	var last error
	for ctx.Err() == nil {
		once, cancel := context.WithTimeout(ctx, patience/4)
		conn, err := home.Dial(once, "test", to, Port)
		cancel()
		if want == nil && err == nil {
			return conn
		}
		if err == nil {
			conn.Close()
		}
		if want != nil && errors.Is(err, want) {
			return nil
		}
		if ctx.Err() == nil {
			last = err
			t.Log("Dial:", err)
		}
		forget(t, home)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
	t.Fatalf("Dial never ended with %v; last with %v", want, last)
	return nil
}

// forget makes home's Tor drop the descriptors that it has.
func forget(t *testing.T, home *Tor) {
	t.Helper()
	home.mu.Lock()
	defer home.mu.Unlock()
	if home.control == nil {
		return
	}
	if _, err := home.control.command("SIGNAL NEWNYM"); err != nil {
		t.Log("forget:", err)
	}
}

// checkEcho sends bytes to and fro and returns the circuit that the box saw.
func checkEcho(t *testing.T, conn net.Conn) (circuit string) {
	t.Helper()
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	const said = "over the line\n"
	if _, err := io.WriteString(conn, said); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 256)
	var got string
	for !strings.HasSuffix(got, said) {
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatalf("after %q: %v", got, err)
		}
		got += string(buf[:n])
	}
	circuit, _, _ = strings.Cut(got, "\n")
	return circuit
}

func newClientKey(t *testing.T) ClientKey {
	t.Helper()
	return ClientKey(randomBytes(t))
}

func authorize(t *testing.T, home *Tor, to Address, key ClientKey) {
	t.Helper()
	if err := home.Authorize(to, key); err != nil {
		t.Fatal(err)
	}
}

func randomBytes(t *testing.T) [32]byte {
	t.Helper()
	var b [32]byte
	rand.Read(b[:])
	return b
}
