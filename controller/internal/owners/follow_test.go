package owners

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"offing/controller/internal/fleet"
	"offing/tunnel/state"
)

// TestSomebodyElsesTorrentOfTheSameHash tells of an attack. Eve adds a torrent and
// removes it. Later Ben adds the same one, or his own under a hash that Eve knew
// beforehand. She waits for it, and gets nothing at any moment.
func TestSomebodyElsesTorrentOfTheSameHash(t *testing.T) {
	h := open(t)
	s, k := h.owned(t, "eve")
	if _, err := h.Change(t.Context(), eve, []Key{k}, "anna", See); err != nil {
		t.Fatal(err)
	}
	remove(t, s, k.Hash)
	h.look(t)

	put(t, s, torrent(1, 200)) // Ben's, and nobody has noticed yet
	for _, u := range []string{"eve", "anna"} {
		if got := h.Access(eve.User, k, 200); got != None {
			t.Fatalf("%s has %v of what Ben has added", u, got)
		}
	}
	if len(h.Grants(k, 200)) != 0 {
		t.Fatal("it has owners from before")
	}
	if _, err := h.Change(t.Context(), eve, []Key{k}, "anna", Act); err == nil {
		t.Fatal("Eve shares what Ben has added")
	}
	if _, used := h.Quota("eve"); used.Torrents != 0 {
		t.Fatal("it counts against her quota")
	}

	// What is given to Ben does not bring back the others.
	h.give(t, k, 200, "ben", Own)
	h.look(t)
	h.reopen(t)
	h.look(t)
	h.expect(t, "ben", k, 200, Own)
	for _, added := range []int64{0, 100, 200} {
		h.expect(t, "eve", k, added, None)
		h.expect(t, "anna", k, added, None)
	}
}

// The same, when nobody is given Ben's torrent.
func TestAnotherTorrentDropsTheGrants(t *testing.T) {
	h := open(t)
	s := h.box("vps")
	k := Key{"vps", hash(1)}
	for name, between := range map[string]func(){
		"":                     func() {},
		"seen to go":           func() { h.look(t) },
		"and home starts anew": func() { h.look(t); h.reopen(t) },
	} {
		put(t, s, torrent(1, 100))
		h.look(t)
		h.give(t, k, 100, "eve", Own)
		h.look(t)
		remove(t, s, k.Hash)
		between()
		put(t, s, torrent(1, 200))
		h.look(t)
		h.expect(t, "eve", k, 0, None)
		if len(h.Torrents("eve")) != 0 {
			t.Errorf("%s: it is still hers", name)
		}
		h.reopen(t)
		h.expect(t, "eve", k, 0, None)
	}
}

// A daemon that is killed before it has written down since when it has a torrent
// makes up another time. Nobody has removed the torrent, and it stays whose it is;
// until that is clear it is nobody's.
func TestKilledDaemonKeepsOwners(t *testing.T) {
	h := open(t)
	s, k := h.owned(t, "anna")
	put(t, s, torrent(1, 200))
	h.expect(t, "anna", k, 200, None)
	h.look(t)
	h.expect(t, "anna", k, 200, Own)
	if _, used := h.Quota("anna"); used.Torrents != 1 {
		t.Errorf("%d torrents count against her quota", used.Torrents)
	}
	h.reopen(t)
	put(t, h.box("vps"), torrent(1, 300)) // it is killed again, while home was away
	h.look(t)
	h.expect(t, "anna", k, 300, Own)
}

// A torrent that is about to be added is not its former owner's.
func TestGivenBeforeItIsThere(t *testing.T) {
	h := open(t)
	s := h.box("vps")
	k := Key{"vps", hash(1)}
	h.look(t)
	h.give(t, k, 100, "eve", Own)
	h.give(t, k, 0, "ben", Own)
	h.give(t, k, 0, "anna", See)
	h.give(t, k, 0, "eve", None)
	h.expect(t, "eve", k, 300, None)
	put(t, s, torrent(1, 300))
	h.look(t)
	h.expect(t, "ben", k, 300, Own)
	h.expect(t, "anna", k, 300, See)
	h.expect(t, "ben", k, 301, None) // which torrent was meant is known now
	h.reopen(t)
	h.expect(t, "ben", k, 301, None)
	h.expect(t, "ben", k, 300, Own)
}

