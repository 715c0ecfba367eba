// Package command owns what home may ask of a box: the vocabulary of commands and
// their results, the frames in which they travel, and the two ends of a channel
// that carries each of them exactly once, over any number of connections.
package command

import (
	"crypto/rand"
	"encoding/hex"
	"errors"

	"offing/tunnel/state"
)

// ID names a command for good: 16 random bytes. Whoever repeats a command repeats
// its ID.
type ID [16]byte

// NewID returns a random ID.
func NewID() ID {
	var id ID
	_, _ = rand.Read(id[:]) // never fails, see its documentation
	return id
}

// ParseID reads 32 hexadecimal digits.
func ParseID(s string) (ID, error) {
	var id ID
	if b, err := hex.DecodeString(s); err != nil || copy(id[:], b) != len(id) || len(b) != len(id) {
		return ID{}, errors.New("the id of a command has 32 hexadecimal digits")
	}
	return id, nil
}

// String returns 32 lower-case hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText implements encoding.TextMarshaler with the form of String.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with ParseID.
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseID(string(b))
	return err
}

// UnmarshalCBOR reads a CBOR byte string of exactly 16 bytes (RFC 8949, section 3.1);
// a decoder by itself would take a shorter or a longer one for an ID.
func (id *ID) UnmarshalCBOR(b []byte) error {
	const head = 0x40 | byte(len(ID{}))
	if len(b) != 1+len(id) || b[0] != head {
		return errors.New("the id of a command has 16 bytes")
	}
	copy(id[:], b[1:])
	return nil
}

// Kind is what a command does. The words go over the line, into journals and over
// the controller's API. Unless it says otherwise a command is about Torrents.
type Kind string

// The kinds. Those of the last group are about no torrent.
const (
	Start      Kind = "start"     // download or seed, when the queue has room
	StartNow   Kind = "start-now" // and without waiting for the queue
	Stop       Kind = "stop"
	Verify     Kind = "verify"     // check the files on disk
	Reannounce Kind = "reannounce" // ask the trackers for more peers
	Remove     Kind = "remove"     // Command.Remove
	Move       Kind = "move"       // Command.Move
	Rename     Kind = "rename"     // Command.Rename; one torrent
	Change     Kind = "change"     // Command.Change
	QueueTop   Kind = "queue-top"
	QueueUp    Kind = "queue-up"
	QueueDown  Kind = "queue-down"
	QueueEnd   Kind = "queue-bottom"

	Add       Kind = "add"        // Command.Add
	Configure Kind = "configure"  // Command.Settings
	FreeSpace Kind = "free-space" // Command.Dir; a question
	TestPort  Kind = "test-port"  // whether peers can reach the daemon; a question
	Blocklist Kind = "blocklist"  // fetch the blocklist anew
)

// Question tells whether the kind changes nothing, so that it is neither kept in a
// journal nor repeated.
func (k Kind) Question() bool { return k == FreeSpace || k == TestPort }

// AboutTorrents tells whether a command of the kind names torrents.
func (k Kind) AboutTorrents() bool {
	switch k {
	case Add, Configure, FreeSpace, TestPort, Blocklist:
		return false
	}
	return true
}

// Limits of a command. Both ends hold to them.
const (
	MaxTorrents = 50_000  // of one command
	MaxMetainfo = 8 << 20 // bytes of a .torrent file
	MaxURL      = 4096    // bytes of a URL or a magnet link
	MaxPath     = 4096    // bytes
)

// Command is one thing to be done on a box. Exactly the parts that its Kind names
// are there.
type Command struct {
	ID       ID           `cbor:"1,keyasint" json:"id"`
	Kind     Kind         `cbor:"2,keyasint" json:"do"`
	Torrents []state.Hash `cbor:"3,keyasint,omitempty" json:"torrents,omitempty"` // each once; never empty when AboutTorrents

	Remove   *Removal     `cbor:"4,keyasint,omitempty" json:"remove,omitempty"`
	Move     *Moving      `cbor:"5,keyasint,omitempty" json:"move,omitempty"`
	Rename   *Renaming    `cbor:"6,keyasint,omitempty" json:"rename,omitempty"`
	Change   *Changes     `cbor:"7,keyasint,omitempty" json:"change,omitempty"`
	Add      *Addition    `cbor:"8,keyasint,omitempty" json:"add,omitempty"`
	Settings *NewSettings `cbor:"9,keyasint,omitempty" json:"settings,omitempty"`
	Dir      string       `cbor:"10,keyasint,omitempty" json:"dir,omitempty"` // FreeSpace: a folder of the download tree, empty for its top
}

// Removal takes torrents away.
type Removal struct {
	Data bool `cbor:"1,keyasint,omitempty" json:"data,omitempty"` // their content too
}

