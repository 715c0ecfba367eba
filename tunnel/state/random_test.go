package state

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// model is a State without cleverness, to compare with.
type model struct {
	torrents map[Hash]Torrent
	session  Session
	host     Host
	settings Settings
}

// history drives a State and its model through the same random changes.
type history struct {
	rand  *rand.Rand
	state *State
	model model
	pool  int // number of different torrents
}

func newHistory(seed uint64, pool int) *history {
	return &history{
		rand:  rand.New(rand.NewPCG(seed, 1)),
		state: New(Epoch(seed | 1)),
		model: model{torrents: make(map[Hash]Torrent)},
		pool:  pool,
	}
}

func (h *history) hash() Hash { return hashOf(h.rand.IntN(h.pool)) }

func hashOf(i int) Hash { return Hash{byte(i), byte(i >> 8), byte(i >> 16), 0xaa} }

// step makes one change of one to three acts.
func (h *history) step(t *testing.T) {
	err := h.state.Update(func(tx *Tx) error {
		for range 1 + h.rand.IntN(3) {
			h.act(tx)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (h *history) act(tx *Tx) {
	switch h.rand.IntN(12) {
	case 0, 1, 2:
		t := randomTorrent(h.rand, h.hash())
		tx.Put(&t)
		h.model.torrents[t.Hash] = t
	case 3:
		hash := h.hash()
		tx.Remove(hash)
		delete(h.model.torrents, hash)
	case 4:
		tx.SetSession(Session{Daemon: DaemonOK, Version: fmt.Sprint(h.rand.IntN(3)), AltSpeed: h.rand.IntN(2) == 0})
		h.model.session = tx.Session()
		if h.rand.IntN(3) == 0 {
			h.model.settings = Settings{DownLimit: h.rand.Int64N(3), DHT: h.rand.IntN(2) == 0, DownloadDir: fmt.Sprint("/", h.rand.IntN(3))}
			tx.SetSettings(h.model.settings)
		}
	case 5:
		h.model.host = Host{DiskFree: h.rand.Int64N(4), CPU: Fraction(h.rand.IntN(3))}
		tx.SetHost(h.model.host)
	case 6:
		if h.rand.IntN(10) == 0 {
			kept := byte(h.rand.IntN(256))
			keep := func(hash Hash) bool { return hash[0] < kept }
			tx.Keep(keep)
			maps.DeleteFunc(h.model.torrents, func(hash Hash, _ Torrent) bool { return !keep(hash) })
		}
	default: // some fields of one that is there
		c := Change{Fields: Fields(h.rand.Uint64()>>h.rand.IntN(64)) & AllFields, Torrent: randomTorrent(h.rand, h.hash())}
		if t, ok := h.model.torrents[c.Torrent.Hash]; ok {
			if err := tx.Merge(&c); err != nil {
				panic(err)
			}
			t.Merge(c.Fields, &c.Torrent)
			h.model.torrents[t.Hash] = t
		}
	}
}

func randomTorrent(r *rand.Rand, h Hash) Torrent {
	return Torrent{
		Hash: h, Name: fmt.Sprint("torrent ", r.IntN(3)), Status: Status(r.IntN(7)),
		Error: ErrorKind(r.IntN(2)), ErrorText: []string{"", "tracker: timed out"}[r.IntN(2)],
		Size: r.Int64N(3), Left: r.Int64N(3), Metadata: Fraction(r.IntN(2)) * Whole, Checked: Fraction(r.IntN(3)),
		RateDown: r.Int64N(3), RateUp: r.Int64N(3), Downloaded: r.Int64N(3), Uploaded: r.Int64N(3),
		Peers: r.Int32N(3), PeersSending: r.Int32N(3), PeersGetting: r.Int32N(3), WebSeeds: r.Int32N(3),
		Added: r.Int64N(3), Done: r.Int64N(3), Queue: r.Int32N(3),
		Labels: [][]string{nil, {"tv"}, {"tv", "linux"}}[r.IntN(3)],
		Dir:    []string{"", "/srv", "/srv/tv"}[r.IntN(3)], Total: r.Int64N(3), Files: r.Int32N(3), Private: r.IntN(2) == 0,
		Finished: r.IntN(2) == 0, Active: r.Int64N(3), Seeded: r.Int64N(3),
		Options:  Options{UpLimit: r.Int64N(3), UpLimited: r.IntN(2) == 0, Priority: int8(r.IntN(3) - 1), RatioMode: LimitMode(r.IntN(3))},
		Trackers: [][]string{nil, {"http://a/announce"}, {"http://a/announce", "udp://b:1"}}[r.IntN(3)],
	}
}

// check compares what can be read from s with m.
func (m *model) check(t *testing.T, s *State) {
	t.Helper()
	got := make(map[Hash]Torrent)
	s.Each(func(torrent *Torrent) bool { got[torrent.Hash] = *torrent; return true })
	if !reflect.DeepEqual(got, m.torrents) {
		t.Fatalf("torrents differ:\n got %v\nwant %v", got, m.torrents)
	}
	var totals Totals
	for _, torrent := range m.torrents {
		totals.Add(&torrent)
	}
	if s.Totals() != totals {
		t.Fatalf("totals %+v, want %+v", s.Totals(), totals)
	}
	if s.Session() != m.session || s.Host() != m.host || s.Settings() != m.settings {
		t.Fatalf("session %+v host %+v settings %+v, want %+v", s.Session(), s.Host(), s.Settings(), m)
	}
}

// follow is a copy of a State, made with deltas only.
type follow struct {
	state *State
	at    Version
}

func (f *follow) catchUp(t *testing.T, source *State) {
	t.Helper()
	d := source.Since(f.at)
	if !d.Reset && d.From != f.at.Seq {
		t.Fatalf("delta from %d, asked since %d", d.From, f.at.Seq)
	}
	if d.To == f.at && d.To.Seq > 0 && !d.Empty() {
		t.Fatalf("a delta to where we are: %+v", d)
	}
	if err := f.state.Update(func(tx *Tx) error { return tx.Apply(&d) }); err != nil {
		t.Fatal(err)
	}
	f.at = d.To
	_, want := source.Checksum()
	if _, got := f.state.Checksum(); got != want {
		t.Fatalf("checksum %x, want %x", got, want)
	}
}

// TestRandomHistories applies Since at random points to several copies. Half of the
// histories pass the change that the stamps of fields have no more bits for.
func TestRandomHistories(t *testing.T) {
	for seed := range uint64(100) {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			h := newHistory(seed, 1+int(seed%40))
			if seed%2 == 1 {
				h.state.seq = 1<<32 - 75
			}
			copies := []*follow{{state: New(7)}, {state: New(8)}, {state: New(9)}}
			for range 150 {
				h.step(t)
				if seed%4 == 3 && h.rand.IntN(20) == 0 {
					h.state.seq += 1<<31 + h.rand.Uint64N(1<<31) // that there were so many changes
				}
				for i, c := range copies {
					if h.rand.IntN(1+i*20) == 0 {
						c.catchUp(t, h.state)
						if i == h.rand.IntN(10) {
							h.model.check(t, c.state)
						}
					}
				}
			}
			for _, c := range copies {
				c.catchUp(t, h.state)
				h.model.check(t, c.state)
			}
			h.model.check(t, h.state)
			checkOrder(t, h.state)
		})
	}
}

// checkOrder proves that the list of recency has every entry once, newest first,
// from both ends.
func checkOrder(t *testing.T, s *State) {
	t.Helper()
	var forth, back []*entry
	for e := s.recent.newest; e != nil; e = e.older {
		forth = append(forth, e)
		if e.older != nil && e.older.changed > e.changed {
			t.Fatalf("%d before %d", e.changed, e.older.changed)
		}
	}
	for e := s.recent.oldest; e != nil; e = e.newer {
		back = append(back, e)
	}
	slices.Reverse(back)
	if !slices.Equal(forth, back) || len(forth) != len(s.entries) {
		t.Fatalf("list has %d entries forth and %d back, map %d", len(forth), len(back), len(s.entries))
	}
}

// TestForgottenRemovals lets more torrents go than a State remembers: a copy that
// is behind them must get a snapshot, one that is not a delta.
func TestForgottenRemovals(t *testing.T) {
	h := newHistory(1, 4*maxTombstones)
	slow, fast := &follow{state: New(7)}, &follow{state: New(8)}
	live := Torrent{Hash: hashOf(1 << 20), Name: "stays"}
	put(t, h.state, live)
	slow.catchUp(t, h.state)
	for i := range 3 * maxTombstones {
		torrent := Torrent{Hash: hashOf(i)}
		put(t, h.state, torrent)
		fast.catchUp(t, h.state)
		remove(t, h.state, torrent.Hash)
	}
	if n := len(h.state.entries); n > maxTombstones+1 {
		t.Errorf("%d entries, want at most %d tombstones and 1 torrent", n, maxTombstones)
	}
	checkOrder(t, h.state)
	if d := h.state.Since(slow.at); !d.Reset || len(d.Changes) != 1 {
		t.Errorf("Since of the slow copy: Reset %v with %d changes, want a snapshot with 1", d.Reset, len(d.Changes))
	}
	if d := h.state.Since(fast.at); d.Reset {
		t.Error("Since of the fast copy is a snapshot")
	}
	slow.catchUp(t, h.state)
	fast.catchUp(t, h.state)
	if d := h.state.Since(Version{h.state.epoch, h.state.forgot}); d.Reset {
		t.Error("a version that has seen all forgotten removals gets a snapshot")
	}
	if d := h.state.Since(Version{h.state.epoch, h.state.forgot - 1}); !d.Reset {
		t.Error("a version before a forgotten removal gets a delta")
	}
}

func put(t testing.TB, s *State, torrents ...Torrent) {
	t.Helper()
	if err := s.Update(func(tx *Tx) error {
		for i := range torrents {
			tx.Put(&torrents[i])
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, s *State, hashes ...Hash) {
	t.Helper()
	if err := s.Update(func(tx *Tx) error {
		for _, h := range hashes {
			tx.Remove(h)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
