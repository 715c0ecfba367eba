package state

import (
	"bytes"
	"fmt"
	"slices"
)

// Detail is what is shown of one torrent while somebody has it open, beyond what
// its Torrent says. It belongs to no State. Slices are shared and never written
// to.
type Detail struct {
	Hash     Hash
	Files    []File // in the daemon's order, which is how it numbers them; the first MaxFiles
	Peers    []Peer
	Trackers []Tracker
	Pieces   Pieces

	Comment string // the torrent's author's
	Creator string // the program that made the torrent, or its author
	Created int64  // Unix seconds when it was made, 0 when it does not say
	Dir     string // the folder on the box that holds the content
	Private bool   // peers come from its trackers only (BEP 27)

	Have        int64 // bytes that are here and verified: haveValid
	Unchecked   int64 // bytes that are here, of pieces not yet whole: haveUnchecked
	Wasted      int64 // bytes ever received that were damaged: corruptEver
	Seeding     int64 // seconds ever spent as a seed
	Downloading int64 // seconds ever spent downloading
	Active      int64 // Unix seconds when content was last sent or received, 0 for never
}

// File is one file of a torrent. It is comparable.
type File struct {
	Name     string // path within Detail.Dir, parts separated by "/"
	Size     int64  // bytes
	Have     int64  // bytes of Size that are here
	Wanted   bool   // it is to be downloaded
	Priority int8   // -1 low, 0 normal, 1 high
}

// Peer is one connected peer. It is comparable.
type Peer struct {
	Address   string   // IP address and port, an IPv6 address in brackets
	Client    string   // what the peer says that it runs
	Progress  Fraction // of the content that the peer has
	RateDown  int64    // bytes a second from the peer to us
	RateUp    int64    // bytes a second from us to the peer
	Flags     string   // one letter each, as "flagStr" in Transmission's RPC specification
	Incoming  bool     // the peer called us
	Encrypted bool
	UTP       bool // it is connected by µTP (BEP 29), not by TCP
}

// Tracker is one announce URL of a torrent. It is comparable.
type Tracker struct {
	Announce string // its URL; private trackers put a secret into it, so it is never logged
	Tier     int32  // from 0; the next tier is asked when none of this one answers
	State    TrackerState
	Failed   bool   // the last announce did
	Result   string // what came of the last announce: "Success", or why it failed
	Seeders  int32  // as the tracker counts them, -1 when it has not said
	Leechers int32  // as the tracker counts them, -1 when it has not said
	Next     int64  // Unix seconds of the next announce, 0 when none is planned
}

// TrackerState is what goes on with a tracker; the values are those of
// "announceState" in Transmission's RPC specification (tr_tracker_state).
type TrackerState uint8

// The values of TrackerState.
const (
	TrackerInactive   TrackerState = 0 // it will not be asked
	TrackerWaiting    TrackerState = 1 // it is asked at Tracker.Next
	TrackerQueued     TrackerState = 2 // it is about to be asked
	TrackerAnnouncing TrackerState = 3
)

var trackerNames = [...]string{"inactive", "waiting", "queued", "announcing"}

// String returns the word used in JSON and on pages, such as "waiting".
func (s TrackerState) String() string {
	if int(s) < len(trackerNames) {
		return trackerNames[s]
	}
	return fmt.Sprintf("tracker-state-%d", uint8(s))
}

// Pieces tells which parts of the content are here.
type Pieces struct {
	Count int32 // 0 until the metadata has come
	Size  int64 // bytes of a piece; the last may be shorter
	// Have has a bit for each piece that is here, the first in the highest bit
	// of the first byte (as in BEP 3's "bitfield"), the bits after the last 0.
	// It is empty when it is not known.
	Have []byte
}

// Has tells whether piece i, from 0, is here.
func (p *Pieces) Has(i int) bool {
	return i >= 0 && i < 8*len(p.Have) && p.Have[i/8]&(0x80>>(i%8)) != 0
}

// Equal tells whether p and q are the same.
func (p *Pieces) Equal(q *Pieces) bool {
	return p.Count == q.Count && p.Size == q.Size && bytes.Equal(p.Have, q.Have)
}