// What a daemon does not tell, or a box that has not answered, forgets nothing.
func TestComesBack(t *testing.T) {
	h := open(t)
	s, k := h.owned(t, "anna")
	for _, step := range []func(){
		func() { remove(t, s, k.Hash) },                                                // the daemon is installed anew
		func() { put(t, s, torrent(1, 100)) },                                          // and has its torrents again
		func() { put(t, s, torrent(1, 0)) },                                            // and does not know since when
		func() { put(t, s, torrent(1, 100)) },                                          // and knows it again
		func() { h.boxes = nil },                                                       // its pairing file is moved away
		func() { h.box("vps") },                                                        // and back: nothing is known of it
		func() { put(t, h.boxes[0].State, torrent(1, 100)) },                           // until it is
		func() { h.reopen(t); h.boxes[0].State = state.New(9) },                        // a restart
		func() { h.sweepAll(t) },                                                       // in which nothing was heard yet
		func() { h.boxes[0].State.Touch(h.clock.Add(-freshFor - 1)); h.sweepAll(t) },   // or too long ago
		func() { put(t, h.boxes[0].State, torrent(2, 100)); h.clock = h.clock.Add(1) }, // the snapshot has begun
		func() { put(t, h.boxes[0].State, torrent(1, 100)) },
	} {
		step()
		h.look(t)
		h.expect(t, "anna", k, 100, Own)
	}
	if r := h.index.get(k); r.absent != (absence{}) {
		t.Errorf("days without it: %+v", r.absent)
	}
}

func (h *house) sweepAll(t *testing.T) {
	t.Helper()
	if err := h.sweep(t.Context(), h.boxes); err != nil {
		t.Fatal(err)
	}
}

// TestPruning: what a box has been without for 90 days of its own is forgotten.
func TestPruning(t *testing.T) {
	h := open(t)
	s := h.box("vps")
	gone, there, away := Key{"vps", hash(1)}, Key{"vps", hash(2)}, Key{"away", hash(1)}
	put(t, s, torrent(2, 100))
	h.box("away")
	h.look(t)
	for _, k := range []Key{gone, there, away} {
		h.give(t, k, 100, "anna", Own)
	}
	today := func() { // some hours, in each of which there is a sweep
		h.clock = h.clock.Add(12 * time.Hour)
		for range 12 {
			s.Touch(h.clock)
			h.sweepAll(t)
			h.clock = h.clock.Add(time.Hour)
		}
	}
	for range 50 {
		today()
	}
	h.clock = h.clock.Add(365 * 24 * time.Hour) // the box is away, which counts nothing
	h.sweepAll(t)
	h.reopen(t)
	for range 39 {
		today()
		h.expect(t, "anna", gone, 100, Own)
	}
	put(t, s, torrent(1, 100)) // it comes back at the last moment
	today()
	remove(t, s, gone.Hash)
	for range 89 {
		today()
		h.expect(t, "anna", gone, 100, Own)
	}
	today()
	h.expect(t, "anna", gone, 0, None)
	h.expect(t, "anna", there, 100, Own)
	h.expect(t, "anna", away, 100, Own)
}

// street is a Source whose news a test brings.
type street struct {
	mu    sync.Mutex
	boxes []fleet.Box
	news  chan struct{}
}

func (s *street) Boxes() []fleet.Box {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.boxes)
}

func (s *street) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.news
}

// tell changes what there is and says so.
func (s *street) tell(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.news)
	s.news = make(chan struct{})
}

// patience is when a test that hangs gives up.
const patience = 30 * time.Second

func TestFollow(t *testing.T) {
	h := open(t)
	source := &street{news: make(chan struct{})}
	s := state.New(1)
	changed := make(chan Key, 16)
	defer h.Watch(func(k Key) { changed <- k })()
	next := func(want Key) {
		t.Helper()
		select {
		case got := <-changed:
			if got != want {
				t.Fatalf("changed: %v", got)
			}
		case <-time.After(patience):
			t.Fatal("nothing changes")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { h.Follow(ctx, source); close(done) }()

	k := Key{"vps", hash(1)}
	h.give(t, k, 0, "anna", Own)
	next(k)
	source.tell(func() { source.boxes = []fleet.Box{{Name: "vps", State: s}} })
	source.tell(func() { put(t, s, torrent(1, 100), torrent(2, 100)) })
	next(k)
	h.expect(t, "anna", k, 101, None)
	if err := h.SetRules(t.Context(), []Rule{{User: "ben", Access: See}}); err != nil {
		t.Fatal(err)
	}
	next(Key{"vps", hash(2)})
	h.expect(t, "ben", Key{"vps", hash(2)}, 100, See)
	h.expect(t, "ben", k, 100, None)
	cancel()
	<-done
}
