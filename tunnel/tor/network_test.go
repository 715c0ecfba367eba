package tor

import (
	"crypto/ed25519"
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestLine(t *testing.T) {
	t.Parallel()
	right, wrong := newClientKey(t), newClientKey(t)
	home, box := runHome(t), runBox(t, right.Public())
	waitReady(t, home, box)
	to := box.Address()

	dialUntil(t, home, to, ErrClientAuthMissing)
	authorize(t, home, to, wrong)
	dialUntil(t, home, to, ErrClientAuthWrong)
	authorize(t, home, to, right)
	if circuit := checkEcho(t, dialUntil(t, home, to, nil)); !strings.HasPrefix(circuit, "circuit-") || circuit == unknownCircuit.String() {
		t.Errorf("the box saw %q, want a numbered circuit", circuit)
	}
}

func TestUnknownAddress(t *testing.T) {
	t.Parallel()
	home := runHome(t)
	waitReady(t, home)
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	dialUntil(t, home, addressOf([32]byte(public)), ErrDescriptorNotFound)
}

func TestKilledComesBack(t *testing.T) {
	t.Parallel()
	key := newClientKey(t)
	home, box := runHome(t), runBox(t, key.Public())
	to := box.Address()
	authorize(t, home, to, key)
	waitReady(t, home, box)
	checkEcho(t, dialUntil(t, home, to, nil))

	for _, tor := range []*Tor{box, home} {
		killed := tor.Status().PID
		if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		waitStatus(t, tor, "running as another process", func(s Status) bool { return s.Running && s.PID != killed })
		waitReady(t, tor)
	}
	if box.Address() != to {
		t.Error("the address has changed")
	}
	checkEcho(t, dialUntil(t, home, to, nil))
}

func TestDownAtOnce(t *testing.T) {
	t.Parallel()
	home := runHome(t)
	waitReady(t, home)
	changed := home.Changed()
	if err := syscall.Kill(home.Status().PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-changed
	if s := home.Status(); s.Running || s.PID != 0 || s.Percent != 0 {
		t.Errorf("after the kill: %+v", s)
	}
	if _, err := home.Dial(t.Context(), "test", addressOf([32]byte{}), Port); !errors.Is(err, ErrNotReady) {
		t.Errorf("Dial: %v, want ErrNotReady", err)
	}
}

// TestExistingTor uses the Tor of another for both ends.
func TestExistingTor(t *testing.T) {
	t.Parallel()
	other := runHome(t)
	control := "unix:" + other.controlPath()
	dir := shortDir(t)
	key := newClientKey(t)
	box := run(t, Config{RunDir: dir, Control: control, Service: &Service{Dir: dir + "/onion"}})
	if err := box.SetClients([]ClientPublicKey{key.Public()}); err != nil {
		t.Fatal(err)
	}
	echo(t, box)
	home := run(t, Config{Control: control, SOCKS: filepath.Join(other.cfg.RunDir, socksSocket), Client: true})
	waitReady(t, home, box)
	if home.Status().PID != other.Status().PID {
		t.Error("the process id is not the existing Tor's")
	}
	to := box.Address()
	dialUntil(t, home, to, ErrClientAuthMissing)
	authorize(t, home, to, key)
	if circuit := checkEcho(t, dialUntil(t, home, to, nil)); circuit != unknownCircuit.String() {
		t.Errorf("the box saw %q", circuit)
	}
	if err := box.SetClients(nil); err != nil {
		t.Fatal(err)
	}
}
