package store

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// open opens a store in dir and closes it with the test.
func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func config(dir string) Config {
	return Config{
		Dir: filepath.Join(dir, "store"), KeyFile: filepath.Join(dir, "store.key"),
		Log: slog.New(slog.DiscardHandler),
	}
}

func put(t *testing.T, s *Store, bucket, key, value string) {
	t.Helper()
	b, err := s.Bucket(t.Context(), BucketConfig{Name: bucket})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(t.Context(), key, []byte(value)); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s *Store, bucket, key string) (string, error) {
	t.Helper()
	b, err := s.Bucket(t.Context(), BucketConfig{Name: bucket})
	if err != nil {
		return "", err
	}
	e, err := b.Get(t.Context(), key)
	return string(e.Value), err
}

func TestReopenKeepsValues(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, "people", "ada", "1815")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := get(t, open(t, dir), "people", "ada"); err != nil || got != "1815" {
		t.Fatalf("got %q, %v", got, err)
	}
}

// A process that is killed does not show whether a write would have outlived a
// loss of power, so this asks the server itself.
func TestEveryWriteIsSynced(t *testing.T) {
	if c := open(t, t.TempDir()).server.JetStreamConfig(); !c.SyncAlways {
		t.Fatal("writes are acknowledged before they are on the disk")
	}
}

func TestLockedByAnother(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := Open(t.Context(), config(dir)); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second store on the same folder: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestWrongKey(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, "people", "ada", "1815")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c := config(dir)
	good, err := os.ReadFile(c.KeyFile)
	if err != nil {
		t.Fatal(err)
	}

	other := bytes.Repeat([]byte("ab"), keyLen)
	if err := os.WriteFile(c.KeyFile, other, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), c); !errors.Is(err, ErrWrongKey) {
		t.Fatalf("another key: %v", err)
	}
	if err := os.Remove(c.KeyFile); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), c); !errors.Is(err, ErrWrongKey) {
		t.Fatalf("no key: %v", err)
	}
	if _, err := os.Stat(c.KeyFile); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("a new key was made for data that has one")
	}
	if err := os.WriteFile(c.KeyFile, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "hexadecimal") {
		t.Fatalf("no key at all: %v", err)
	}
	if err := os.WriteFile(c.KeyFile, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := get(t, open(t, dir), "people", "ada"); err != nil || got != "1815" {
		t.Fatalf("with the right key again: %q, %v", got, err)
	}
}

func TestDamagedBucketIsNotReplaced(t *testing.T) {
	for _, rot := range []int{0, 3, minDescription - 1, minDescription, 1000} {
		dir := t.TempDir()
		s := open(t, dir)
		put(t, s, "people", "ada", "1815")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		meta := filepath.Join(dir, "store", "jetstream", "$G", "streams", "KV_people", "meta.inf")
		if err := os.WriteFile(meta, make([]byte, rot), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := get(t, open(t, dir), "people", "ada"); !errors.Is(err, ErrDamaged) {
			t.Fatalf("%d bytes of rot: %v, want ErrDamaged", rot, err)
		}
	}
}

func appendTo(t *testing.T, s *Store, subject, value string) {
	t.Helper()
	j, err := s.Journal(t.Context(), JournalConfig{Name: "deeds"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(t.Context(), subject, []byte(value)); err != nil {
		t.Fatal(err)
	}
}

// stage leaves a batch unfinished, as a crash would: its first message lies in a
// folder of its own.
func stage(t *testing.T, s *Store, key, value string) {
	t.Helper()
	encoded, err := encode(key)
	if err != nil {
		t.Fatal(err)
	}
	m := nats.NewMsg("$KV.people." + encoded)
	m.Header.Set(batchID, "unfinished")
	m.Header.Set(batchSequence, "1")
	m.Data = []byte(value)
	ctx, cancel := within(t.Context(), writeTimeout)
	defer cancel()
	if _, err := s.ask(ctx, m); err != nil {
		t.Fatal(err)
	}
}

// A process may be killed between the two files that describe a stream, when it is
// made and when a new version changes it: the second is missing then, or an old one.
func TestKilledBetweenDescriptionAndSum(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, "people", "ada", "1815")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "store", "jetstream", "$G", "streams", "KV_people", "meta.sum")
	if err := os.WriteFile(path, []byte("0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if got, err := get(t, s, "people", "ada"); err != nil || got != "1815" {
		t.Fatalf("with the sum of before: %q, %v", got, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got, err := get(t, open(t, dir), "people", "ada"); err != nil || got != "1815" {
		t.Fatalf("without a sum: %q, %v", got, err)
	}
}

// Opening what is there describes nothing anew: each time it did there would be a
// moment in which a kill is dangerous.
func TestOpeningChangesNoDescription(t *testing.T) {
	dir := t.TempDir()
	describe := func() (all string) {
		s := open(t, dir)
		put(t, s, "people", "ada", "1815")
		appendTo(t, s, "ada", "1815")
		if _, err := s.Bucket(t.Context(), BucketConfig{Name: "short", TTL: time.Second}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		paths, err := filepath.Glob(filepath.Join(dir, "store", "jetstream", "$G", "streams", "*", "meta.inf"))
		if err != nil || len(paths) != 4 {
			t.Fatalf("%d streams: %v", len(paths), err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all += string(text) // encrypted with a new nonce each time that it is written
		}
		return all
	}
	if first := describe(); describe() != first {
		t.Error("a description was written again")
	}
}

// TestNothingReadableAtRest looks for a key and its value in every file.
func TestNothingReadableAtRest(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	secrets := []string{"queen-of-engines", "the-analytical-value"}
	encoded, err := encode(secrets[0])
	if err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, encoded)
	put(t, s, "people", secrets[0], secrets[1])
	appendTo(t, s, secrets[0], secrets[1])
	stage(t, s, secrets[0], secrets[1])
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files++
		for _, secret := range secrets {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s holds %q", path, secret)
			}
		}
		return err
	})
	if err != nil || files < 5 {
		t.Fatalf("looked at %d files: %v", files, err)
	}
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	for path, want := range map[string]fs.FileMode{"store": 0o700, "store.key": 0o600, "store/key.check": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
}

func TestOpenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if _, err := Open(ctx, config(dir)); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	open(t, dir) // nothing is left holding the folder
}
