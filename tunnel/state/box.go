package state

// DaemonState tells how the agent gets on with the torrent daemon. The values
// go over the line.
type DaemonState uint8

// The values of DaemonState.
const (
	DaemonUnknown      DaemonState = 0 // not asked yet
	DaemonOK           DaemonState = 1
	DaemonUnreachable  DaemonState = 2 // nothing answers, or not in time
	DaemonUnauthorized DaemonState = 3 // the agent's user name or password was refused
	DaemonUnsupported  DaemonState = 4 // it answers, but not in a form that the agent can read
)

var daemonNames = [...]string{"unknown", "ok", "unreachable", "unauthorized", "unsupported"}

// String returns the word used in JSON and on pages.
func (d DaemonState) String() string {
	if int(d) < len(daemonNames) {
		return daemonNames[d]
	}
	return "unknown"
}

// Session is the daemon as a whole. It is comparable.
type Session struct {
	Daemon     DaemonState
	DaemonText string // what is wrong and what to do; empty when DaemonOK
	Version    string // the daemon's own, such as "3.00 (bb6b5a062e)"
	RPCVersion int32  // "rpc-version": 16 is 3.00, 17 is 4.0
	AltSpeed   bool   // the alternative ("turtle") speed limits are in force
}

// Host is the machine that the daemon runs on. It is comparable.
type Host struct {
	DiskTotal int64    // bytes of the file system that holds the downloads
	DiskFree  int64    // bytes of it that an unprivileged process may still write
	MemTotal  int64    // bytes
	MemUsed   int64    // bytes
	CPU       Fraction // of all processors together
	NetDown   int64    // bytes a second over all interfaces but loopback
	NetUp     int64    // bytes a second over all interfaces but loopback
	Uptime    int64    // seconds
}

// Totals are the sums that a page shows on top.
type Totals struct {
	Torrents    int   `json:"torrents"`
	Downloading int   `json:"downloading"` // queued ones included
	Seeding     int   `json:"seeding"`     // queued ones included
	Checking    int   `json:"checking"`    // queued ones included
	Stopped     int   `json:"stopped"`
	Errors      int   `json:"errors"` // of any kind, also counted by status
	Size        int64 `json:"size"`   // bytes wanted
	Left        int64 `json:"left"`   // bytes still to get
	RateDown    int64 `json:"rate_down"`
	RateUp      int64 `json:"rate_up"`
}

// Add counts t.
func (n *Totals) Add(t *Torrent) {
	n.Torrents++
	switch t.Status {
	case Downloading, DownloadQueued:
		n.Downloading++
	case Seeding, SeedQueued:
		n.Seeding++
	case Checking, CheckQueued:
		n.Checking++
	default:
		n.Stopped++
	}
	if t.Error != NoError {
		n.Errors++
	}
	n.Size += t.Size
	n.Left += t.Left
	n.RateDown += t.RateDown
	n.RateUp += t.RateUp
}

// sub takes out what Add counted.
func (n *Totals) sub(t *Torrent) {
	var one Totals
	one.Add(t)
	n.Torrents -= one.Torrents
	n.Downloading -= one.Downloading
	n.Seeding -= one.Seeding
	n.Checking -= one.Checking
	n.Stopped -= one.Stopped
	n.Errors -= one.Errors
	n.Size -= one.Size
	n.Left -= one.Left
	n.RateDown -= one.RateDown
	n.RateUp -= one.RateUp
}
