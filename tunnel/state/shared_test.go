package state

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"
)

// TestShared proves that equal folders and lists of URLs are there once, however
// they came.
func TestShared(t *testing.T) {
	s := New(5)
	torrent := func(i int) Torrent {
		return Torrent{
			Hash: hashOf(i), Dir: strings.Clone("/srv/torrents"),
			Trackers: []string{strings.Clone("https://a.example/announce"), strings.Clone("udp://b.example:1")},
		}
	}
	put(t, s, torrent(1), torrent(2))
	put(t, s, Torrent{Hash: hashOf(3), Trackers: []string{"udp://b.example:1"}})
	changed := torrent(3)
	put(t, s, changed)
	first, _ := s.Get(hashOf(1))
	for i := 2; i <= 3; i++ {
		got, _ := s.Get(hashOf(i))
		if unsafe.StringData(got.Dir) != unsafe.StringData(first.Dir) || &got.Trackers[0] != &first.Trackers[0] {
			t.Errorf("torrent %d has a folder and a list of its own", i)
		}
	}
	put(t, s, Torrent{Hash: hashOf(4), Trackers: []string{strings.Clone("udp://b.example:1")}})
	other, _ := s.Get(hashOf(4))
	if unsafe.StringData(other.Trackers[0]) != unsafe.StringData(first.Trackers[1]) {
		t.Error("one URL in two lists is there twice")
	}
	one, _ := s.Get(hashOf(3))
	if changed.Trackers[0] = "x"; one.Trackers[0] == "x" {
		t.Error("the State holds the caller's list")
	}
}

// TestSharedForgets proves that what no torrent has any more goes.
func TestSharedForgets(t *testing.T) {
	s := New(5)
	for i := range 10_000 {
		put(t, s, Torrent{Hash: hashOf(i % 10), Dir: fmt.Sprint("/srv/", i), Trackers: []string{fmt.Sprint("http://", i)}})
	}
	if n := s.shared.size(); n > 4*leastShared {
		t.Errorf("%d folders and lists of 10 torrents", n)
	}
}
