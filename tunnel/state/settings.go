package state

import "math"

// Numbers returns what of v is a number or a truth (0 or 1), in an order that is
// that of the protocol: new ones come last. SetNumbers is its reverse.
func (v *Settings) Numbers() [SettingsNumbers]int64 {
	var n [SettingsNumbers]int64
	i := 0
	put := func(x int64) { n[i], i = x, i+1 }
	for _, x := range v.wide() {
		put(*x)
	}
	for _, x := range v.narrow() {
		put(int64(*x))
	}
	put(int64(v.AltDays))
	for _, x := range v.truths() {
		put(truth(*x))
	}
	return n
}

// SetNumbers takes the numbers of Numbers. It returns false, and leaves v in any
// state, when one does not fit its field.
func (v *Settings) SetNumbers(n [SettingsNumbers]int64) bool {
	i, ok := 0, true
	take := func(most int64) int64 {
		x := n[i]
		i, ok = i+1, ok && x >= 0 && x <= most
		return x
	}
	for _, x := range v.wide() {
		*x = take(math.MaxInt64)
	}
	for _, x := range v.narrow() {
		*x = int32(take(math.MaxInt32))
	}
	v.AltDays = uint8(take(allDays))
	for _, x := range v.truths() {
		*x = take(1) == 1
	}
	return ok
}

// SettingsNumbers is how many numbers Settings.Numbers returns, SettingsTexts how
// many texts Settings.Texts does.
const (
	SettingsNumbers = 36
	SettingsTexts   = 4
)

// allDays has the bits of all days of Settings.AltDays.
const allDays = 1<<7 - 1

// Texts returns where the texts of v are, in the protocol's order, and how many
// bytes each may have.
func (v *Settings) Texts() (texts [SettingsTexts]*string, most [SettingsTexts]int) {
	return [...]*string{&v.Encryption, &v.DownloadDir, &v.IncompleteDir, &v.BlocklistURL},
		[...]int{MaxText, MaxName, MaxName, MaxURL}
}

func (v *Settings) wide() []*int64 {
	return []*int64{&v.DownLimit, &v.UpLimit, &v.AltDown, &v.AltUp, &v.RatioLimit}
}

func (v *Settings) narrow() []*int32 {
	return []*int32{
		&v.AltBegin, &v.AltEnd, &v.IdleLimit, &v.DownQueue, &v.SeedQueue, &v.StalledMinutes, &v.PeerLimit,
		&v.TorrentPeerLimit, &v.PeerPort, &v.CacheMB, &v.BlocklistSize,
	}
}

func (v *Settings) truths() []*bool {
	return []*bool{
		&v.DownLimited, &v.UpLimited, &v.AltScheduled, &v.RatioLimited, &v.IdleLimited, &v.DownQueueEnabled,
		&v.SeedQueueEnabled, &v.StalledEnabled, &v.RandomPort, &v.PortForwarding, &v.DHT, &v.PEX, &v.LPD, &v.UTP,
		&v.UseIncomplete, &v.StartAdded, &v.RenamePartial, &v.DeleteTorrents, &v.BlocklistEnabled,
	}
}

// Valid tells whether v is within the limits.
func (v Settings) Valid() bool { return v == v.clean() }

func (v Settings) clean() Settings {
	for _, n := range v.wide() {
		*n = max(*n, 0)
	}
	for _, n := range v.narrow() {
		*n = max(*n, 0)
	}
	v.AltDays &= allDays
	texts, most := v.Texts()
	for i, s := range texts {
		*s = cleanText(*s, most[i])
	}
	return v
}

// checksum begins with 4, the kind of value.
func (v Settings) checksum() uint64 {
	c := checksum(4)
	for _, n := range v.Numbers() {
		c = c.word(uint64(n))
	}
	texts, _ := v.Texts()
	for _, s := range texts {
		c = c.bytes(*s)
	}
	return uint64(c)
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
