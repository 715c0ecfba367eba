// Package state owns the vocabulary of a box: what a torrent, the daemon and
// the host look like, how two such values differ, and the versioned State that
// both ends of a line keep. It is pure: values and arithmetic, the standard
// library only, no I/O.
package state

import (
	"encoding/hex"
	"fmt"
	"slices"
)

// Hash is the v1 info hash of a torrent (BEP 3: SHA-1 of the info dictionary).
// It is a torrent's identity everywhere in Offing; Transmission's own integer
// ids change when the daemon restarts.
type Hash [20]byte

// ParseHash reads 40 hexadecimal digits of either case.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if len(s) != hex.EncodedLen(len(h)) {
		return h, fmt.Errorf("info hash has %d characters, want %d hexadecimal digits", len(s), hex.EncodedLen(len(h)))
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, fmt.Errorf("info hash: %w", err)
	}
	return h, nil
}

// String returns 40 lower-case hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText implements encoding.TextMarshaler with the form of String.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with ParseHash.
func (h *Hash) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHash(string(b))
	return err
}

// Status is what a torrent is doing; the values are those of "status" in
// Transmission's RPC specification (rpc-spec.md, torrent-get).
type Status uint8

// The values of Status.
const (
	Stopped        Status = 0
	CheckQueued    Status = 1
	Checking       Status = 2
	DownloadQueued Status = 3
	Downloading    Status = 4
	SeedQueued     Status = 5
	Seeding        Status = 6
)

var statusNames = [...]string{"stopped", "check-queued", "checking", "download-queued", "downloading", "seed-queued", "seeding"}

// String returns the word used in JSON and on pages, such as "downloading".
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("status-%d", uint8(s))
}

// ErrorKind tells whose fault a torrent's error is; the values are those of
// "error" in Transmission's RPC specification (tr_stat_errtype).
type ErrorKind uint8

// The values of ErrorKind.
const (
	NoError        ErrorKind = 0
	TrackerWarning ErrorKind = 1
	TrackerError   ErrorKind = 2
	LocalError     ErrorKind = 3
)

// Fraction is a part of a whole in ten-thousandths: 0 is nothing, Whole is all.
type Fraction uint16

// Whole is the Fraction of something complete.
const Whole Fraction = 10000

// Torrent is what a list shows of one torrent. What can be computed from it
// (progress, ratio, eta) is a method, not a field, and so never travels.
type Torrent struct {
	Hash         Hash
	Name         string
	Status       Status
	Error        ErrorKind
	ErrorText    string   // empty when Error is NoError
	Size         int64    // bytes wanted: Transmission's sizeWhenDone
	Left         int64    // bytes of Size still to get: leftUntilDone
	Metadata     Fraction // of a magnet link's metadata; Whole for any other torrent
	Checked      Fraction // of a running verification: recheckProgress
	RateDown     int64    // bytes a second
	RateUp       int64    // bytes a second
	Downloaded   int64    // bytes ever received: downloadedEver
	Uploaded     int64    // bytes ever sent: uploadedEver
	Peers        int32    // connected peers
	PeersSending int32    // of Peers, those that send to us
	PeersGetting int32    // of Peers, those that we send to
	WebSeeds     int32    // web seeds that send to us
	Added        int64    // Unix seconds
	Done         int64    // Unix seconds, 0 while incomplete
	Queue        int32    // position in the queue, from 0
	Labels       []string // as the daemon orders them; shared, never written to
	Dir          string   // folder on the box that holds the content: downloadDir
	Total        int64    // bytes of all files, wanted or not: totalSize
	Files        int32    // how many files it has, 0 while that is not known
	Private      bool     // peers come from its trackers only (BEP 27)
	Finished     bool     // it was stopped for having seeded enough: isFinished
	Active       int64    // Unix seconds when content last moved, to within a minute, 0 for never: activityDate
	Seeded       int64    // see SeedTime
	Options      Options
	Trackers     []string // announce URLs in the order of their tiers, with secrets of private trackers; shared, never written to
}

