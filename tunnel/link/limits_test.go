package link

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"

	"offing/tunnel/internal/memnet"
)

// stall opens n connections from a circuit each that never say anything.
func (b *box) stall(n int) []*memnet.Conn {
	conns := make([]*memnet.Conn, n)
	for i := range conns {
		conns[i] = b.dial(memnet.Addr(fmt.Sprintf("circuit-%d", 1000+i)))
	}
	return conns
}

func TestStalledHandshakesDoNotKeepTheOwnerOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const stalled = 200
		b := newBox(t, nil)
		before := runtime.NumGoroutine()
		b.stall(stalled)
		synctest.Wait()
		if n := len(b.server.gate.handshakes); n > defaultMaxHandshakes {
			t.Errorf("%d handshakes at a time, want at most %d", n, defaultMaxHandshakes)
		}
		c := b.mustConnect("circuit-1")
		wantStatus(t, c)
		c.Close()

		time.Sleep(2 * defaultServerHandshake) // in the bubble's time
		synctest.Wait()
		if n := len(b.server.gate.handshakes); n != 0 {
			t.Errorf("%d handshakes are left after their deadline", n)
		}
		if n := len(b.server.gate.circuits); n != 0 {
			t.Errorf("%d circuits are left after their connections", n)
		}
		if n := runtime.NumGoroutine(); n > before+5 {
			t.Errorf("%d goroutines after the flood, %d before it", n, before)
		}
	})
}

func TestHandshakeDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		conn := b.dial("circuit-1")
		if took := closedAfter(conn); took != defaultServerHandshake {
			t.Errorf("closed after %v, want %v", took, defaultServerHandshake)
		}
	})
}

func TestConnectDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		near, _ := memnet.Pipe("circuit-1", 0)
		begun := time.Now()
		if _, err := Connect(t.Context(), near, b.clientConfig()); !errors.Is(err, ErrHandshakeTimeout) {
			t.Errorf("Connect: %v, want %v", err, ErrHandshakeTimeout)
		}
		if took := time.Since(begun); took != defaultClientHandshake {
			t.Errorf("gave up after %v, want %v", took, defaultClientHandshake)
		}
	})
}

func TestIdleConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		conn := b.dial("circuit-1")
		_, _, _, err := ssh.NewClientConn(conn, "", b.foreign(ssh.PublicKeys(signer(t, b.owner))))
		if err != nil {
			t.Fatal(err)
		}
		conn.Cut() // nor will it hear that it is closed
		time.Sleep(defaultIdle + time.Second)
		synctest.Wait()
		if n := len(b.server.conns); n != 0 {
			t.Errorf("%d connections after %v of silence", n, defaultIdle)
		}
		conn.Close()
	})
}

func TestKeepalivesKeepTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newBox(t, nil).mustConnect("circuit-1")
		time.Sleep(24 * time.Hour)
		wantStatus(t, c)
	})
}

func TestLimitPerCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, func(cfg *ServerConfig) { cfg.MaxPerCircuit = 3 })
		b.dial("circuit-7")
		first, second := b.mustConnect("circuit-7"), b.mustConnect("circuit-7")
		if _, err := b.connect("circuit-7"); !errors.Is(err, ErrBroken) {
			t.Errorf("the fourth connection of a circuit: %v, want %v", err, ErrBroken)
		}
		wantStatus(t, b.mustConnect("circuit-8"))
		first.Close()
		synctest.Wait()
		wantStatus(t, b.mustConnect("circuit-7"))
		wantStatus(t, second)
	})
}

// Without circuit ids the owner and an attacker look alike.
func TestNoLimitForUnknownCircuits(t *testing.T) {
	for _, address := range []memnet.Addr{"circuit-unknown", "circuit-", "@", "circuit-12x"} {
		t.Run(string(address), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBox(t, func(cfg *ServerConfig) { cfg.MaxPerCircuit = 1 })
				wantStatus(t, b.mustConnect(address))
				wantStatus(t, b.mustConnect(address))
			})
		})
	}
}

func TestLimitOfConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, func(cfg *ServerConfig) { cfg.MaxConns = 1 })
		first := b.mustConnect("circuit-1")
		wantStatus(t, first)
		second, err := b.connect("circuit-2")
		if err != nil {
			t.Fatal(err)
		}
		wantEnd(t, second, ErrBroken)
		wantStatus(t, first)
	})
}

func TestLimitOfChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, func(cfg *ServerConfig) { cfg.MaxChannels = 2 })
		c := b.mustConnect("circuit-1")
		first, err := c.Mirror(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Mirror(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, _, err = c.Exec(t.Context(), "status")
		if err == nil || !strings.Contains(err.Error(), "at most 2 channels") {
			t.Errorf("the third channel: %v", err)
		}
		first.Close()
		synctest.Wait()
		wantStatus(t, c)
	})
}

func TestServeEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		c := b.mustConnect("circuit-1")
		if _, err := c.Mirror(t.Context()); err != nil {
			t.Fatal(err)
		}
		stalled := b.dial("circuit-2")
		b.stop()
		wantEnd(t, c, ErrBroken)
		closedAfter(stalled)
		if _, err := b.listener.Dial("circuit-3", 0); err == nil {
			t.Error("the listener is still open")
		}
	})
}

func TestServeReportsAFailedListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		closed := memnet.Listen()
		closed.Close()
		if err := b.server.Serve(t.Context(), closed); err == nil {
			t.Error("Serve returned nil for a listener that somebody else closed")
		}
	})
}
