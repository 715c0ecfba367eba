package transmission

import "offing/tunnel/state"

// setting stores one member of the answer to session-get.
type setting func(*state.Settings, value) error

// settings are the members that state.Settings is made of, by their names in the
// old form of the RPC, which every version reads.
var settings = map[string]setting{
	"speed-limit-down":         speedOf(func(s *state.Settings) *int64 { return &s.DownLimit }),
	"speed-limit-down-enabled": flag(func(s *state.Settings) *bool { return &s.DownLimited }),
	"speed-limit-up":           speedOf(func(s *state.Settings) *int64 { return &s.UpLimit }),
	"speed-limit-up-enabled":   flag(func(s *state.Settings) *bool { return &s.UpLimited }),

	"alt-speed-down":         speedOf(func(s *state.Settings) *int64 { return &s.AltDown }),
	"alt-speed-up":           speedOf(func(s *state.Settings) *int64 { return &s.AltUp }),
	"alt-speed-time-enabled": flag(func(s *state.Settings) *bool { return &s.AltScheduled }),
	"alt-speed-time-begin":   number(func(s *state.Settings) *int32 { return &s.AltBegin }),
	"alt-speed-time-end":     number(func(s *state.Settings) *int32 { return &s.AltEnd }),
	"alt-speed-time-day":     days,

	"seedRatioLimit":             func(s *state.Settings, v value) error { return v.scaled(&s.RatioLimit, 10_000) },
	"seedRatioLimited":           flag(func(s *state.Settings) *bool { return &s.RatioLimited }),
	"idle-seeding-limit":         number(func(s *state.Settings) *int32 { return &s.IdleLimit }),
	"idle-seeding-limit-enabled": flag(func(s *state.Settings) *bool { return &s.IdleLimited }),

	"download-queue-size":    number(func(s *state.Settings) *int32 { return &s.DownQueue }),
	"download-queue-enabled": flag(func(s *state.Settings) *bool { return &s.DownQueueEnabled }),
	"seed-queue-size":        number(func(s *state.Settings) *int32 { return &s.SeedQueue }),
	"seed-queue-enabled":     flag(func(s *state.Settings) *bool { return &s.SeedQueueEnabled }),
	"queue-stalled-minutes":  number(func(s *state.Settings) *int32 { return &s.StalledMinutes }),
	"queue-stalled-enabled":  flag(func(s *state.Settings) *bool { return &s.StalledEnabled }),

	"peer-limit-global":         number(func(s *state.Settings) *int32 { return &s.PeerLimit }),
	"peer-limit-per-torrent":    number(func(s *state.Settings) *int32 { return &s.TorrentPeerLimit }),
	"peer-port":                 number(func(s *state.Settings) *int32 { return &s.PeerPort }),
	"peer-port-random-on-start": flag(func(s *state.Settings) *bool { return &s.RandomPort }),
	"port-forwarding-enabled":   flag(func(s *state.Settings) *bool { return &s.PortForwarding }),
	"encryption":                encryption,
	"dht-enabled":               flag(func(s *state.Settings) *bool { return &s.DHT }),
	"pex-enabled":               flag(func(s *state.Settings) *bool { return &s.PEX }),
	"lpd-enabled":               flag(func(s *state.Settings) *bool { return &s.LPD }),
	"utp-enabled":               flag(func(s *state.Settings) *bool { return &s.UTP }),

	"download-dir":                 words(func(s *state.Settings) *string { return &s.DownloadDir }),
	"incomplete-dir":               words(func(s *state.Settings) *string { return &s.IncompleteDir }),
	"incomplete-dir-enabled":       flag(func(s *state.Settings) *bool { return &s.UseIncomplete }),
	"start-added-torrents":         flag(func(s *state.Settings) *bool { return &s.StartAdded }),
	"rename-partial-files":         flag(func(s *state.Settings) *bool { return &s.RenamePartial }),
	"trash-original-torrent-files": flag(func(s *state.Settings) *bool { return &s.DeleteTorrents }),
	"cache-size-mb":                number(func(s *state.Settings) *int32 { return &s.CacheMB }),

	"blocklist-url":     words(func(s *state.Settings) *string { return &s.BlocklistURL }),
	"blocklist-enabled": flag(func(s *state.Settings) *bool { return &s.BlocklistEnabled }),
	"blocklist-size":    number(func(s *state.Settings) *int32 { return &s.BlocklistSize }),
}

// speedOf stores a limit of speed, which the daemon has in kB/s of 1000 bytes; 4.1
// writes it as 100.0.
func speedOf(pick func(*state.Settings) *int64) setting {
	return func(s *state.Settings, v value) error { return v.scaled(pick(s), 1000) }
}

func number(pick func(*state.Settings) *int32) setting {
	return func(s *state.Settings, v value) error { return v.count(pick(s)) }
}

func flag(pick func(*state.Settings) *bool) setting {
	return func(s *state.Settings, v value) error { return v.boolean(pick(s)) }
}

func words(pick func(*state.Settings) *string) setting {
	return func(s *state.Settings, v value) error { return v.text(pick(s), "") }
}

func days(s *state.Settings, v value) error {
	var n int64
	err := v.integer(&n)
	s.AltDays = uint8(n & 0x7f)
	return err
}

// encryption stores a word; that of 4.1 for "tolerated" may be "allowed".
func encryption(s *state.Settings, v value) error {
	err := v.text(&s.Encryption, "preferred")
	if s.Encryption == "allowed" {
		s.Encryption = "tolerated"
	}
	return err
}
