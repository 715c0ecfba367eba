package store

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestEmbedded(t *testing.T) {
	conformance(t, open(t, t.TempDir()))
}

func TestCluster(t *testing.T) {
	if os.Getenv(clusterServers) != "" {
		serveCluster(t)
		return
	}
	conformance(t, openCluster(t, Config{URL: cluster(t), Replicas: 3}))
}

// conformance is what a store must do wherever it is.
func conformance(t *testing.T, s *Store) {
	buckets := map[string]func(*testing.T, Bucket){
		"missing": testMissing, "values": testValues, "create": testCreate, "update": testUpdate,
		"delete": testDelete, "keys": testKeys, "race": testRace, "bounds": testBounds, "fresh": testFresh,
		"all": testAll, "all-moving": testAllWhileOthersWrite,
		"batch": testBatch, "batch-conflicts": testBatchConflicts, "batch-create": testBatchCreate,
		"batch-bounds": testBatchBounds, "batch-race": testBatchRace, "batch-whole": testBatchIsSeenWhole,
	}
	for name, test := range buckets {
		t.Run(name, func(t *testing.T) {
			b, err := s.Bucket(t.Context(), BucketConfig{Name: name})
			if err != nil {
				t.Fatal(err)
			}
			test(t, b)
		})
	}
	journals := map[string]func(*testing.T, *Store){
		"journal": testJournal, "journal-subjects": testJournalSubjects, "journal-limits": testJournalLimits,
		"journal-forget": testJournalForget, "journal-bounds": testJournalBounds,
	}
	for name, test := range journals {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
}

func testBounds(t *testing.T, b Bucket) {
	ctx := t.Context()
	for _, key := range []string{"", strings.Repeat("k", maxKey+1), strings.Repeat("k", 1<<16)} {
		_, get := b.Get(ctx, key)
		_, put := b.Put(ctx, key, nil)
		_, create := b.Create(ctx, key, nil)
		_, update := b.Update(ctx, key, nil, 1)
		for i, err := range []error{get, put, create, update, b.Delete(ctx, key, 1)} {
			if err == nil {
				t.Errorf("call %d takes a key of %d bytes", i, len(key))
			}
		}
	}
	if _, err := b.Put(ctx, "k", make([]byte, maxValue+1)); err == nil {
		t.Error("a value above the bound is taken")
	}
	if _, err := b.Put(ctx, "k", nil); err != nil {
		t.Errorf("after that nothing works: %v", err)
	}
}

func testMissing(t *testing.T, b Bucket) {
	ctx := t.Context()
	if _, err := b.Get(ctx, "x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get: %v", err)
	}
	for _, revision := range []uint64{0, 1, 1 << 40} {
		if _, err := b.Update(ctx, "x", nil, revision); !errors.Is(err, ErrConflict) {
			t.Errorf("Update at %d: %v", revision, err)
		}
		if err := b.Delete(ctx, "x", revision); !errors.Is(err, ErrConflict) {
			t.Errorf("Delete at %d: %v", revision, err)
		}
	}
	if keys, err := b.Keys(ctx); err != nil || len(keys) > 0 {
		t.Errorf("Keys: %q, %v", keys, err)
	}
}

func testValues(t *testing.T, b Bucket) {
	ctx := t.Context()
	var last uint64
	for _, value := range [][]byte{{}, {0}, []byte("a"), bytes.Repeat([]byte{0xff}, 100_000)} {
		revision, err := b.Put(ctx, "k", value)
		if err != nil || revision <= last {
			t.Fatalf("revision %d after %d: %v", revision, last, err)
		}
		last = revision
		e, err := b.Get(ctx, "k")
		if err != nil || !bytes.Equal(e.Value, value) || e.Revision != revision {
			t.Fatalf("%d bytes at %d, %v; want %d at %d", len(e.Value), e.Revision, err, len(value), revision)
		}
	}
}

