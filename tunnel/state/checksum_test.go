package state

import (
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestChecksumIsFixed pins the sum: it goes over the line, so two releases must
// agree on it.
func TestChecksumIsFixed(t *testing.T) {
	s := New(5)
	put(t, s, Torrent{
		Hash: Hash{1, 2, 3}, Name: "debian-13.iso", Status: Downloading, Error: TrackerError, ErrorText: "gone",
		Size: 1, Left: 2, Metadata: 3, Checked: 4, RateDown: 5, RateUp: 6, Downloaded: 7, Uploaded: 8, Peers: 9,
		PeersSending: 10, PeersGetting: 11, WebSeeds: 12, Added: 13, Done: 14, Queue: 15, Labels: []string{"linux", "12345678"},
		Dir: "/srv/torrents", Total: 16, Files: 17, Private: true, Finished: true, Active: 18, Seeded: 19,
		Options:  Options{20, 21, 22, 23, 24, true, true, true, true, -1, LimitOwn, LimitNone},
		Trackers: []string{"https://a.example/announce", "udp://b.example:6969"},
	})
	if err := s.Update(func(tx *Tx) error {
		tx.SetSession(Session{DaemonOK, "", "3.00", 16, true})
		tx.SetHost(Host{1, 2, 3, 4, 5, 6, 7, 8})
		tx.SetSettings(Settings{DownLimit: 1, AltEnd: 2, AltDays: 3, UTP: true, Encryption: "required", DownloadDir: "/srv"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	const want = 0xc79d8dee98a283cb
	if v, got := s.Checksum(); got != want || v != s.Version() {
		t.Errorf("checksum %#x at %v, want %#x at %v", got, v, uint64(want), s.Version())
	}
}

func TestChecksumForgetsHistory(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	a, b := New(5), New(6)
	empty := sum(a)
	torrents := make([]Torrent, 50)
	for i := range torrents {
		torrents[i] = randomTorrent(r, hashOf(i))
		put(t, a, randomTorrent(r, hashOf(i)))
		put(t, a, torrents[i])
	}
	for i := len(torrents) - 1; i >= 0; i-- {
		put(t, b, torrents[i])
	}
	if sum(a) != sum(b) {
		t.Error("the same torrents by two ways have two sums")
	}
	remove(t, a, torrents[0].Hash)
	if sum(a) == sum(b) {
		t.Error("a removal does not show")
	}
	for i := range torrents {
		remove(t, a, torrents[i].Hash)
	}
	if sum(a) != empty {
		t.Error("an emptied state does not have the sum of an empty one")
	}
}

// TestChecksumOfBox proves that each field of Session and Host counts.
func TestChecksumOfBox(t *testing.T) {
	seen := map[uint64]string{}
	note := func(name string, sum uint64) {
		if other, ok := seen[sum]; ok {
			t.Errorf("%s and %s have the same checksum", name, other)
		}
		seen[sum] = name
	}
	note("session", Session{}.checksum())
	note("host", Host{}.checksum())
	for f := range reflect.TypeFor[Session]().Fields() {
		var v Session
		field := reflect.ValueOf(&v).Elem().FieldByIndex(f.Index)
		if field.Kind() == reflect.Bool {
			field.SetBool(true)
		} else {
			field.Set(different(t, field))
		}
		note("session."+f.Name, v.checksum())
	}
	for f := range reflect.TypeFor[Host]().Fields() {
		var v Host
		field := reflect.ValueOf(&v).Elem().FieldByIndex(f.Index)
		field.Set(different(t, field))
		note("host."+f.Name, v.checksum())
	}
}

// TestChecksumOfText proves that text cannot move between fields, nor zeros hide
// at its end.
func TestChecksumOfText(t *testing.T) {
	seen := map[uint64]Torrent{}
	for _, v := range []Torrent{
		{Name: "ab"}, {Name: "a", ErrorText: "b"}, {ErrorText: "ab"}, {Name: "ab\x00"}, {Name: "abcdefgh"},
		{Name: "abcdefgh\x00"}, {Labels: []string{"ab"}}, {Labels: []string{"a", "b"}}, {Labels: []string{""}}, {},
		{Dir: "ab"}, {Trackers: []string{"ab"}}, {Trackers: []string{"a", "b"}}, {Trackers: []string{""}},
	} {
		if other, ok := seen[v.Checksum()]; ok {
			t.Errorf("%+v and %+v have the same checksum", v, other)
		}
		seen[v.Checksum()] = v
	}
}

func sum(s *State) uint64 {
	_, n := s.Checksum()
	return n
}
