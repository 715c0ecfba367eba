package view

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/controller/internal/hub"
	"offing/controller/internal/notices"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

var (
	admin = account.Principal{User: "ada", Role: account.RoleAdmin}
	eve   = account.Principal{User: "eve", Role: account.RoleUser}
	ben   = account.Principal{User: "ben", Role: account.RoleUser}
)

// source is a Source of boxes that a test changes.
type source struct {
	mu      sync.Mutex
	boxes   []fleet.Box
	watched map[string]int
	opened  map[owners.Key]int
	details map[owners.Key]told
	changed chan struct{}
}

func (s *source) Boxes() []fleet.Box {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.boxes)
}

func (s *source) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

// raise wakes who waits for Changed.
func (s *source) raise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

func (s *source) Watch(box string) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched[box]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.watched[box]--; s.watched[box] == 0 {
			delete(s.watched, box)
		}
	})
}

func (s *source) Open(box string, h state.Hash, _ func()) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened[owners.Key{Box: box, Hash: h}]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.opened[owners.Key{Box: box, Hash: h}]--
	}
}

func (s *source) Detail(box string, h state.Hash) (state.Detail, time.Time, bool) {
	d, ok := s.details[owners.Key{Box: box, Hash: h}]
	return d.Detail, d.at, ok
}

// given is an Owners that a test changes.
type given struct {
	mu     sync.Mutex
	grants map[owners.Key][]owners.Grant
	added  map[owners.Key]int64 // of the torrent that was given
	of     map[account.User][]owners.Key
	watch  func(owners.Key)
	quotas map[account.User]owners.Quota
	used   map[account.User]owners.Usage
}

func (g *given) Grants(k owners.Key, added int64) []owners.Grant {
	g.mu.Lock()
	defer g.mu.Unlock()
	if a := g.added[k]; a != 0 && added != 0 && a != added {
		return nil
	}
	return g.grants[k]
}

func (g *given) Access(u account.User, k owners.Key, added int64) owners.Access {
	return owners.AccessOf(g.Grants(k, added), u)
}

func (g *given) Torrents(u account.User) []owners.Key {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.of[u]
}

func (g *given) Watch(f func(owners.Key)) (stop func()) {
	g.watch = f
	return func() {}
}

// give lets p have access to the torrent that is there now.
func (g *given) give(k owners.Key, added int64, p account.Principal, access owners.Access) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := slices.DeleteFunc(slices.Clone(g.grants[k]), func(o owners.Grant) bool { return o.User == p.User })
	keys := slices.DeleteFunc(slices.Clone(g.of[p.User]), func(o owners.Key) bool { return o == k })
	if access != owners.None {
		now, keys = append(now, owners.Grant{User: p.User, Access: access}), append(keys, k)
	}
	slices.SortFunc(now, func(a, b owners.Grant) int { return strings.Compare(string(a.User), string(b.User)) })
	g.grants[k], g.of[p.User], g.added[k] = now, keys, added
	g.watch(k)
}

func (g *given) Quota(u account.User) (owners.Quota, owners.Usage) { return g.quotas[u], g.used[u] }

func (g *given) WatchQuota(_ account.User, changed func()) (stop func()) {
	changed()
	return func() {}
}

// letters is a Notices that a test changes.
type letters struct {
	mu      sync.Mutex
	of      map[account.User][]notices.Notice
	err     error
	hang    bool // it does not answer
	changed func()
}

func (l *letters) Last(ctx context.Context, u account.User, n int) ([]notices.Notice, error) {
	l.mu.Lock()
	hang := l.hang
	l.mu.Unlock()
	if hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.of[u]
	return slices.Clone(all[max(len(all)-n, 0):]), l.err
}

func (l *letters) Watch(_ account.User, changed func()) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changed = changed
	return func() {}
}

// set changes the letters, and tells who watches them if they can be read.
func (l *letters) set(f func()) {
	l.mu.Lock()
	f()
	changed := l.changed
	if l.err != nil || l.hang {
		changed = nil
	}
	l.mu.Unlock()
	if changed != nil {
		changed()
	}
}

// world is Views of boxes, owners and notices that a test changes. The
// router does its steps when a test says so.
type world struct {
	*Views
	given
	src     source
	letters letters
}

func newWorld() *world {
	w := &world{}
	w.src.watched, w.src.opened, w.src.details = map[string]int{}, map[owners.Key]int{}, map[owners.Key]told{}
	w.grants, w.given.added = map[owners.Key][]owners.Grant{}, map[owners.Key]int64{}
	w.quotas, w.used = map[account.User]owners.Quota{}, map[account.User]owners.Usage{}
	w.of = map[account.User][]owners.Key{}
	w.letters.of = map[account.User][]notices.Notice{}
	w.Views = New(Config{
		Source: &w.src, Owners: &w.given, Notices: &w.letters, Log: slog.New(slog.DiscardHandler),
	})
	return w
}

// add makes a box with an empty state.
func (w *world) add(name string, epoch state.Epoch) *state.State {
	st := state.New(epoch)
	w.src.boxes = append(w.src.boxes, fleet.Box{Name: name, State: st})
	return st
}

// feed returns a topic as p sees it.
func (w *world) feed(t testing.TB, p account.Principal, topic string) hub.Feed {
	t.Helper()
	f, ok := w.Feed(p, topic)
	if !ok {
		t.Fatalf("there is no topic %q", topic)
	}
	return f
}

// since lets the router do its step and reads the feed.
func (w *world) since(f hub.Feed, mark hub.Mark) hub.Update {
	w.step()
	return f.Since(mark)
}

func key(box string, h state.Hash) owners.Key { return owners.Key{Box: box, Hash: h} }

func update(t testing.TB, s *state.State, f func(*state.Tx)) {
	t.Helper()
	if err := s.Update(func(tx *state.Tx) error { f(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, s *state.State, torrents ...state.Torrent) {
	t.Helper()
	update(t, s, func(tx *state.Tx) {
		for i := range torrents {
			tx.Put(&torrents[i])
		}
	})
}

func remove(t testing.TB, s *state.State, h state.Hash) {
	t.Helper()
	update(t, s, func(tx *state.Tx) { tx.Remove(h) })
}

// full is a torrent with a value of its own in each field.
func full() state.Torrent {
	return state.Torrent{
		Hash: state.Hash{0xab, 19: 0x01}, Name: "débian \"13\"\n.iso", Status: state.Downloading,
		Error: state.TrackerError, ErrorText: "gone", Size: 1, Left: 2, Metadata: 3, Checked: 4,
		RateDown: 5, RateUp: 6, Downloaded: 7, Uploaded: 8, Peers: 9, PeersSending: 10, PeersGetting: 11,
		WebSeeds: 12, Added: 13, Done: 14, Queue: 15, Labels: []string{"linux", "tv"},
	}
}

// expect compares the only part of an update with the golden one; "" is none.
func expect(t testing.TB, u hub.Update, reset bool, golden string) {
	t.Helper()
	got := ""
	if len(u.Parts) > 0 {
		got = string(u.Parts[0])
	}
	if len(u.Parts) > 1 || u.Reset != reset || u.Gone || got != golden {
		t.Fatalf("reset %v, gone %v, %d parts, the first:\n%s\nwant reset %v and\n%s", u.Reset, u.Gone, len(u.Parts), got, reset, golden)
	}
}
