package tor

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cretz/bine/torutil/ed25519"
)

func serviceConfig(dir string) Config {
	return Config{DataDir: dir + "/data", RunDir: dir + "/run", Service: &Service{Dir: dir + "/onion"}}
}

func TestServiceFiles(t *testing.T) {
	dir := shortDir(t)
	first, err := New(serviceConfig(dir))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseAddress(string(first.Address())); err != nil {
		t.Fatal(err)
	}
	checkModes(t, dir+"/onion")
	checkModes(t, dir+"/run")
	onion := filepath.Join(dir, "onion")
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(onion, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got := read(hostnameFile); got != first.Address().Host()+"\n" {
		t.Errorf("hostname: %q", got)
	}
	secret, public := read(secretKeyFile), read(publicKeyFile)
	if len(secret) != 96 || !strings.HasPrefix(secret, secretKeyHeader) || len(public) != 64 || !strings.HasPrefix(public, publicKeyHeader) {
		t.Errorf("key files of %d and %d bytes", len(secret), len(public))
	}
	if got := ed25519.PrivateKey(secret[32:]).PublicKey(); string(got) != public[32:] {
		t.Error("the keys do not belong together")
	}

	// A lost public part comes back, a second start has the same address.
	os.Remove(filepath.Join(onion, hostnameFile))
	second, err := New(serviceConfig(dir))
	if err != nil {
		t.Fatal(err)
	}
	if second.Address() != first.Address() || read(hostnameFile) != first.Address().Host()+"\n" {
		t.Error("the second start has another address")
	}
}

func TestServiceKeyErrors(t *testing.T) {
	dir := shortDir(t)
	if _, err := New(serviceConfig(dir)); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(dir, "onion", secretKeyFile)
	if err := os.WriteFile(secret, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(serviceConfig(dir)); err == nil || !strings.Contains(err.Error(), "not an onion service key") {
		t.Errorf("garbage for a key: %v", err)
	}
	os.Remove(secret)
	if _, err := New(serviceConfig(dir)); err == nil || !strings.Contains(err.Error(), "is missing") {
		t.Errorf("a lost key was replaced by another address: %v", err)
	}
}

func checkModes(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