// Moving says where the content is to be.
type Moving struct {
	Dir  string `cbor:"1,keyasint" json:"dir"`                      // within the download tree; relative ones to its top
	Find bool   `cbor:"2,keyasint,omitempty" json:"find,omitempty"` // it is there already: move nothing
}

// Renaming gives a file or folder of a torrent another name.
type Renaming struct {
	Path string `cbor:"1,keyasint" json:"path"` // within the torrent, parts separated by "/"; its first part is the torrent's name
	Name string `cbor:"2,keyasint" json:"name"` // without "/"
}

// Changes is what is to be otherwise with torrents; what is nil or empty stays. See
// state.Options and state.Detail for the units.
type Changes struct {
	Labels      *[]string        `cbor:"1,keyasint,omitempty" json:"labels,omitempty"` // instead of those that it has
	DownLimit   *int64           `cbor:"2,keyasint,omitempty" json:"down_limit,omitempty"`
	DownLimited *bool            `cbor:"3,keyasint,omitempty" json:"down_limited,omitempty"`
	UpLimit     *int64           `cbor:"4,keyasint,omitempty" json:"up_limit,omitempty"`
	UpLimited   *bool            `cbor:"5,keyasint,omitempty" json:"up_limited,omitempty"`
	Unbound     *bool            `cbor:"6,keyasint,omitempty" json:"unbound,omitempty"`
	Priority    *int8            `cbor:"7,keyasint,omitempty" json:"priority,omitempty"`
	PeerLimit   *int32           `cbor:"8,keyasint,omitempty" json:"peer_limit,omitempty"`
	RatioMode   *state.LimitMode `cbor:"9,keyasint,omitempty" json:"ratio_mode,omitempty"`
	RatioLimit  *int64           `cbor:"10,keyasint,omitempty" json:"ratio_limit,omitempty"`
	IdleMode    *state.LimitMode `cbor:"11,keyasint,omitempty" json:"idle_mode,omitempty"`
	IdleLimit   *int32           `cbor:"12,keyasint,omitempty" json:"idle_limit,omitempty"`
	Sequential  *bool            `cbor:"13,keyasint,omitempty" json:"sequential,omitempty"`
	Queue       *int32           `cbor:"14,keyasint,omitempty" json:"queue,omitempty"` // position, from 0; one torrent

	// Files by their index in state.Detail.Files; one torrent. AllFiles in a list
	// means every file.
	Want   []int32 `cbor:"15,keyasint,omitempty" json:"want,omitempty"`
	Skip   []int32 `cbor:"16,keyasint,omitempty" json:"skip,omitempty"`
	Low    []int32 `cbor:"17,keyasint,omitempty" json:"low,omitempty"`
	Normal []int32 `cbor:"18,keyasint,omitempty" json:"normal,omitempty"`
	High   []int32 `cbor:"19,keyasint,omitempty" json:"high,omitempty"`

	// Trackers by their announce URLs, without regard to those that are not there.
	AddTrackers     []string             `cbor:"20,keyasint,omitempty" json:"add_trackers,omitempty"`
	RemoveTrackers  []string             `cbor:"21,keyasint,omitempty" json:"remove_trackers,omitempty"`
	ReplaceTrackers []TrackerReplacement `cbor:"22,keyasint,omitempty" json:"replace_trackers,omitempty"`
}

// AllFiles stands for every file in a list of them.
const AllFiles = -1

// TrackerReplacement puts one announce URL in the place of another.
type TrackerReplacement struct {
	Old string `cbor:"1,keyasint" json:"old"`
	New string `cbor:"2,keyasint" json:"new"`
}

// Addition is a torrent to be added: exactly one of Magnet, Metainfo and URL.
type Addition struct {
	Magnet   string   `cbor:"1,keyasint,omitempty" json:"magnet,omitempty"`
	Metainfo []byte   `cbor:"2,keyasint,omitempty" json:"metainfo,omitempty"` // a .torrent file (BEP 3)
	URL      string   `cbor:"3,keyasint,omitempty" json:"url,omitempty"`      // of one, http or https; the box fetches it
	Cookies  string   `cbor:"4,keyasint,omitempty" json:"cookies,omitempty"`  // for URL: "NAME=CONTENTS; …"
	Dir      string   `cbor:"5,keyasint,omitempty" json:"dir,omitempty"`      // as Moving.Dir; empty for the daemon's own
	Paused   bool     `cbor:"6,keyasint,omitempty" json:"paused,omitempty"`
	Changes  *Changes `cbor:"7,keyasint,omitempty" json:"changes,omitempty"` // made at once; no trackers, no Queue
}