// Equal tells whether d and e are the same.
func (d *Detail) Equal(e *Detail) bool {
	return d.figures() == e.figures() && d.Pieces.Equal(&e.Pieces) &&
		slices.Equal(d.Files, e.Files) && slices.Equal(d.Peers, e.Peers) && slices.Equal(d.Trackers, e.Trackers)
}

// figures is what of a Detail can be compared.
type figures struct {
	hash                                                    Hash
	comment, creator, dir                                   string
	private                                                 bool
	created, have, unchecked, wasted, seeding, down, active int64
}

func (d *Detail) figures() figures {
	return figures{d.Hash, d.Comment, d.Creator, d.Dir, d.Private,
		d.Created, d.Have, d.Unchecked, d.Wasted, d.Seeding, d.Downloading, d.Active}
}

// Limits of a Detail, beside MaxName and MaxText. At both ends of a line a
// Detail is within them.
const (
	MaxFiles    = 20_000  // of a torrent
	MaxPeers    = 1_000   // connected to a torrent
	MaxTrackers = 256     // of a torrent
	MaxPieces   = 1 << 20 // of a torrent
	MaxURL      = 2048    // bytes of a tracker's URL
	MaxPeerText = 128     // bytes of a peer's address, client or flags
)

// Valid tells whether d is within the limits: no negative figures but unknown
// counts, no list or text that is too long, no text that is not UTF-8.
func (d *Detail) Valid() bool {
	c := d.Clean()
	return d.Equal(&c)
}

// Clean returns d brought within the limits. It shares with d what was within
// them.
func (d *Detail) Clean() Detail {
	c := *d
	c.Files = cleanEach(c.Files, MaxFiles, File.clean)
	c.Peers = cleanEach(c.Peers, MaxPeers, Peer.clean)
	c.Trackers = cleanEach(c.Trackers, MaxTrackers, Tracker.clean)
	c.Pieces = c.Pieces.clean()
	c.Comment, c.Creator = cleanText(c.Comment, MaxText), cleanText(c.Creator, MaxText)
	c.Dir = cleanText(c.Dir, MaxName)
	for _, n := range []*int64{&c.Created, &c.Have, &c.Unchecked, &c.Wasted, &c.Seeding, &c.Downloading, &c.Active} {
		*n = max(*n, 0)
	}
	return c
}

// cleanEach returns all itself when nothing has to be done.
func cleanEach[T comparable](all []T, n int, clean func(T) T) []T {
	all = all[:min(len(all), n)]
	for i, v := range all {
		if clean(v) == v {
			continue
		}
		out := slices.Clone(all)
		for j := i; j < len(out); j++ {
			out[j] = clean(out[j])
		}
		return out
	}
	return all
}

func (f File) clean() File {
	f.Name = cleanText(f.Name, MaxName)
	f.Size = max(f.Size, 0)
	f.Have = min(max(f.Have, 0), f.Size)
	f.Priority = min(max(f.Priority, -1), 1)
	return f
}

func (p Peer) clean() Peer {
	p.Address, p.Client, p.Flags = cleanText(p.Address, MaxPeerText), cleanText(p.Client, MaxPeerText), cleanText(p.Flags, MaxPeerText)
	p.Progress = min(p.Progress, Whole)
	p.RateDown, p.RateUp = max(p.RateDown, 0), max(p.RateUp, 0)
	return p
}

func (t Tracker) clean() Tracker {
	t.Announce, t.Result = cleanText(t.Announce, MaxURL), cleanText(t.Result, MaxText)
	t.Tier, t.Next = max(t.Tier, 0), max(t.Next, 0)
	t.Seeders, t.Leechers = max(t.Seeders, -1), max(t.Leechers, -1)
	if t.State > TrackerAnnouncing {
		t.State = TrackerInactive
	}
	return t
}

// clean drops a bitfield of another length than Count says.
func (p Pieces) clean() Pieces {
	p.Size = max(p.Size, 0)
	if p.Count < 0 || p.Count > MaxPieces {
		p.Count = 0
	}
	if len(p.Have) != (int(p.Count)+7)/8 {
		p.Have = nil
	}
	if spare := 8*len(p.Have) - int(p.Count); spare > 0 {
		last := len(p.Have) - 1
		if clean := p.Have[last] &^ (1<<spare - 1); clean != p.Have[last] {
			p.Have = slices.Clone(p.Have)
			p.Have[last] = clean
		}
	}
	return p
}
