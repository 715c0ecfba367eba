package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// rename returns a migration that gives every value of the bucket another prefix,
// one at a time. It calls step, when there is one, before each.
func rename(from, to string, step func() error) Migration {
	return func(ctx context.Context, s *Store) error {
		b, err := s.Bucket(ctx, BucketConfig{Name: "people"})
		if err != nil {
			return err
		}
		items, err := b.All(ctx)
		if err != nil {
			return err
		}
		for _, i := range items {
			if string(i.Value[:1]) != from { // done before the crash
				continue
			}
			if step != nil {
				if err := step(); err != nil {
					return err
				}
			}
			if _, err := b.Update(ctx, i.Key, append([]byte(to), i.Value[1:]...), i.Revision); err != nil {
				return err
			}
		}
		return nil
	}
}

// fill writes n values of schema 1.
func fill(t *testing.T, s *Store, n int) {
	t.Helper()
	for i := range n {
		put(t, s, "people", strconv.Itoa(i), "1-"+strconv.Itoa(i))
	}
}

func wantSchema(t *testing.T, s *Store, version, n int) {
	t.Helper()
	if got, err := get(t, s, "meta", schemaKey); err != nil || got != strconv.Itoa(version) {
		t.Fatalf("the store says schema %q, %v; want %d", got, err, version)
	}
	for i := range n {
		want := fmt.Sprintf("%d-%d", version, i)
		if got, err := get(t, s, "people", strconv.Itoa(i)); err != nil || got != want {
			t.Fatalf("value %q, %v; want %q", got, err, want)
		}
	}
}

func TestMigration(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	fill(t, s, 5)
	wantSchema(t, s, 1, 5)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c := config(dir)
	c.Migrations = []Migration{rename("1", "2", nil), rename("2", "3", nil)}
	for range 2 {
		s, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		wantSchema(t, s, 3, 5)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		c.Migrations[1] = rename("3", "!", nil) // must not run again
	}
	if _, err := Open(t.Context(), config(dir)); !errors.Is(err, ErrNewer) {
		t.Fatalf("the older controller: %v, want ErrNewer", err)
	}
}

// A new store is at the newest version: there is nothing to migrate in it.
func TestNewStoreIsNotMigrated(t *testing.T) {
	c := config(t.TempDir())
	c.Migrations = []Migration{func(context.Context, *Store) error { return errors.New("called") }}
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	wantSchema(t, s, 2, 0)
}

// TestInterruptedMigration fails in the middle of the second migration. The next
// start repeats that one, and not the first.
func TestInterruptedMigration(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	fill(t, s, 5)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	power := errors.New("the power fails")
	steps := 0
	c := config(dir)
	c.Migrations = []Migration{rename("1", "2", nil), rename("2", "3", func() error {
		if steps++; steps > 3 {
			return power
		}
		return nil
	})}
	if _, err := Open(t.Context(), c); !errors.Is(err, power) {
		t.Fatalf("got %v", err)
	}
	c.Migrations = []Migration{func(context.Context, *Store) error { return errors.New("called again") }, rename("2", "3", nil)}
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	wantSchema(t, s, 3, 5)
}

func TestDamagedSchema(t *testing.T) {
	for _, version := range []string{"", "0", "-1", "two"} {
		dir := t.TempDir()
		s := open(t, dir)
		put(t, s, "meta", schemaKey, version)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), config(dir)); !errors.Is(err, ErrDamaged) {
			t.Errorf("schema %q: %v, want ErrDamaged", version, err)
		}
	}
}

// TestMigrationInACluster starts several controllers at once: one migrates, the
// others wait for it and do not.
func TestMigrationInACluster(t *testing.T) {
	c := Config{URL: cluster(t), Replicas: 3, Log: slog.New(slog.DiscardHandler)}
	s := openCluster(t, c)
	fill(t, s, 5)
	var at, calls atomic.Int32
	c.Migrations = []Migration{
		func(ctx context.Context, s *Store) error {
			if at.Add(1) > 1 {
				t.Error("two migrate at the same time")
			}
			defer at.Add(-1)
			calls.Add(1)
			return rename("1", "2", func() error { return pause(ctx, 50*time.Millisecond) })(ctx, s)
		},
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			s, err := Open(t.Context(), c)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	wantSchema(t, s, 2, 5)
	if calls.Load() != 1 {
		t.Errorf("migrated %d times", calls.Load())
	}
	testLease(t, s)
}

// testLease has a holder die, and another lose its lease without noticing.
func testLease(t *testing.T, s *Store) {
	s.leaseTTL = 3 * time.Second // a quarter of it is room enough for a renewal on a busy machine
	ctx := t.Context()
	b, err := s.Bucket(ctx, BucketConfig{Name: "lease", TTL: s.leaseTTL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Create(ctx, leaseKey, []byte("dead")); err != nil {
		t.Fatalf("the lease was not given back: %v", err)
	}
	held, release, err := s.lease(ctx)
	if err != nil {
		t.Fatalf("after the holder's death: %v", err)
	}
	// It is kept for longer than it lives by itself.
	if err := pause(held, s.leaseTTL*3/2); err != nil {
		t.Fatalf("not kept: %v", context.Cause(held))
	}
	if _, err := b.Create(ctx, leaseKey, nil); !errors.Is(err, ErrExists) {
		t.Fatalf("another takes a lease that is held: %v", err)
	}
	if _, err := b.Put(ctx, leaseKey, []byte("another")); err != nil {
		t.Fatal(err)
	}
	<-held.Done()
	if !errors.Is(context.Cause(held), errLeaseLost) {
		t.Errorf("the lease ends with %v", context.Cause(held))
	}
	release()
	if e, err := b.Get(ctx, leaseKey); err != nil || string(e.Value) != "another" {
		t.Errorf("the other's lease was taken: %q, %v", e.Value, err)
	}
}
