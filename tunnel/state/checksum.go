package state

import "math/bits"

// Checksum returns the present version and a sum over the whole state, by which
// two ends of a mirror find out that they have diverged. States with the same
// torrents, session, host and settings have the same sum, whatever their epochs and
// histories. It guards against mistakes, not against somebody who wants two
// states to collide.
//
// The sum is that of all torrents' checksums, of the session's, of the host's and
// of the settings', modulo 2^64. It is kept up to date with each change, so asking costs
// nothing.
func (s *State) Checksum() (Version, uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Version{s.epoch, s.seq}, s.sumLocked()
}

func (s *State) sumLocked() uint64 {
	return s.sum + s.session.checksum() + s.host.checksum() + s.settingsSum
}

// Checksum returns t's part of the sum of State.Checksum.
func (t *Torrent) Checksum() uint64 {
	c := checksum(1).bytes(string(t.Hash[:])).bytes(t.Name).
		word(uint64(t.Status)).word(uint64(t.Error)).bytes(t.ErrorText)
	for _, n := range [...]int64{
		t.Size, t.Left, int64(t.Metadata), int64(t.Checked), t.RateDown, t.RateUp, t.Downloaded, t.Uploaded,
		int64(t.Peers), int64(t.PeersSending), int64(t.PeersGetting), int64(t.WebSeeds), t.Added, t.Done, int64(t.Queue),
		int64(len(t.Labels)),
	} {
		c = c.word(uint64(n))
	}
	for _, l := range t.Labels {
		c = c.bytes(l)
	}
	c = c.bytes(t.Dir)
	for _, n := range [...]int64{
		t.Total, int64(t.Files), truth(t.Private), truth(t.Finished), t.Active, t.Seeded,
	} {
		c = c.word(uint64(n))
	}
	for _, n := range t.Options.Numbers() {
		c = c.word(uint64(n))
	}
	c = c.word(uint64(len(t.Trackers)))
	for _, u := range t.Trackers {
		c = c.bytes(u)
	}
	return uint64(c)
}

func (v Session) checksum() uint64 {
	return uint64(checksum(2).word(uint64(v.Daemon)).bytes(v.DaemonText).bytes(v.Version).
		word(uint64(v.RPCVersion)).word(uint64(truth(v.AltSpeed))))
}

func (v Host) checksum() uint64 {
	c := checksum(3)
	for _, n := range [...]int64{
		v.DiskTotal, v.DiskFree, v.MemTotal, v.MemUsed, int64(v.CPU), v.NetDown, v.NetUp, v.Uptime,
	} {
		c = c.word(uint64(n))
	}
	return uint64(c)
}

// checksum is a running sum. It starts at the kind of value: 1 a torrent, 2 the
// session, 3 the host, 4 the settings.
type checksum uint64

// word mixes in a number, by the finalizer of MurmurHash3 (fmix64).
func (c checksum) word(v uint64) checksum {
	h := bits.RotateLeft64(uint64(c), 5) ^ v
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	h ^= h >> 33
	return checksum(h)
}

// bytes mixes in the length and then the bytes, eight to a little-endian word,
// the last one filled up with zeros.
func (c checksum) bytes(s string) checksum {
	c = c.word(uint64(len(s)))
	for ; len(s) >= 8; s = s[8:] {
		c = c.word(uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56)
	}
	if len(s) == 0 {
		return c
	}
	var v uint64
	for i := range len(s) {
		v |= uint64(s[i]) << (8 * i)
	}
	return c.word(v)
}
