package view

import (
	"slices"
	"testing"

	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/controller/internal/hub"
	"offing/tunnel/state"
)

var (
	admin = account.Principal{User: "ada", Role: account.RoleAdmin}
	user  = account.Principal{User: "eve", Role: account.RoleUser}
)

// source is a Source of boxes that a test changes.
type source struct {
	boxes   []fleet.Box
	watched int
}

func (s *source) Boxes() []fleet.Box       { return slices.Clone(s.boxes) }
func (s *source) Changed() <-chan struct{} { return nil }
func (s *source) Watch() (release func())  { s.watched++; return func() { s.watched-- } }

// add makes a box with an empty state.
func (s *source) add(name string, epoch state.Epoch) *state.State {
	st := state.New(epoch)
	s.boxes = append(s.boxes, fleet.Box{Name: name, State: st})
	return st
}

// feed returns a topic as p sees it.
func (s *source) feed(t *testing.T, p account.Principal, topic string) hub.Feed {
	t.Helper()
	f, ok := New(s).Feed(p, topic)
	if !ok {
		t.Fatalf("there is no topic %q", topic)
	}
	return f
}

func update(t *testing.T, s *state.State, f func(*state.Tx)) {
	t.Helper()
	if err := s.Update(func(tx *state.Tx) error { f(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s *state.State, torrents ...state.Torrent) {
	t.Helper()
	update(t, s, func(tx *state.Tx) {
		for i := range torrents {
			tx.Put(&torrents[i])
		}
	})
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
func expect(t *testing.T, u hub.Update, reset bool, golden string) {
	t.Helper()
	got := ""
	if len(u.Parts) > 0 {
		got = string(u.Parts[0])
	}
	if len(u.Parts) > 1 || u.Reset != reset || got != golden {
		t.Fatalf("reset %v, %d parts, the first:\n%s\nwant reset %v and\n%s", u.Reset, len(u.Parts), got, reset, golden)
	}
}
