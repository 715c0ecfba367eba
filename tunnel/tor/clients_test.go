package tor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNeverOpen: a service whose folder authorizes nobody is open to everybody.
func TestNeverOpen(t *testing.T) {
	dir := shortDir(t)
	box, err := New(serviceConfig(dir))
	if err != nil {
		t.Fatal(err)
	}
	nobody := filepath.Join(dir, "onion", clientsDir, nobodyFile)
	before := mustReadClient(t, nobody)

	one, two := newClientKey(t).Public(), newClientKey(t).Public()
	for _, keys := range [][]ClientPublicKey{{one, two}, {two}, {two, two}, nil} {
		if err := box.SetClients(keys); err != nil {
			t.Fatal(err)
		}
		got, err := box.clients.keys()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(got, before) {
			t.Errorf("with %d clients nobody's key is gone", len(keys))
		}
		want := map[ClientPublicKey]bool{before: true}
		for _, k := range keys {
			want[k] = true
		}
		if len(got) != len(want) {
			t.Errorf("%d keys are authorized, want %d", len(got), len(want))
		}
		checkModes(t, filepath.Join(dir, "onion", clientsDir))
	}

	// A second start keeps the key, and makes it again when somebody has broken it.
	for _, breakIt := range []bool{false, true} {
		if breakIt {
			if err := os.WriteFile(nobody, []byte("descriptor:x25519:short\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := New(serviceConfig(dir)); err != nil {
			t.Fatal(err)
		}
		if same := mustReadClient(t, nobody) == before; same == breakIt {
			t.Errorf("broken %v: the key of nobody is the same: %v", breakIt, same)
		}
	}
}

func mustReadClient(t *testing.T, path string) ClientPublicKey {
	t.Helper()
	key, err := readClient(path)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func FuzzParseClient(f *testing.F) {
	f.Add(clientPrefix + ClientPublicKey{1, 2, 3}.base32() + "\n")
	f.Add("descriptor:x25519:")
	f.Add("descriptor:ed25519:AAAA")
	f.Fuzz(func(t *testing.T, line string) {
		key, err := parseClient(line)
		if err != nil {
			return
		}
		if again, err := parseClient(clientPrefix + key.base32()); err != nil || again != key {
			t.Fatalf("%q does not come back: %v", line, err)
		}
		if strings.Contains(line, "\n ") {
			t.Fatalf("%q is more than one line", line)
		}
	})
}
