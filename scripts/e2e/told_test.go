package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/hekmon/transmissionrpc/v2"

	"offing/scripts/rig"
)

// newTorrent makes a torrent whose files go with the test, and which the daemon must have
// forgotten by then.
func newTorrent(t *testing.T, name string) rig.Made {
	t.Helper()
	m, err := system.Make(name, 300_000)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		os.Remove(m.Path)
		os.Remove(m.Data)
	})
	return m
}

// told returns what Transmission itself says of a torrent, nil when it has none.
func told(t *testing.T, hash string) *transmissionrpc.Torrent {
	t.Helper()
	all, err := system.Told(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	one, ok := all[hash]
	if !ok {
		return nil
	}
	return &one
}

// untilTold waits until what Transmission says of a torrent is as wanted.
func untilTold(t *testing.T, what, hash string, is func(*transmissionrpc.Torrent) bool) {
	t.Helper()
	eventually(t, what, func() bool {
		one := told(t, hash)
		return one != nil && is(one)
	})
}

func isStopped(t *transmissionrpc.Torrent) bool {
	return *t.Status == transmissionrpc.TorrentStatusStopped
}

func isSeeding(t *transmissionrpc.Torrent) bool {
	return *t.Status == transmissionrpc.TorrentStatusSeed
}

// gone checks that a torrent has left the daemon and that its content has left the disk.
func gone(t *testing.T, m rig.Made) {
	t.Helper()
	if told(t, m.Hash) != nil {
		t.Errorf("Transmission still has %s", m.Name)
	}
	if _, err := os.Stat(m.Data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the content of %s is still on the disk (%v)", m.Name, err)
	}
}

// row is the CSS selector of a torrent's row in the list.
func row(hash string) string { return fmt.Sprintf(`[data-hash=%q]`, hash) }

// has is the JavaScript expression that is true when something is on the page.
func has(selector string) string {
	return fmt.Sprintf(`document.querySelector(%q) !== null`, selector)
}

// freeze stops a process where it is, until thaw or the end of the test.
func freeze(t *testing.T, pid int) {
	t.Helper()
	t.Cleanup(func() { syscall.Kill(pid, syscall.SIGCONT) })
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

func thaw(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}