// NewSettings is what is to be otherwise with the daemon; what is nil stays. See
// state.Settings for the units.
type NewSettings struct {
	DownLimit   *int64 `cbor:"1,keyasint,omitempty" json:"down_limit,omitempty"`
	DownLimited *bool  `cbor:"2,keyasint,omitempty" json:"down_limited,omitempty"`
	UpLimit     *int64 `cbor:"3,keyasint,omitempty" json:"up_limit,omitempty"`
	UpLimited   *bool  `cbor:"4,keyasint,omitempty" json:"up_limited,omitempty"`

	AltSpeed     *bool  `cbor:"5,keyasint,omitempty" json:"alt_speed,omitempty"`
	AltDown      *int64 `cbor:"6,keyasint,omitempty" json:"alt_down,omitempty"`
	AltUp        *int64 `cbor:"7,keyasint,omitempty" json:"alt_up,omitempty"`
	AltScheduled *bool  `cbor:"8,keyasint,omitempty" json:"alt_scheduled,omitempty"`
	AltBegin     *int32 `cbor:"9,keyasint,omitempty" json:"alt_begin,omitempty"`
	AltEnd       *int32 `cbor:"10,keyasint,omitempty" json:"alt_end,omitempty"`
	AltDays      *uint8 `cbor:"11,keyasint,omitempty" json:"alt_days,omitempty"`

	RatioLimit   *int64 `cbor:"12,keyasint,omitempty" json:"ratio_limit,omitempty"`
	RatioLimited *bool  `cbor:"13,keyasint,omitempty" json:"ratio_limited,omitempty"`
	IdleLimit    *int32 `cbor:"14,keyasint,omitempty" json:"idle_limit,omitempty"`
	IdleLimited  *bool  `cbor:"15,keyasint,omitempty" json:"idle_limited,omitempty"`

	DownQueue        *int32 `cbor:"16,keyasint,omitempty" json:"down_queue,omitempty"`
	DownQueueEnabled *bool  `cbor:"17,keyasint,omitempty" json:"down_queue_enabled,omitempty"`
	SeedQueue        *int32 `cbor:"18,keyasint,omitempty" json:"seed_queue,omitempty"`
	SeedQueueEnabled *bool  `cbor:"19,keyasint,omitempty" json:"seed_queue_enabled,omitempty"`
	StalledMinutes   *int32 `cbor:"20,keyasint,omitempty" json:"stalled_minutes,omitempty"`
	StalledEnabled   *bool  `cbor:"21,keyasint,omitempty" json:"stalled_enabled,omitempty"`

	PeerLimit        *int32  `cbor:"22,keyasint,omitempty" json:"peer_limit,omitempty"`
	TorrentPeerLimit *int32  `cbor:"23,keyasint,omitempty" json:"torrent_peer_limit,omitempty"`
	PeerPort         *int32  `cbor:"24,keyasint,omitempty" json:"peer_port,omitempty"`
	RandomPort       *bool   `cbor:"25,keyasint,omitempty" json:"random_port,omitempty"`
	PortForwarding   *bool   `cbor:"26,keyasint,omitempty" json:"port_forwarding,omitempty"`
	Encryption       *string `cbor:"27,keyasint,omitempty" json:"encryption,omitempty"`
	DHT              *bool   `cbor:"28,keyasint,omitempty" json:"dht,omitempty"`
	PEX              *bool   `cbor:"29,keyasint,omitempty" json:"pex,omitempty"`
	LPD              *bool   `cbor:"30,keyasint,omitempty" json:"lpd,omitempty"`
	UTP              *bool   `cbor:"31,keyasint,omitempty" json:"utp,omitempty"`

	DownloadDir    *string `cbor:"32,keyasint,omitempty" json:"download_dir,omitempty"` // within the download tree, as IncompleteDir
	IncompleteDir  *string `cbor:"33,keyasint,omitempty" json:"incomplete_dir,omitempty"`
	UseIncomplete  *bool   `cbor:"34,keyasint,omitempty" json:"use_incomplete,omitempty"`
	StartAdded     *bool   `cbor:"35,keyasint,omitempty" json:"start_added,omitempty"`
	RenamePartial  *bool   `cbor:"36,keyasint,omitempty" json:"rename_partial,omitempty"`
	DeleteTorrents *bool   `cbor:"37,keyasint,omitempty" json:"delete_torrents,omitempty"`
	CacheMB        *int32  `cbor:"38,keyasint,omitempty" json:"cache_mb,omitempty"`

	BlocklistURL     *string `cbor:"39,keyasint,omitempty" json:"blocklist_url,omitempty"` // http or https, of a public host
	BlocklistEnabled *bool   `cbor:"40,keyasint,omitempty" json:"blocklist_enabled,omitempty"`
}
