package store

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// content returns all that b holds.
func content(t *testing.T, b Bucket) map[string]string {
	t.Helper()
	items, err := b.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for _, i := range items {
		if _, twice := m[i.Key]; twice {
			t.Errorf("%q is there twice", i.Key)
		}
		m[i.Key] = string(i.Value)
	}
	return m
}

func wantContent(t *testing.T, b Bucket, want map[string]string) {
	t.Helper()
	if got := content(t, b); !maps.Equal(got, want) {
		t.Fatalf("got  %q\nwant %q", got, want)
	}
	keys, err := b.Keys(t.Context())
	if err != nil || len(keys) != len(want) {
		t.Fatalf("Keys: %q, %v; want those of %q", keys, err, want)
	}
	for key, value := range want {
		if e, err := b.Get(t.Context(), key); err != nil || string(e.Value) != value {
			t.Fatalf("Get %q: %q, %v; want %q", key, e.Value, err, value)
		}
	}
}

// mustPut puts values and returns their revisions.
func mustPut(t *testing.T, b Bucket, keys ...string) map[string]uint64 {
	t.Helper()
	revisions := map[string]uint64{}
	for _, key := range keys {
		r, err := b.Put(t.Context(), key, []byte("old"))
		if err != nil {
			t.Fatal(err)
		}
		revisions[key] = r
	}
	return revisions
}