// SeedTime is the number of seconds that the torrent has ever spent as a seed
// (secondsSeeding), to within a minute, at a time in Unix seconds. While it seeds,
// Seeded is the time since when it would have, had it never paused, so that it stays
// the same; otherwise it is the number itself.
func (t *Torrent) SeedTime(now int64) int64 {
	if t.Status != Seeding {
		return t.Seeded
	}
	return max(now-t.Seeded, 0)
}

// Progress is the part of the wanted bytes that is here. A torrent that wants
// no bytes, or whose metadata has not come, has no progress.
func (t *Torrent) Progress() Fraction {
	if t.Size <= 0 {
		return 0
	}
	have := min(max(t.Size-t.Left, 0), t.Size)
	return Fraction(float64(have) / float64(t.Size) * float64(Whole))
}

// Ratio is bytes sent per byte received; for content that was never received
// (added complete) per byte of size. It is 0 when both are 0.
func (t *Torrent) Ratio() float64 {
	base := t.Downloaded
	if base <= 0 {
		base = t.Size
	}
	if base <= 0 {
		return 0
	}
	return float64(t.Uploaded) / float64(base)
}

// ETA is the number of seconds until the download completes at the present
// rate, or -1 when that cannot be said.
func (t *Torrent) ETA() int64 {
	if t.Status != Downloading || t.Left <= 0 || t.RateDown <= 0 {
		return -1
	}
	return (t.Left + t.RateDown - 1) / t.RateDown
}

// Moving tells whether the torrent's figures change from one second to the next.
func (t *Torrent) Moving() bool {
	return t.RateDown > 0 || t.RateUp > 0 || t.Status == Checking || t.Status == CheckQueued
}

// Fields is a set of Torrent's fields. The bits go over the line and are never
// renumbered.
type Fields uint32

// One bit for each field of Torrent but Hash.
const (
	FieldName         Fields = 1 << 0
	FieldStatus       Fields = 1 << 1
	FieldError        Fields = 1 << 2 // Error and ErrorText together
	FieldSize         Fields = 1 << 3
	FieldLeft         Fields = 1 << 4
	FieldMetadata     Fields = 1 << 5
	FieldChecked      Fields = 1 << 6
	FieldRateDown     Fields = 1 << 7
	FieldRateUp       Fields = 1 << 8
	FieldDownloaded   Fields = 1 << 9
	FieldUploaded     Fields = 1 << 10
	FieldPeers        Fields = 1 << 11
	FieldPeersSending Fields = 1 << 12
	FieldPeersGetting Fields = 1 << 13
	FieldWebSeeds     Fields = 1 << 14
	FieldAdded        Fields = 1 << 15
	FieldDone         Fields = 1 << 16
	FieldQueue        Fields = 1 << 17
	FieldLabels       Fields = 1 << 18
	FieldDir          Fields = 1 << 19
	FieldTotal        Fields = 1 << 20
	FieldFiles        Fields = 1 << 21
	FieldPrivate      Fields = 1 << 22
	FieldFinished     Fields = 1 << 23
	FieldActive       Fields = 1 << 24
	FieldSeeded       Fields = 1 << 25
	FieldOptions      Fields = 1 << 26
	FieldTrackers     Fields = 1 << 27

	AllFields Fields = 1<<28 - 1
)

// FieldCount is the number of Fields.
const FieldCount = 28

// Has tells whether all fields of g are in f.
func (f Fields) Has(g Fields) bool { return f&g == g }

