package state

import (
	"hash/maphash"
	"slices"
)

// shared keeps one of each folder and of each list of announce URLs: thousands of
// torrents have a few of them. The zero shared is ready for use.
type shared struct {
	seed  maphash.Seed
	texts map[string]string
	lists map[uint64][]string // by the hash of the URLs
	limit int                 // of the size at which what is not in use any more is dropped
}

// leastShared is the least size at which shared is looked through.
const leastShared = 64

func (s *shared) size() int { return len(s.texts) + len(s.lists) }

// take makes those of the fields f of t that are shared what others have.
func (s *shared) take(t *Torrent, f Fields) {
	if f.Has(FieldDir) && t.Dir != "" {
		t.Dir = s.text(t.Dir)
	}
	if f.Has(FieldTrackers) && len(t.Trackers) > 0 {
		t.Trackers = s.list(t.Trackers)
	}
}

func (s *shared) text(v string) string {
	if have, ok := s.texts[v]; ok {
		return have
	}
	if s.texts == nil {
		s.texts = make(map[string]string)
	}
	s.texts[v] = v
	return v
}

func (s *shared) list(v []string) []string {
	if s.lists == nil {
		s.seed, s.lists = maphash.MakeSeed(), make(map[uint64][]string)
	}
	var h maphash.Hash
	h.SetSeed(s.seed)
	for _, u := range v {
		_, _ = h.WriteString(u)
		_ = h.WriteByte(0) // neither fails
	}
	have, ok := s.lists[h.Sum64()]
	if ok && slices.Equal(have, v) {
		return have
	}
	own := make([]string, len(v))
	for i, u := range v {
		own[i] = s.text(u)
	}
	if !ok {
		s.lists[h.Sum64()] = own
	}
	return own
}

// shareLocked drops from shared what no torrent has any more, once there may be as
// much of it as of what is in use.
func (s *State) shareLocked() {
	if s.shared.size() <= max(s.shared.limit, leastShared) {
		return
	}
	s.shared.texts, s.shared.lists = nil, nil
	for _, e := range s.entries {
		s.shared.take(&e.torrent, FieldDir|FieldTrackers)
	}
	s.shared.limit = 2 * s.shared.size()
}
