package owners

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/controller/internal/store"
	"offing/tunnel/state"
)

var (
	admin = account.Principal{User: "ada", Role: account.RoleAdmin}
	anna  = account.Principal{User: "anna", Role: account.RoleUser}
	ben   = account.Principal{User: "ben", Role: account.RoleUser}
	eve   = account.Principal{User: "eve", Role: account.RoleUser}
)

// everybody is the People of the tests.
type everybody map[account.User]bool

func (e everybody) Exists(_ context.Context, u account.User) (bool, error) { return e[u], nil }

// house is an Owners with boxes that a test changes.
type house struct {
	*Owners
	*follower
	dir   string
	store *store.Store
	clock time.Time

	mu    sync.Mutex
	boxes []fleet.Box
	told  []string // "user kind text"
}

func open(t *testing.T) *house {
	t.Helper()
	h := &house{dir: t.TempDir(), clock: time.Unix(23000*day, 0)}
	h.openStore(t)
	t.Cleanup(func() { _ = h.store.Close() })
	return h
}

func (h *house) openStore(t *testing.T) {
	t.Helper()
	var err error
	h.store, err = store.Open(t.Context(), store.Config{
		Dir: filepath.Join(h.dir, "store"), KeyFile: filepath.Join(h.dir, "key"), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Owners = h.another(t)
	h.follower = &follower{h.Owners, map[string]state.Version{}}
}

// another opens the same store once more, as another controller would.
func (h *house) another(t *testing.T) *Owners {
	t.Helper()
	o, err := Open(t.Context(), Config{
		Store: h.store, People: everybody{"ada": true, "anna": true, "ben": true, "eve": true},
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return h.clock },
		Notify: func(_ context.Context, u account.User, kind, text string) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.told = append(h.told, string(u)+" "+kind+" "+text)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// reopen is a restart of the controller: the boxes are not known again yet.
func (h *house) reopen(t *testing.T) {
	t.Helper()
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	h.openStore(t)
}

// box adds a box of which nothing was heard yet.
func (h *house) box(name string) *state.State {
	s := state.New(state.Epoch(len(h.boxes) + 1))
	h.boxes = append(h.boxes, fleet.Box{Name: name, State: s})
	return s
}

// owned adds the box vps with a torrent, which it has since 100 and which is u's.
func (h *house) owned(t *testing.T, u account.User) (*state.State, Key) {
	t.Helper()
	s, k := h.box("vps"), Key{"vps", hash(1)}
	put(t, s, torrent(1, 100))
	h.look(t)
	h.give(t, k, 100, u, Own)
	return s, k
}

// look is a turn of Follow.
func (h *house) look(t *testing.T) {
	t.Helper()
	if err := h.follower.look(t.Context(), h.boxes); err != nil {
		t.Fatal(err)
	}
}

// give gives without asking anybody.
func (h *house) give(t *testing.T, k Key, added int64, u account.User, a Access) {
	t.Helper()
	if _, err := h.Set(t.Context(), map[Key]int64{k: added}, u, a); err != nil {
		t.Fatal(err)
	}
}

// expect compares what u may do with the torrent under k since added.
func (h *house) expect(t *testing.T, u account.User, k Key, added int64, want Access) {
	t.Helper()
	if got := h.Access(u, k, added); got != want {
		t.Fatalf("%s has %v of the torrent of %d, want %v", string(u), got, added, want)
	}
}

func change(t *testing.T, s *state.State, f func(*state.Tx)) {
	t.Helper()
	if err := s.Update(func(tx *state.Tx) error { f(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s *state.State, torrents ...state.Torrent) {
	t.Helper()
	change(t, s, func(tx *state.Tx) {
		for i := range torrents {
			tx.Put(&torrents[i])
		}
	})
}

func remove(t *testing.T, s *state.State, h state.Hash) {
	t.Helper()
	change(t, s, func(tx *state.Tx) { tx.Remove(h) })
}

// hash returns a hash; those of n below 256 are in shards of their own.
func hash(n int) state.Hash { return state.Hash{byte(n), byte(n >> 8), 19: 1} }

func torrent(n int, added int64) state.Torrent {
	return state.Torrent{Hash: hash(n), Name: "torrent", Added: added}
}
