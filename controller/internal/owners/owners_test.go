package owners

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"offing/controller/internal/account"
	"offing/controller/internal/store"
)

var errDisk = errors.New("the disk is full")

// flaky is a Bucket that fails as a test wants.
type flaky struct {
	store.Bucket
	left  int  // writes that are still done
	after bool // those that fail are done nevertheless
}

func (f *flaky) fail(write func() (uint64, error)) (uint64, error) {
	if f.left > 0 {
		f.left--
		return write()
	}
	if f.after {
		_, _ = write()
	}
	return 0, errDisk
}

func (f *flaky) Create(ctx context.Context, key string, value []byte) (uint64, error) {
	return f.fail(func() (uint64, error) { return f.Bucket.Create(ctx, key, value) })
}

func (f *flaky) Update(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	return f.fail(func() (uint64, error) { return f.Bucket.Update(ctx, key, value, revision) })
}

func (f *flaky) Delete(ctx context.Context, key string, revision uint64) error {
	_, err := f.fail(func() (uint64, error) { return 0, f.Bucket.Delete(ctx, key, revision) })
	return err
}

// TestRandom does anything to grants, and compares with a map that does the same.
func TestRandom(t *testing.T) {
	h := open(t)
	random := rand.New(rand.NewPCG(1, 2))
	users := []account.User{"anna", "ben", "eve", "ada"}
	type grants = map[account.User]Access
	model := map[Key]grants{}
	for i := range 600 {
		set := map[Key]int64{}
		for range 1 + random.IntN(8) {
			set[Key{[]string{"a", "b"}[random.IntN(2)], hash(random.IntN(3) | random.IntN(6)<<8)}] = 1
		}
		u, a := users[random.IntN(len(users))], Access(random.IntN(4))
		changed, err := h.Set(t.Context(), set, u, a)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for k := range set {
			if model[k] == nil {
				model[k] = grants{}
			}
			if model[k][u] != a {
				want++
			}
			if model[k][u] = a; a == None {
				delete(model[k], u)
			}
		}
		if changed != want {
			t.Fatalf("step %d: %d changed, want %d", i, changed, want)
		}
		if i%200 == 199 {
			h.reopen(t)
		}
		for k, all := range model {
			got := grants{}
			for _, g := range h.Grants(k, 1) {
				got[g.User] = g.Access
			}
			if !maps.Equal(got, all) {
				t.Fatalf("step %d: %v has %v, want %v", i, k.Hash, len(got), len(all))
			}
		}
		for _, u := range users {
			keys := h.Torrents(u)
			for k, all := range model {
				if slices.Contains(keys, k) != (all[u] != None) || h.Access(u, k, 1) != all[u] {
					t.Fatalf("step %d: the torrents of %s", i, string(u))
				}
			}
		}
	}
}

func TestWatch(t *testing.T) {
	h := open(t)
	var got []Key
	stop := h.Watch(func(k Key) {
		h.expect(t, "anna", k, 1, Own) // it is so already
		got = append(got, k)
	})
	one, two := Key{"vps", hash(1)}, Key{"vps", hash(2)}
	h.give(t, one, 1, "anna", Own)
	h.give(t, one, 1, "anna", Own)
	if _, err := h.Set(t.Context(), map[Key]int64{one: 1, two: 1}, "anna", Own); err != nil {
		t.Fatal(err)
	}
	stop()
	h.give(t, one, 1, "anna", None)
	if !slices.Equal(got, []Key{one, two}) {
		t.Errorf("%d calls", len(got))
	}
}

