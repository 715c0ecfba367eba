package simulator

import (
	"slices"
	"sync"
	"time"
)

// loadTime is what a daemon needs to load a torrent.
const loadTime = 200 * time.Microsecond

// Restart does what a restart of the daemon does: the session id and the
// torrents' ids change, the counters of the session begin at 0, and every
// torrent counts as recently active, as loading them makes it. Until they are
// loaded, which takes the box a tick and 0.2 ms for each, the daemon answers as
// if there were none.
func (s *Simulator) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessionID = s.newSessionID()
	s.refusals = 0
	s.loadedAt = s.now + tick + time.Duration(len(s.torrents))*loadTime
	s.session.restarted(s.now)
	s.removed, s.recent = nil, nil
	// The daemon loads its torrents in the order in which their folder has them.
	s.rng.Shuffle(len(s.torrents), func(i, j int) {
		s.torrents[i], s.torrents[j] = s.torrents[j], s.torrents[i]
	})
	for i, t := range s.torrents {
		t.id = int64(i + 1)
		t.recent = false
		if t.running() {
			t.started = s.unix()
		}
		s.touch(t)
	}
	s.lastID = int64(len(s.torrents))
	for _, f := range s.flows {
		f.forget()
	}
}

// RenewSession changes the session id and nothing else, as the daemon does
// about every hour.
func (s *Simulator) RenewSession() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessionID = s.newSessionID()
}

// Freeze makes every answer wait, as those of a daemon do that hangs in disk
// I/O, until release is called. The box goes on.
func (s *Simulator) Freeze() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	frozen := make(chan struct{})
	s.frozen = frozen
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(frozen)
		if s.frozen == frozen {
			s.frozen = nil
		}
	})
}

// removal is a torrent that has gone.
type removal struct {
	id int64
	at int64 // seconds, as torrent.touched
}

// recentWindow is how long a torrent counts as recently active, in seconds.
const recentWindow = 60

// loading tells whether the daemon has not loaded its torrents yet.
func (s *Simulator) loading() bool { return s.now < s.loadedAt }

// seconds is the box's time since its start.
func (s *Simulator) seconds() int64 { return int64(s.now.Seconds()) }

// touch makes a torrent recently active.
func (s *Simulator) touch(t *torrent) {
	t.touched = s.seconds()
	if !t.recent {
		t.recent = true
		s.recent = append(s.recent, t)
	}
}

// recentlyActive returns the torrents touched lately, by id, and the ids of
// those removed lately.
func (s *Simulator) recentlyActive() ([]*torrent, []removal) {
	since := s.seconds() - recentWindow
	s.recent = slices.DeleteFunc(s.recent, func(t *torrent) bool {
		if t.gone || t.touched < since {
			t.recent = false
		}
		return !t.recent
	})
	slices.SortFunc(s.recent, func(a, b *torrent) int { return int(a.id - b.id) })
	s.removed = slices.DeleteFunc(s.removed, func(r removal) bool { return r.at < since })
	return s.recent, s.removed
}
