package command

import "offing/tunnel/state"

// Fault is why something was not done. It is an error.
type Fault struct {
	Code FaultCode `cbor:"1,keyasint" json:"code"`
	Text string    `cbor:"2,keyasint" json:"text"` // for a person, with what to do; at most state.MaxText bytes
}

// Error returns the text.
func (f *Fault) Error() string { return f.Text }

// FaultCode is a stable word for programs. It goes over the line and over the
// controller's API.
type FaultCode string

// The codes.
const (
	UnknownTorrent FaultCode = "unknown-torrent" // the box does not have it
	NoTorrents     FaultCode = "no-torrents"     // none were named, which never means all
	BadCommand     FaultCode = "bad-command"     // it is not on the list, or its arguments are not
	BadPath        FaultCode = "bad-path"        // outside the download tree, or no path at all
	BadTorrent     FaultCode = "bad-torrent"     // what was to be added is no torrent
	BadName        FaultCode = "bad-name"        // of a file
	NoFetch        FaultCode = "not-fetched"     // the URL did not give a torrent
	ForbiddenURL   FaultCode = "forbidden-url"   // it leads to an address inside the box or its network
	DiskFull       FaultCode = "disk-full"
	Unsupported    FaultCode = "unsupported"    // by this generation of the daemon
	DaemonAway     FaultCode = "daemon-away"    // it does not answer, or refuses the agent
	DaemonRefused  FaultCode = "daemon-refused" // it says no, and Text says what it says
	Interrupted    FaultCode = "interrupted"    // the agent stopped in the midst of it, and it cannot be told what was done
	Cancelled      FaultCode = "cancelled"
	Expired        FaultCode = "expired"
)

// Failure is a torrent of a command with which it was not done.
type Failure struct {
	Torrent state.Hash `cbor:"1,keyasint" json:"hash"`
	Fault   Fault      `cbor:"2,keyasint" json:"fault"`
}

// MaxFailures bounds the failures that a result lists; Result.Failed counts all.
const MaxFailures = 1000

// Result is what came of a command.
type Result struct {
	ID     ID        `cbor:"1,keyasint" json:"id"`
	Fault  *Fault    `cbor:"2,keyasint,omitempty" json:"fault,omitempty"`  // nothing was done; nil when something was
	Done   int       `cbor:"3,keyasint,omitempty" json:"done,omitempty"`   // torrents with which it was done
	Failed int       `cbor:"4,keyasint,omitempty" json:"failed,omitempty"` // torrents with which it was not
	Faults []Failure `cbor:"5,keyasint,omitempty" json:"faults,omitempty"` // of Failed, the first MaxFailures

	Added *Added `cbor:"6,keyasint,omitempty" json:"added,omitempty"` // Add
	Space *Space `cbor:"7,keyasint,omitempty" json:"space,omitempty"` // FreeSpace
	Open  *bool  `cbor:"8,keyasint,omitempty" json:"open,omitempty"`  // TestPort
	Rules *int64 `cbor:"9,keyasint,omitempty" json:"rules,omitempty"` // Blocklist: how many it has
}

// Added is a torrent that the box has now.
type Added struct {
	Hash      state.Hash `cbor:"1,keyasint" json:"hash"`
	Name      string     `cbor:"2,keyasint" json:"name"`
	Duplicate bool       `cbor:"3,keyasint,omitempty" json:"duplicate,omitempty"` // it had it before
}

// Space is room on a file system, in bytes.
type Space struct {
	Free  int64 `cbor:"1,keyasint" json:"free"`
	Total int64 `cbor:"2,keyasint" json:"total"` // 0 when the daemon does not say
}

// Progress is how far a command has come.
type Progress struct {
	ID   ID  `cbor:"1,keyasint" json:"id"`
	Done int `cbor:"2,keyasint" json:"done"` // torrents
	Of   int `cbor:"3,keyasint" json:"of"`
}