func testCreate(t *testing.T, b Bucket) {
	ctx := t.Context()
	revision, err := b.Create(ctx, "k", []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Create(ctx, "k", []byte("2")); !errors.Is(err, ErrExists) {
		t.Fatalf("second Create: %v", err)
	}
	if err := b.Delete(ctx, "k", revision); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Create(ctx, "k", []byte("3")); err != nil {
		t.Fatalf("Create after Delete: %v", err)
	}
	if e, err := b.Get(ctx, "k"); err != nil || string(e.Value) != "3" {
		t.Fatalf("got %q, %v", e.Value, err)
	}
}

func testUpdate(t *testing.T, b Bucket) {
	ctx := t.Context()
	first, err := b.Put(ctx, "k", []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(ctx, "other", nil); err != nil { // another key's write is no conflict
		t.Fatal(err)
	}
	second, err := b.Update(ctx, "k", []byte("2"), first)
	if err != nil || second <= first {
		t.Fatalf("%d after %d: %v", second, first, err)
	}
	for _, stale := range []uint64{0, first, second + 1} {
		if _, err := b.Update(ctx, "k", []byte("3"), stale); !errors.Is(err, ErrConflict) {
			t.Errorf("Update at %d, present %d: %v", stale, second, err)
		}
	}
	if e, err := b.Get(ctx, "k"); err != nil || string(e.Value) != "2" {
		t.Fatalf("got %q, %v", e.Value, err)
	}
}

func testDelete(t *testing.T, b Bucket) {
	ctx := t.Context()
	first, err := b.Put(ctx, "k", []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.Put(ctx, "k", []byte("2"))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(ctx, "k", first); !errors.Is(err, ErrConflict) {
		t.Fatalf("Delete at an old revision: %v", err)
	}
	if err := b.Delete(ctx, "k", second); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(ctx, "k", second); !errors.Is(err, ErrConflict) {
		t.Fatalf("second Delete: %v", err)
	}
	if _, err := b.Update(ctx, "k", nil, second); !errors.Is(err, ErrConflict) {
		t.Fatalf("Update after Delete: %v", err)
	}
	if _, err := b.Get(ctx, "k"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("Get after Delete: %v", err)
	}
}

func testKeys(t *testing.T, b Bucket) {
	ctx := t.Context()
	want := []string{" ", "*", ">", "a.b", "A.B", "../..", "\x00\xff", "名前", strings.Repeat("k", maxKey)}
	for _, key := range want {
		if _, err := b.Put(ctx, key, []byte(key)); err != nil {
			t.Fatalf("%q: %v", key, err)
		}
	}
	gone, err := b.Put(ctx, "gone", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(ctx, "gone", gone); err != nil {
		t.Fatal(err)
	}
	got, err := b.Keys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("got  %q\nwant %q", got, want)
	}
	for _, key := range want {
		if e, err := b.Get(ctx, key); err != nil || string(e.Value) != key {
			t.Errorf("%q holds %q, %v", key, e.Value, err)
		}
	}
}

// testFresh reads what was written a moment ago, in each way that there is: whichever
// server of a cluster answers, a session that was ended is not seen any more.
func testFresh(t *testing.T, b Bucket) {
	ctx := t.Context()
	for i := range 60 {
		value := strconv.Itoa(i)
		if _, err := b.Put(ctx, "k", []byte(value)); err != nil {
			t.Fatal(err)
		}
		if e, err := b.Get(ctx, "k"); err != nil || string(e.Value) != value {
			t.Fatalf("Get: %q, %v; want %s", e.Value, err, value)
		}
		if got := content(t, b)["k"]; got != value {
			t.Fatalf("All: %q; want %s", got, value)
		}
	}
}

// testRace has several writers take the same revision, many times over.
func testRace(t *testing.T, b Bucket) {
	ctx := t.Context()
	revision, err := b.Put(ctx, "k", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 30 {
		var (
			wg   sync.WaitGroup
			won  atomic.Int32
			next atomic.Uint64
		)
		for range 4 {
			wg.Go(func() {
				r, err := b.Update(ctx, "k", nil, revision)
				switch {
				case err == nil:
					won.Add(1)
					next.Store(r)
				case !errors.Is(err, ErrConflict):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d writers won revision %d", won.Load(), revision)
		}
		revision = next.Load()
	}
}