func testBatch(t *testing.T, b Bucket) {
	ctx := t.Context()
	r := mustPut(t, b, "put", "update", "delete", "other")
	if err := b.Batch(ctx, nil); err != nil {
		t.Fatal(err)
	}
	err := b.Batch(ctx, []Write{
		{Op: Delete, Key: "delete", Revision: r["delete"]},
		{Op: Put, Key: "put", Value: []byte("new")},
		{Op: Put, Key: "a.b > *", Value: []byte("new")},
		{Op: Create, Key: "create", Value: []byte("new")},
		{Op: Update, Key: "update", Value: []byte("new"), Revision: r["update"]},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, b, map[string]string{"put": "new", "a.b > *": "new", "create": "new", "update": "new", "other": "old"})
	if _, err := b.Get(ctx, "delete"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of what was deleted: %v", err)
	}
	// The revisions are those of single writes, for the next batch and the next call.
	for key := range r {
		e, err := b.Get(ctx, key)
		if key == "delete" {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if r[key], err = b.Update(ctx, key, []byte("newer"), e.Revision); err != nil {
			t.Errorf("Update of %q after a batch: %v", key, err)
		}
	}
	if err := b.Batch(ctx, []Write{{Op: Delete, Key: "put", Revision: r["put"]}}); err != nil { // alone
		t.Error(err)
	}
	if _, err := b.Get(ctx, "put"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of what was deleted: %v", err)
	}
}

// testBatchConflicts has each kind of expectation fail, first, in the middle and
// last of a batch: nothing of it is written.
func testBatchConflicts(t *testing.T, b Bucket) {
	ctx := t.Context()
	r := mustPut(t, b, "there", "deleted")
	if err := b.Delete(ctx, "deleted", r["deleted"]); err != nil {
		t.Fatal(err)
	}
	bad := []struct {
		write Write
		want  error
	}{
		{Write{Op: Create, Key: "there"}, ErrExists},
		{Write{Op: Update, Key: "there", Revision: r["there"] + 1}, ErrConflict},
		{Write{Op: Update, Key: "there", Revision: 0}, ErrConflict},
		{Write{Op: Update, Key: "missing", Revision: 1}, ErrConflict},
		{Write{Op: Update, Key: "deleted", Revision: r["deleted"]}, ErrConflict},
		{Write{Op: Delete, Key: "there", Revision: r["there"] + 1}, ErrConflict},
		{Write{Op: Delete, Key: "there", Revision: 0}, ErrConflict},
		{Write{Op: Delete, Key: "missing", Revision: 1}, ErrConflict},
		{Write{Op: Delete, Key: "deleted", Revision: r["deleted"]}, ErrConflict},
	}
	for _, c := range bad {
		for at := range 3 {
			var writes []Write
			for i := range 3 {
				w := Write{Op: Put, Key: fmt.Sprint("new", i)}
				if i == at {
					w = c.write
				}
				writes = append(writes, w)
			}
			if err := b.Batch(ctx, writes); !errors.Is(err, c.want) {
				t.Errorf("%v at %d: %v, want %v", c.write, at, err, c.want)
			}
		}
	}
	wantContent(t, b, map[string]string{"there": "old"})
}

// testBatchCreate creates keys anew that were deleted, in all mixtures.
func testBatchCreate(t *testing.T, b Bucket) {
	ctx := t.Context()
	for round := range 3 {
		for key, r := range mustPut(t, b, "a", "b") {
			if err := b.Delete(ctx, key, r); err != nil {
				t.Fatal(err)
			}
		}
		fresh := fmt.Sprint("fresh", round)
		err := b.Batch(ctx, []Write{{Op: Create, Key: fresh}, {Op: Create, Key: "a"}, {Op: Create, Key: "b"}})
		if err != nil {
			t.Fatal(err)
		}
		err = b.Batch(ctx, []Write{{Op: Create, Key: fresh + "!"}, {Op: Create, Key: "a"}})
		if !errors.Is(err, ErrExists) {
			t.Fatalf("a second time: %v", err)
		}
	}
	wantContent(t, b, map[string]string{"a": "", "b": "", "fresh0": "", "fresh1": "", "fresh2": ""})
}

func testBatchBounds(t *testing.T, b Bucket) {
	ctx := t.Context()
	good := Write{Op: Put, Key: "good"}
	for name, writes := range map[string][]Write{
		"no key":        {good, {Op: Put}},
		"a long key":    {good, {Op: Put, Key: strings.Repeat("k", maxKey+1)}},
		"a large value": {good, {Op: Put, Key: "k", Value: make([]byte, maxValue+1)}},
		"the same key":  {good, good},
		"no operation":  {good, {Key: "k"}},
		"too many":      manyWrites(maxBatch + 1),
	} {
		if err := b.Batch(ctx, writes); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	wantContent(t, b, map[string]string{})
	if err := b.Batch(ctx, manyWrites(maxBatch)); err != nil {
		t.Fatalf("as many as possible: %v", err)
	}
	if got := len(content(t, b)); got != maxBatch {
		t.Fatalf("%d are there", got)
	}
	large := make([]byte, maxValue)
	if err := b.Batch(ctx, []Write{{Op: Create, Key: "x", Value: large}, {Op: Put, Key: "y", Value: large}}); err != nil {
		t.Fatalf("as large as possible: %v", err)
	}
}

func manyWrites(n int) []Write {
	writes := make([]Write, n)
	for i := range writes {
		writes[i] = Write{Op: Put, Key: fmt.Sprint(i)}
	}
	return writes
}

// testBatchRace has batches that overlap in one key race: exactly one wins, and
// nothing of the others is there.
func testBatchRace(t *testing.T, b Bucket) {
	ctx := t.Context()
	revision := mustPut(t, b, "shared")["shared"]
	for round := range 8 {
		var (
			wg     sync.WaitGroup
			winner atomic.Int32
			won    atomic.Int32
		)
		for i := range 4 {
			wg.Go(func() {
				own := fmt.Sprintf("%d-%d", round, i)
				err := b.Batch(ctx, []Write{
					{Op: Create, Key: own + "a"}, {Op: Update, Key: "shared", Revision: revision}, {Op: Create, Key: own + "b"},
				})
				switch {
				case err == nil:
					won.Add(1)
					winner.Store(int32(i))
				case !errors.Is(err, ErrConflict):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d batches won round %d", won.Load(), round)
		}
		all := content(t, b)
		own := fmt.Sprintf("%d-%d", round, winner.Load())
		if _, ok := all[own+"a"]; !ok || len(all) != 1+2*(round+1) {
			t.Fatalf("round %d won by %s: %q", round, own, all)
		}
		e, err := b.Get(ctx, "shared")
		if err != nil {
			t.Fatal(err)
		}
		revision = e.Revision
	}
}

// testBatchIsSeenWhole reads the two keys of each batch while batches are written.
// Who finds the first of one finds the second of it, or of a later one.
func testBatchIsSeenWhole(t *testing.T, b Bucket) {
	ctx := t.Context()
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		defer close(done)
		for i := range 25 {
			value := fmt.Appendf(nil, "%06d", i)
			if err := b.Batch(ctx, []Write{{Op: Put, Key: "first", Value: value}, {Op: Put, Key: "second", Value: value}}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		first, err := b.Get(ctx, "first")
		if errors.Is(err, ErrNotFound) {
			continue
		}
		second, err2 := b.Get(ctx, "second")
		if err != nil || err2 != nil || string(second.Value) < string(first.Value) {
			t.Fatalf("first %q, %v; second %q, %v", first.Value, err, second.Value, err2)
		}
	}
	wg.Wait()
}

// testAll reads more than one page, with values that were changed and deleted.
func testAll(t *testing.T, b Bucket) {
	ctx := t.Context()
	wantContent(t, b, map[string]string{})
	want := map[string]string{}
	var writes []Write
	for i := range 3*page + 7 {
		key, value := fmt.Sprint("k", i), strings.Repeat("v", i)
		want[key] = value
		writes = append(writes, Write{Op: Put, Key: key, Value: []byte(value)})
	}
	for range 2 {
		if err := b.Batch(ctx, writes); err != nil {
			t.Fatal(err)
		}
	}
	items, err := b.All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i, item := range items {
		if i%3 > 0 {
			continue
		}
		if err := b.Delete(ctx, item.Key, item.Revision); err != nil {
			t.Fatalf("the revision of %q is not the present one: %v", item.Key, err)
		}
		delete(want, item.Key)
	}
	if got := content(t, b); !maps.Equal(got, want) {
		t.Fatalf("%d items, want %d", len(got), len(want))
	}
	keys, err := b.Keys(ctx)
	if err != nil || len(keys) != len(want) {
		t.Fatalf("%d keys, want %d: %v", len(keys), len(want), err)
	}
}

// testAllWhileOthersWrite: what is there all the while is always found, however
// often it is written meanwhile.
func testAllWhileOthersWrite(t *testing.T, b Bucket) {
	ctx := t.Context()
	const n = 2 * page
	if err := b.Batch(ctx, manyWrites(n)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	done := make(chan struct{})
	for w := range 2 {
		wg.Go(func() {
			for i := w; ; i += 7 {
				select {
				case <-done:
					return
				default:
				}
				if _, err := b.Put(ctx, fmt.Sprint(i%n), []byte("again")); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 12 {
		if got := len(content(t, b)); got != n {
			t.Errorf("%d of %d found", got, n)
		}
	}
	close(done)
	wg.Wait()
}