// A controller that is killed between two writes, or whose disk is full, has of
// each torrent what it was or what it should be; the second try does the rest.
func TestKilledBetweenTwoWrites(t *testing.T) {
	for _, after := range []bool{false, true} {
		for _, left := range []int{0, 2} {
			h := open(t)
			set := map[Key]int64{}
			for n := range 4 {
				set[Key{"vps", hash(n)}] = 1
				h.give(t, Key{"vps", hash(n)}, 1, "ben", Act)
			}
			whole := h.Owners.buckets.grants
			h.Owners.buckets.grants = &flaky{whole, left, after}
			n, err := h.Set(t.Context(), set, "anna", Own)
			if n != left || !errors.Is(err, errDisk) {
				t.Fatalf("%d changed, %v", n, err)
			}
			want := left // that memory has
			if after {
				want++
			}
			for range 2 {
				if got := len(h.Torrents("anna")); got != want || len(h.Torrents("ben")) != 4 {
					t.Fatalf("anna has %d after %d writes (%v)", got, left, after)
				}
				h.reopen(t)
			}
			if n, err := h.Set(t.Context(), set, "anna", Own); n != 4-want || err != nil {
				t.Fatalf("the second try: %d, %v", n, err)
			}
			if len(h.Torrents("anna")) != 4 || len(h.Torrents("ben")) != 4 {
				t.Fatal("not all is done")
			}
		}
	}
}

// What could not be kept is not so, also in memory.
func TestRulesAndQuotasThatCannotBeKept(t *testing.T) {
	h := open(t)
	h.Owners.buckets.rules = &flaky{h.Owners.buckets.rules, 0, false}
	h.Owners.buckets.quotas = &flaky{h.Owners.buckets.quotas, 0, false}
	if err := h.SetRules(t.Context(), []Rule{{User: "anna", Access: Own}}); !errors.Is(err, errDisk) || len(h.Rules()) != 0 {
		t.Errorf("%v, %v", err, h.Rules())
	}
	err := h.SetQuota(t.Context(), "anna", Quota{Torrents: 1})
	if q, _ := h.Quota("anna"); !errors.Is(err, errDisk) || q != (Quota{}) || h.told != nil {
		t.Errorf("%v, %+v, %q", err, q, h.told)
	}
}

// A look that fails is made up for by the next.
func TestLookThatFails(t *testing.T) {
	h := open(t)
	s := h.box("vps")
	if err := h.SetRules(t.Context(), []Rule{{User: "anna", Access: Own}}); err != nil {
		t.Fatal(err)
	}
	put(t, s, torrent(1, 1), torrent(2, 1), torrent(3, 1))
	whole := h.Owners.buckets.grants
	h.Owners.buckets.grants = &flaky{whole, 1, false}
	if err := h.follower.look(t.Context(), h.boxes); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	h.Owners.buckets.grants = whole
	h.look(t)
	if _, used := h.Quota("anna"); used.Torrents != 3 || len(h.Torrents("anna")) != 3 {
		t.Errorf("%+v", used)
	}

	// While it fails, nobody has what somebody else has added.
	h.Owners.buckets.grants = &flaky{whole, 0, false}
	put(t, s, torrent(1, 2))
	if err := h.follower.look(t.Context(), h.boxes); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	if _, used := h.Quota("anna"); used.Torrents != 2 {
		t.Errorf("%+v", used)
	}
	h.expect(t, "anna", Key{"vps", hash(1)}, 2, None)
}

// Two controllers on one store do not overwrite each other.
func TestTwoControllers(t *testing.T) {
	h := open(t)
	other := h.another(t)
	k, neighbour := Key{"vps", hash(1)}, Key{"vps", hash(1 | 5<<8)}
	h.give(t, k, 1, "anna", Own)
	if _, err := other.Set(t.Context(), map[Key]int64{neighbour: 1}, "ben", Own); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Set(t.Context(), map[Key]int64{k: 1}, "anna", None); err != nil {
		t.Fatal(err)
	}
	h.give(t, k, 1, "eve", See)
	for _, o := range []*Owners{h.Owners, h.another(t)} {
		if o.Access("anna", k, 1) != None || o.Access("ben", neighbour, 1) != Own || o.Access("eve", k, 1) != See {
			t.Errorf("anna %v, ben %v, eve %v", o.Access("anna", k, 1), o.Access("ben", neighbour, 1), o.Access("eve", k, 1))
		}
	}
}

