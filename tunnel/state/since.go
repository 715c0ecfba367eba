package state

// Snapshot returns the whole state as a Delta with Reset set.
func (s *State) Snapshot() Delta {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.snapshotLocked()
}

func (s *State) snapshotLocked() Delta {
	session, host, settings := s.session, s.host, s.settings
	d := Delta{To: Version{s.epoch, s.seq}, Reset: true, Session: &session, Host: &host, Settings: &settings}
	d.Changes = make([]Change, 0, len(s.entries)-s.dead)
	for e := s.recent.newest; e != nil; e = e.older {
		if !e.removed {
			d.Changes = append(d.Changes, Change{AllFields, e.torrent})
		}
	}
	return d
}

// Since returns what has changed after v, or a snapshot when v is of another
// epoch, of no change at all, from the future, or older than the removals still
// remembered. A delta costs as much as what has changed, however much there is.
func (s *State) Since(v Version) Delta {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if v.Epoch != s.epoch || v.Seq > s.seq || v.Seq < s.forgot || v.Seq == 0 {
		return s.snapshotLocked()
	}
	d := Delta{From: v.Seq, To: Version{s.epoch, s.seq}}
	d.Changes, d.Removed = s.changesLocked(v.Seq)
	if s.sessSeq > v.Seq {
		session := s.session
		d.Session = &session
	}
	if s.hostSeq > v.Seq {
		host := s.host
		d.Host = &host
	}
	if s.settingsSeq > v.Seq {
		settings := s.settings
		d.Settings = &settings
	}
	return d
}

// changesLocked collects what changed after seq. It counts first, for a Change
// is large and a slice that grows copies it again and again.
func (s *State) changesLocked(seq uint64) (changes []Change, removed []Hash) {
	live, dead := 0, 0
	for e := s.recent.newest; e != nil && e.changed > seq; e = e.older {
		if e.removed {
			dead++
		} else {
			live++
		}
	}
	if live > 0 {
		changes = make([]Change, 0, live)
	}
	if dead > 0 {
		removed = make([]Hash, 0, dead)
	}
	for e := s.recent.newest; e != nil && e.changed > seq; e = e.older {
		if e.removed {
			removed = append(removed, e.torrent.Hash)
		} else {
			changes = append(changes, Change{e.since(seq), e.torrent})
		}
	}
	return changes, removed
}

// since returns the fields that changed after seq. One that has not for 2^32 changes
// of the state, forty years at three a second, may be among them for nothing; none is
// missing, since a stamp is taken for the newest that it can be.
func (e *entry) since(seq uint64) Fields {
	var f Fields
	for i, stamp := range e.stamps {
		if e.changed-uint64(uint32(e.changed)-stamp) > seq {
			f |= 1 << i
		}
	}
	return f
}
