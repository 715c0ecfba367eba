package controllers

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offing/tunnel/tor"
)

func controller(name string, b byte) Controller {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = b
	return Controller{name, ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey), tor.ClientPublicKey{b}}
}

func folder(t *testing.T) Folder {
	t.Helper()
	f, err := Open(filepath.Join(t.TempDir(), "controllers"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func add(t *testing.T, f Folder, c Controller) {
	t.Helper()
	if err := f.Add(c); err != nil {
		t.Fatal(err)
	}
}

func TestAddListRemove(t *testing.T) {
	f := folder(t)
	home, away := controller("home", 1), controller("away-2", 2)
	add(t, f, home)
	add(t, f, away)
	list, err := f.List()
	if err != nil || len(list) != 2 {
		t.Fatalf("list %v, %v", list, err)
	}
	if got := list[1]; got.Name != "home" || !got.Login.Equal(home.Login) || got.Client != home.Client {
		t.Errorf("read back %+v", got)
	}
	if err := f.Add(controller("home", 3)); !errors.Is(err, ErrExists) {
		t.Errorf("a second home: %v", err)
	}
	if list, _ := f.List(); !list[1].Login.Equal(home.Login) {
		t.Error("a second home has replaced the first")
	}
	if err := f.Remove("home"); err != nil {
		t.Fatal(err)
	}
	if err := f.Remove("home"); !errors.Is(err, ErrUnknown) {
		t.Errorf("removed twice: %v", err)
	}
	if entries, _ := os.ReadDir(string(f)); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestNames(t *testing.T) {
	f := folder(t)
	for _, name := range []string{"", "-x", "Home", "a/b", "..", "a b", "über", strings.Repeat("x", maxName+1)} {
		if err := f.Add(controller(name, 1)); !errors.Is(err, ErrName) {
			t.Errorf("add %q: %v", name, err)
		}
		if err := f.Remove(name); !errors.Is(err, ErrName) {
			t.Errorf("remove %q: %v", name, err)
		}
	}
}

// A file that cannot be read shuts its owner out, and nobody else.
func TestBrokenFile(t *testing.T) {
	f := folder(t)
	add(t, f, controller("home", 1))
	for name, content := range map[string]string{
		"broken": "login = ", "short": `login = "AAAA"` + "\n" + `onion_client = "AAAA"`, "empty": "", "other": `x = 1`,
	} {
		if err := os.WriteFile(f.path(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := f.List()
	if len(list) != 1 || err == nil || !strings.Contains(err.Error(), "broken") || !strings.Contains(err.Error(), "short") {
		t.Errorf("list %v, %v", list, err)
	}
}

func TestAuthorize(t *testing.T) {
	var r Register
	home, away := controller("home", 1), controller("away", 2)
	if _, ok := r.Authorize(home.Login); ok {
		t.Error("an empty register lets somebody in")
	}
	r.Set([]Controller{home, away})
	if name, ok := r.Authorize(away.Login); name != "away" || !ok {
		t.Errorf("away is %q, %v", name, ok)
	}
	r.Set([]Controller{home})
	if _, ok := r.Authorize(away.Login); ok {
		t.Error("a revoked key is let in")
	}
	if _, ok := r.Authorize(nil); ok {
		t.Error("no key is let in")
	}
}

func TestWatch(t *testing.T) {
	f := folder(t)
	ctx, cancel := context.WithCancel(t.Context())
	counts, ended := make(chan int), make(chan struct{})
	go func() {
		defer close(ended)
		f.Watch(ctx, slog.New(slog.DiscardHandler), func() {
			list, _ := f.List()
			select {
			case counts <- len(list):
			case <-ctx.Done():
			}
		})
	}()
	await := func(want int) {
		for n := range counts {
			if n == want {
				return
			}
		}
	}
	await(0)
	add(t, f, controller("home", 1))
	await(1)
	if err := f.Remove("home"); err != nil {
		t.Fatal(err)
	}
	await(0)
	cancel()
	<-ended
}

// The files are ours, but a hand may have edited them.
func FuzzFile(f *testing.F) {
	f.Add(encode(controller("x", 1)))
	f.Add("login = \"\"\nonion_client = \"\"\n")
	dir := Folder(f.TempDir())
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(dir.path("x"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := dir.read("x")
		if err == nil && len(c.Login) != ed25519.PublicKeySize {
			t.Errorf("a login key of %d bytes", len(c.Login))
		}
	})
}