// Many ask while one changes.
func TestRaces(t *testing.T) {
	h := open(t)
	s := h.box("vps")
	defer h.Watch(func(k Key) { h.Grants(k, 1) })()
	defer h.WatchQuota("anna", func() { h.Quota("anna") })()
	done := make(chan struct{})
	var readers, writers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				for _, k := range h.Torrents("anna") {
					for _, g := range h.Grants(k, 1) {
						_ = h.Access(g.User, k, 1)
					}
				}
				h.Quota("anna")
				h.Present(Filter{User: "anna"})
				_ = h.CheckAdd("anna", 1, 1)
				runtime.Gosched() // the writers wait for the store, whose turn it is then
			}
		})
	}
	for _, u := range []account.User{"anna", "ben"} {
		writers.Go(func() {
			for n := range 60 {
				if _, err := h.Set(t.Context(), map[Key]int64{{"vps", hash(n % 5)}: 1}, u, Access(n%4)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Go(func() {
		for n := range 60 {
			put(t, s, torrent(n%5, 1))
			h.look(t)
			h.sweepAll(t)
			remove(t, s, hash(n%5))
		}
	})
	writers.Go(func() {
		for range 20 {
			if err := errors.Join(h.SetRules(t.Context(), []Rule{{User: "eve", Access: Own}}), h.SetQuota(t.Context(), "anna", Quota{Torrents: 1}),
				h.Forget(t.Context(), "eve"), h.SetQuota(t.Context(), "anna", Quota{})); err != nil {
				t.Error(err)
			}
		}
	})
	writers.Wait()
	close(done)
	readers.Wait()
}

func TestDamagedStore(t *testing.T) {
	for _, damage := range []func(buckets) store.Bucket{
		func(b buckets) store.Bucket { return b.grants },
		func(b buckets) store.Bucket { return b.rules },
		func(b buckets) store.Bucket { return b.quotas },
	} {
		h := open(t)
		for _, key := range []string{rulesKey, "vps/01"} {
			if _, err := damage(h.Owners.buckets).Create(t.Context(), key, []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(t.Context(), Config{Store: h.store}); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%v", err)
		}
	}
}

func TestGrantsAllocatesNothing(t *testing.T) {
	h := open(t)
	k := Key{"vps", hash(1)}
	h.give(t, k, 1, "anna", Own)
	if n := testing.AllocsPerRun(100, func() { h.Grants(k, 1); h.Access("anna", k, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestPresent(t *testing.T) {
	h := open(t)
	for _, name := range []string{"b", "a"} {
		s := h.box(name)
		for n, title := range []string{"z", "y", "x"} {
			tor := torrent(n, 7)
			tor.Name, tor.Size = title, 10
			put(t, s, tor)
		}
	}
	h.look(t)
	h.give(t, Key{"a", hash(0)}, 7, "anna", Own)
	h.give(t, Key{"b", hash(0)}, 7, "anna", See)
	h.give(t, Key{"b", hash(1)}, 6, "anna", Own) // of another
	h.give(t, Key{"b", hash(5)}, 7, "anna", Own) // which is not there
	for _, test := range []struct {
		f    Filter
		want string
	}{
		{Filter{}, "a/x a/y a/z b/x b/y b/z"},
		{Filter{Box: "b"}, "b/x b/y b/z"},
		{Filter{Box: "c"}, ""},
		{Filter{User: "anna"}, "a/z b/z"},
		{Filter{User: "ben"}, ""},
		{Filter{Unowned: true}, "a/x a/y b/x b/y b/z"},
		{Filter{Box: "b", User: "anna", Unowned: true}, "b/z"},
	} {
		var got []string
		for _, p := range h.Present(test.f) {
			got = append(got, p.Box+"/"+p.Name)
			if p.Size != 10 || p.Added != 7 {
				t.Errorf("%+v", p)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%+v: %v, want %s", test.f.Box, got, test.want)
		}
	}
}
