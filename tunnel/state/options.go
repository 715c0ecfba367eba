package state

// LimitMode says whose limit holds for a torrent; the values are those of
// "seedRatioMode" and "seedIdleMode" in Transmission's RPC specification.
type LimitMode uint8

// The values of LimitMode.
const (
	LimitGlobal LimitMode = 0 // the daemon's own
	LimitOwn    LimitMode = 1 // the torrent's
	LimitNone   LimitMode = 2 // none at all
)

// Options is what was set for one torrent. It is comparable. A limit keeps its
// value while it does not hold. The fields stand so that they take little memory.
type Options struct {
	DownLimit   int64 // bytes a second; a multiple of 1000, as the daemon keeps it
	UpLimit     int64 // bytes a second; likewise
	RatioLimit  int64 // ten-thousandths of Ratio at which it stops to seed
	PeerLimit   int32
	IdleLimit   int32 // minutes without a peer after which it stops to seed
	DownLimited bool
	UpLimited   bool
	Unbound     bool // the daemon's own limits of speed do not hold for it: not honorsSessionLimits
	Sequential  bool // pieces come in their order; false where the daemon cannot (before 4.1)
	Priority    int8 // of its traffic: -1 low, 0 normal, 1 high
	RatioMode   LimitMode
	IdleMode    LimitMode
}

// OptionsNumbers is how many numbers Options.Numbers returns.
const OptionsNumbers = 12

// Numbers returns the fields of o in the protocol's order, a truth as 0 or 1.
func (o *Options) Numbers() [OptionsNumbers]int64 {
	return [...]int64{
		o.DownLimit, truth(o.DownLimited), o.UpLimit, truth(o.UpLimited), truth(o.Unbound), int64(o.Priority), int64(o.PeerLimit),
		int64(o.RatioMode), o.RatioLimit, int64(o.IdleMode), int64(o.IdleLimit), truth(o.Sequential),
	}
}

// OptionsOf is the reverse of Options.Numbers. It returns false when a number is
// beyond what its field may have.
func OptionsOf(n [OptionsNumbers]int64) (Options, bool) {
	o := Options{
		DownLimit: n[0], DownLimited: n[1] != 0, UpLimit: n[2], UpLimited: n[3] != 0, Unbound: n[4] != 0, Priority: int8(n[5]),
		PeerLimit: int32(n[6]), RatioMode: LimitMode(n[7]), RatioLimit: n[8], IdleMode: LimitMode(n[9]), IdleLimit: int32(n[10]),
		Sequential: n[11] != 0,
	}
	return o, o.Numbers() == n && o == o.clean()
}

// clean brings o within the limits: no negative figures, a Priority from -1 to 1,
// modes that there are.
func (o Options) clean() Options {
	for _, n := range []*int64{&o.DownLimit, &o.UpLimit, &o.RatioLimit} {
		*n = max(*n, 0)
	}
	o.PeerLimit, o.IdleLimit = max(o.PeerLimit, 0), max(o.IdleLimit, 0)
	o.Priority = min(max(o.Priority, -1), 1)
	o.RatioMode, o.IdleMode = o.RatioMode.clean(), o.IdleMode.clean()
	return o
}

// clean returns LimitGlobal for a mode that there is not.
func (m LimitMode) clean() LimitMode {
	if m > LimitNone {
		return LimitGlobal
	}
	return m
}

// Settings is what was set for the daemon as a whole. It is comparable. The times
// of day are minutes after midnight in the box's zone; AltDays has a bit for each
// day of the week, Sunday the lowest. See "session-get" in Transmission's RPC
// specification for what each of them does.
type Settings struct {
	DownLimit   int64 // bytes a second; a multiple of 1000
	DownLimited bool
	UpLimit     int64
	UpLimited   bool

	AltDown      int64 // bytes a second, while the alternative limits are in force (Session.AltSpeed)
	AltUp        int64
	AltScheduled bool
	AltBegin     int32
	AltEnd       int32
	AltDays      uint8

	RatioLimit   int64 // ten-thousandths
	RatioLimited bool
	IdleLimit    int32 // minutes
	IdleLimited  bool

	DownQueue        int32
	DownQueueEnabled bool
	SeedQueue        int32
	SeedQueueEnabled bool
	StalledMinutes   int32 // a torrent that has been idle so long does not count in a queue
	StalledEnabled   bool

	PeerLimit        int32 // of all torrents together
	TorrentPeerLimit int32 // of a new torrent
	PeerPort         int32
	RandomPort       bool
	PortForwarding   bool
	Encryption       string // "required", "preferred" or "tolerated"
	DHT              bool
	PEX              bool
	LPD              bool
	UTP              bool

	DownloadDir    string // where new torrents go, on the box
	IncompleteDir  string
	UseIncomplete  bool
	StartAdded     bool
	RenamePartial  bool // names of files that are not whole end in ".part"
	DeleteTorrents bool // a .torrent file that was added from the box's disk is removed
	CacheMB        int32

	BlocklistURL     string
	BlocklistEnabled bool
	BlocklistSize    int32 // rules; the daemon's own count
}
