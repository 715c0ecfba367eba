package state

import "math/bits"

// Tx is one change to a State, valid during the function given to Update. All
// that it does gets one sequence, and is seen by readers at once or not at all.
type Tx struct {
	s     *State
	seq   uint64 // of this change
	dirty bool
}

// Update runs f with the State locked. When f changed anything the sequence
// grows by one and the waiters of Changed are woken. An error of f is returned;
// what f did before it stays.
func (s *State) Update(f func(*Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := Tx{s: s, seq: s.seq + 1}
	err := f(&tx)
	if tx.dirty {
		s.seq = tx.seq
		s.pruneLocked()
		s.shareLocked()
		s.wakeLocked()
	}
	return err
}

// Put adds t or replaces what the state has under its hash; only fields that
// differ count as changed. Values beyond the limits of this package (MaxName and
// its like) are brought within them. The State keeps t.Labels, and of equal
// folders and lists of announce URLs one for all torrents.
func (tx *Tx) Put(t *Torrent) {
	e := tx.s.entries[t.Hash]
	if e == nil || e.removed {
		tx.add(e, t)
		return
	}
	tx.change(e, AllFields, t)
}

// Merge applies a Change: all fields for a torrent that may be new, some for
// one that is there. It returns ErrUnknownTorrent for some fields of a torrent
// that is not there.
func (tx *Tx) Merge(c *Change) error {
	e := tx.s.entries[c.Torrent.Hash]
	if e == nil || e.removed {
		if c.Fields != AllFields {
			return ErrUnknownTorrent
		}
		tx.add(e, &c.Torrent)
		return nil
	}
	tx.change(e, c.Fields, &c.Torrent)
	return nil
}

// Apply brings the state from the Delta's beginning to its end, whatever the
// versions say. It stops with ErrUnknownTorrent at a change to a torrent that
// is not there.
func (tx *Tx) Apply(d *Delta) error {
	for i := range d.Changes {
		if err := tx.Merge(&d.Changes[i]); err != nil {
			return err
		}
	}
	for _, h := range d.Removed {
		tx.Remove(h)
	}
	if d.Session != nil {
		tx.SetSession(*d.Session)
	}
	if d.Host != nil {
		tx.SetHost(*d.Host)
	}
	if d.Settings != nil {
		tx.SetSettings(*d.Settings)
	}
	if d.Reset {
		whole := make(map[Hash]struct{}, len(d.Changes))
		for i := range d.Changes {
			whole[d.Changes[i].Torrent.Hash] = struct{}{}
		}
		tx.Keep(func(h Hash) bool { _, ok := whole[h]; return ok })
	}
	return nil
}

// Remove takes a torrent out. One that is not there is no error.
func (tx *Tx) Remove(h Hash) {
	e := tx.s.entries[h]
	if e == nil || e.removed {
		return
	}
	tx.s.totals.sub(&e.torrent)
	tx.s.sum -= e.sum
	e.removed, e.sum = true, 0
	e.torrent = Torrent{Hash: h}
	tx.s.dead++
	tx.stamp(e)
}

// Keep removes every torrent for which keep returns false.
func (tx *Tx) Keep(keep func(Hash) bool) {
	for h, e := range tx.s.entries {
		if !e.removed && !keep(h) {
			tx.Remove(h)
		}
	}
}

// SetSession replaces the daemon's part.
func (tx *Tx) SetSession(v Session) {
	if v = v.clean(); tx.s.session != v {
		tx.s.session, tx.s.sessSeq, tx.dirty = v, tx.seq, true
	}
}

// Session returns the daemon's part as this Tx has left it.
func (tx *Tx) Session() Session { return tx.s.session }

// SetHost replaces the machine's part.
func (tx *Tx) SetHost(v Host) {
	if v = v.clean(); tx.s.host != v {
		tx.s.host, tx.s.hostSeq, tx.dirty = v, tx.seq, true
	}
}

// SetSettings replaces what was set for the daemon as a whole.
func (tx *Tx) SetSettings(v Settings) {
	if v = v.clean(); tx.s.settings != v {
		tx.s.settings, tx.s.settingsSeq, tx.dirty = v, tx.seq, true
		tx.s.settingsSum = v.checksum()
	}
}

// add makes t a torrent of the state; e is its tombstone, or nil.
func (tx *Tx) add(e *entry, t *Torrent) {
	if e == nil {
		e = &entry{}
		tx.s.recent.pushNewest(e)
		tx.s.entries[t.Hash] = e
	} else {
		tx.s.dead--
	}
	e.removed = false
	e.torrent = t.clean()
	tx.s.shared.take(&e.torrent, FieldDir|FieldTrackers)
	for i := range e.stamps {
		e.stamps[i] = uint32(tx.seq)
	}
	tx.count(e)
	tx.stamp(e)
}

// change takes those of the fields f that differ from t.
func (tx *Tx) change(e *entry, f Fields, t *Torrent) {
	if f &= Diff(&e.torrent, t); f == 0 {
		return
	}
	clean := t.clean()
	if f &= Diff(&e.torrent, &clean); f == 0 {
		return
	}
	tx.s.totals.sub(&e.torrent)
	tx.s.sum -= e.sum
	tx.s.shared.take(&clean, f)
	e.torrent.Merge(f, &clean)
	for ; f != 0; f &= f - 1 {
		e.stamps[bits.TrailingZeros32(uint32(f))] = uint32(tx.seq)
	}
	tx.count(e)
	tx.stamp(e)
}

func (tx *Tx) count(e *entry) {
	tx.s.totals.Add(&e.torrent)
	e.sum = e.torrent.Checksum()
	tx.s.sum += e.sum
}

func (tx *Tx) stamp(e *entry) {
	e.changed = tx.seq
	tx.s.recent.renew(e)
	tx.dirty = true
}

// pruneLocked drops the oldest tombstones beyond maxTombstones. It runs only
// when there are too many, and then drops half, so its cost spreads.
func (s *State) pruneLocked() {
	if s.dead <= maxTombstones {
		return
	}
	for e := s.recent.oldest; e != nil && s.dead > maxTombstones/2; {
		newer := e.newer
		if e.removed {
			s.forgot = max(s.forgot, e.changed)
			s.recent.remove(e)
			delete(s.entries, e.torrent.Hash)
			s.dead--
		}
		e = newer
	}
}
