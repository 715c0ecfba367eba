package state

import (
	"errors"
	"sync"
	"time"
)

// maxTombstones bounds what a State remembers of removed torrents. A reader
// that is further behind gets a snapshot.
const maxTombstones = 4096

// ErrUnknownTorrent is returned by Tx.Merge for a torrent that the state does
// not hold: the two ends of a mirror have diverged.
var ErrUnknownTorrent = errors.New("change to a torrent that is not in the state")

// State is everything known of one box, with the sequence of every field's last
// change, so that the difference to any earlier version costs as much as what
// has changed and nothing has to be queued for anybody. Both ends of a line
// keep one; each has its own epoch. It is safe for concurrent use.
type State struct {
	epoch Epoch

	mu      sync.RWMutex
	seq     uint64
	entries map[Hash]*entry
	recent  recency // tombstones too
	dead    int     // tombstones in recent
	forgot  uint64  // sequence of the newest tombstone that was dropped
	totals  Totals
	sum     uint64 // of the torrents' checksums
	session Session
	sessSeq uint64
	host    Host
	hostSeq uint64

	settings    Settings
	settingsSeq uint64
	settingsSum uint64 // checksum of settings

	shared  shared
	freshAt time.Time
	changed chan struct{} // nil while nobody waits
}

// entry is a torrent, or the tombstone of one.
type entry struct {
	torrent Torrent
	removed bool
	changed uint64             // the highest of stamps, or the removal
	stamps  [FieldCount]uint32 // the low bits of the sequence of each field's last change; see since
	sum     uint64             // checksum of torrent, 0 for a tombstone

	newer, older *entry
}

// New returns an empty State. The epoch must be random and not zero.
func New(epoch Epoch) *State {
	s := &State{epoch: epoch, entries: make(map[Hash]*entry)}
	s.settingsSum = s.settings.checksum()
	return s
}

// Version returns the present version.
func (s *State) Version() Version {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Version{s.epoch, s.seq}
}

// Changed returns a channel that is closed at the next change or Touch. Take
// the channel first and read the state after, or a change is missed.
func (s *State) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

// Touch records that the state was known to be true at t, changed or not.
// Earlier times than the recorded one are ignored.
func (s *State) Touch(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.After(s.freshAt) {
		s.freshAt = t
		s.wakeLocked()
	}
}

// Wake wakes those who wait for Changed though the state has not: something about
// it has, such as how exact it is.
func (s *State) Wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wakeLocked()
}

// Fresh returns when the state was last known to be true, or the zero time.
func (s *State) Fresh() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.freshAt
}

// Get returns a copy of one torrent.
func (s *State) Get(h Hash) (Torrent, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if e := s.entries[h]; e != nil && !e.removed {
		return e.torrent, true
	}
	return Torrent{}, false
}

// Each calls f for every torrent, the most recently changed first, until f
// returns false. f must not keep the pointer, nor call the State.
func (s *State) Each(f func(*Torrent) bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for e := s.recent.newest; e != nil; e = e.older {
		if !e.removed && !f(&e.torrent) {
			return
		}
	}
}

// Session returns the daemon's part.
func (s *State) Session() Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.session
}

// Host returns the machine's part.
func (s *State) Host() Host {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.host
}

// Settings returns what was set for the daemon as a whole.
func (s *State) Settings() Settings {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.settings
}

// Totals returns the sums over all torrents.
func (s *State) Totals() Totals {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.totals
}

// wakeLocked wakes who waits for Changed. The channel is made anew only when
// somebody asks again, so that a state nobody watches allocates nothing.
func (s *State) wakeLocked() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}
