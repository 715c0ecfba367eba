package state

import "time"

// Reader is a consistent look at a State, valid during the function given to
// View. What it points to is the State's own and must not be written to.
type Reader struct {
	s *State
}

// View runs f while the State cannot change. f must be short, and must not call
// the State but through the Reader.
func (s *State) View(f func(Reader)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f(Reader{s})
}

// Version returns the present version.
func (r Reader) Version() Version { return Version{r.s.epoch, r.s.seq} }

// Fresh returns when the state was last known to be true, or the zero time.
func (r Reader) Fresh() time.Time { return r.s.freshAt }

// Len returns the number of torrents.
func (r Reader) Len() int { return len(r.s.entries) - r.s.dead }

// Sum returns State.Checksum's sum.
func (r Reader) Sum() uint64 { return r.s.sumLocked() }

// Knows tells whether everything that was removed after seq is still known as
// Removed. After an older seq only a snapshot helps.
func (r Reader) Knows(seq uint64) bool { return seq >= r.s.forgot && seq <= r.s.seq }

// Session returns the daemon's part and the sequence of its last change.
func (r Reader) Session() (Session, uint64) { return r.s.session, r.s.sessSeq }

// Host returns the machine's part and the sequence of its last change.
func (r Reader) Host() (Host, uint64) { return r.s.host, r.s.hostSeq }

// Settings returns what was set for the daemon and the sequence of its last change.
func (r Reader) Settings() (Settings, uint64) { return r.s.settings, r.s.settingsSeq }

// Get returns the torrent of that hash, or false for one that is not there.
func (r Reader) Get(h Hash) (Entry, bool) {
	e := r.s.entries[h]
	return Entry{e}, e != nil && !e.removed
}

// ChangedAfter calls f for every torrent that changed or was removed after seq,
// the most recent first, until f returns false.
func (r Reader) ChangedAfter(seq uint64, f func(Entry) bool) {
	for e := r.s.recent.newest; e != nil && e.changed > seq; e = e.older {
		if !f(Entry{e}) {
			return
		}
	}
}

// Entry is a torrent in a State, or the memory of one.
type Entry struct {
	e *entry
}

// Torrent returns the torrent; of one that was removed only Hash is left.
func (e Entry) Torrent() *Torrent { return &e.e.torrent }

// Removed tells whether the torrent is gone.
func (e Entry) Removed() bool { return e.e.removed }

// Since returns the fields that changed after seq.
func (e Entry) Since(seq uint64) Fields {
	if e.e.changed <= seq {
		return 0
	}
	return e.e.since(seq)
}

// Checksum returns the torrent's part of State.Checksum's sum.
func (e Entry) Checksum() uint64 { return e.e.sum }