// Diff returns the fields in which a and b differ. It does not look at Hash.
func Diff(a, b *Torrent) Fields {
	var f Fields
	set := func(differs bool, bit Fields) {
		if differs {
			f |= bit
		}
	}
	set(a.Name != b.Name, FieldName)
	set(a.Status != b.Status, FieldStatus)
	set(a.Error != b.Error || a.ErrorText != b.ErrorText, FieldError)
	set(a.Size != b.Size, FieldSize)
	set(a.Left != b.Left, FieldLeft)
	set(a.Metadata != b.Metadata, FieldMetadata)
	set(a.Checked != b.Checked, FieldChecked)
	set(a.RateDown != b.RateDown, FieldRateDown)
	set(a.RateUp != b.RateUp, FieldRateUp)
	set(a.Downloaded != b.Downloaded, FieldDownloaded)
	set(a.Uploaded != b.Uploaded, FieldUploaded)
	set(a.Peers != b.Peers, FieldPeers)
	set(a.PeersSending != b.PeersSending, FieldPeersSending)
	set(a.PeersGetting != b.PeersGetting, FieldPeersGetting)
	set(a.WebSeeds != b.WebSeeds, FieldWebSeeds)
	set(a.Added != b.Added, FieldAdded)
	set(a.Done != b.Done, FieldDone)
	set(a.Queue != b.Queue, FieldQueue)
	set(!slices.Equal(a.Labels, b.Labels), FieldLabels)
	set(a.Dir != b.Dir, FieldDir)
	set(a.Total != b.Total, FieldTotal)
	set(a.Files != b.Files, FieldFiles)
	set(a.Private != b.Private, FieldPrivate)
	set(a.Finished != b.Finished, FieldFinished)
	set(a.Active != b.Active, FieldActive)
	set(a.Seeded != b.Seeded, FieldSeeded)
	set(a.Options != b.Options, FieldOptions)
	set(!slices.Equal(a.Trackers, b.Trackers), FieldTrackers)
	return f
}

// Merge copies the fields f of src into t and leaves the others, and Hash, alone.
func (t *Torrent) Merge(f Fields, src *Torrent) {
	if f == AllFields {
		hash := t.Hash
		*t = *src
		t.Hash = hash
		return
	}
	for ; f != 0; f &= f - 1 {
		t.mergeOne(f&-f, src)
	}
}

func (t *Torrent) mergeOne(bit Fields, src *Torrent) {
	switch bit {
	case FieldName:
		t.Name = src.Name
	case FieldStatus:
		t.Status = src.Status
	case FieldError:
		t.Error, t.ErrorText = src.Error, src.ErrorText
	case FieldSize:
		t.Size = src.Size
	case FieldLeft:
		t.Left = src.Left
	case FieldMetadata:
		t.Metadata = src.Metadata
	case FieldChecked:
		t.Checked = src.Checked
	case FieldRateDown:
		t.RateDown = src.RateDown
	case FieldRateUp:
		t.RateUp = src.RateUp
	case FieldDownloaded:
		t.Downloaded = src.Downloaded
	case FieldUploaded:
		t.Uploaded = src.Uploaded
	case FieldPeers:
		t.Peers = src.Peers
	case FieldPeersSending:
		t.PeersSending = src.PeersSending
	case FieldPeersGetting:
		t.PeersGetting = src.PeersGetting
	case FieldWebSeeds:
		t.WebSeeds = src.WebSeeds
	case FieldAdded:
		t.Added = src.Added
	case FieldDone:
		t.Done = src.Done
	case FieldQueue:
		t.Queue = src.Queue
	case FieldLabels:
		t.Labels = src.Labels
	case FieldDir:
		t.Dir = src.Dir
	case FieldTotal:
		t.Total = src.Total
	case FieldFiles:
		t.Files = src.Files
	case FieldPrivate:
		t.Private = src.Private
	case FieldFinished:
		t.Finished = src.Finished
	case FieldActive:
		t.Active = src.Active
	case FieldSeeded:
		t.Seeded = src.Seeded
	case FieldOptions:
		t.Options = src.Options
	case FieldTrackers:
		t.Trackers = src.Trackers
	}
}
