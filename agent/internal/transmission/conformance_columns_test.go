package transmission

import (
	"slices"
	"sync/atomic"
	"time"

	"offing/tunnel/state"
)

// defaults are the options of a torrent of which nobody has set any.
var defaults = state.Options{DownLimit: 100_000, UpLimit: 100_000, PeerLimit: 50, RatioLimit: 20_000, IdleLimit: 30}

// testOptions: each option comes back as it was set, in our units.
func testOptions(b *bench) {
	h := b.add(newTorrent("limited"), true)
	want := defaults
	for _, set := range []struct {
		name   string
		value  any
		change func(*state.Options)
	}{
		{"downloadLimit", 70, func(o *state.Options) { o.DownLimit = 70_000 }},
		{"downloadLimited", true, func(o *state.Options) { o.DownLimited = true }},
		{"uploadLimit", 0, func(o *state.Options) { o.UpLimit = 0 }},
		{"uploadLimited", true, func(o *state.Options) { o.UpLimited = true }},
		{"honorsSessionLimits", false, func(o *state.Options) { o.Unbound = true }},
		{"bandwidthPriority", -1, func(o *state.Options) { o.Priority = -1 }},
		{"peer-limit", 7, func(o *state.Options) { o.PeerLimit = 7 }},
		{"seedRatioMode", 1, func(o *state.Options) { o.RatioMode = state.LimitOwn }},
		{"seedRatioLimit", 1.25, func(o *state.Options) { o.RatioLimit = 12_500 }},
		{"seedIdleMode", 2, func(o *state.Options) { o.IdleMode = state.LimitNone }},
		{"seedIdleLimit", 90, func(o *state.Options) { o.IdleLimit = 90 }},
		{"sequential_download", true, func(o *state.Options) { o.Sequential = b.rpc >= 18 }},
	} {
		b.call("torrent-set", ids(h, set.name, set.value))
		set.change(&want)
		if got := b.row(h).Torrent.Options; got != want {
			b.Errorf("after %s: %+v, want %+v", set.name, got, want)
		}
	}
}

// testTrackers: the announce URLs are those of the torrent in their order, whichever
// of the daemon's two forms is asked for.
func testTrackers(b *bench) {
	urls := []string{"http://127.0.0.1:1/a%22b/announce?key=%C3%BC&x=y", "http://127.0.0.1:1/announce", "udp://127.0.0.1:2"}
	h := b.add(newTorrent("announced", urls[0]), true)
	bare := b.add(newTorrent("alone"), true)
	for _, u := range urls[1:] {
		b.call("torrent-set", ids(h, "trackerAdd", []string{u}))
	}
	before := b.row(h).Torrent.Trackers
	if !slices.Equal(before, urls) {
		b.Errorf("as objects %q, want %q", before, urls)
	}
	if _, err := b.client.Session(b.Context()); err != nil { // which tells the client what the daemon can
		b.Fatal(err)
	}
	if got := b.row(h).Torrent.Trackers; !slices.Equal(got, urls) {
		b.Errorf("as a list %q, want %q", got, urls)
	}
	if got := b.row(bare).Torrent.Trackers; got != nil {
		b.Errorf("of a torrent without: %q", got)
	}
}

// testTimes: a torrent that seeds counts the seconds, and one that has seeded enough
// is finished.
func testTimes(b *bench) {
	began := time.Now()
	h := b.place("times", false)
	b.eventually("it has been a seed for a second", func() bool { return b.row(h).Torrent.Seeded >= 1 })
	if t := b.row(h).Torrent; t.Seeded > int64(time.Since(began).Seconds())+60 || t.Finished || t.Private {
		b.Errorf("%+v", t)
	}
	var refuses atomic.Bool
	if t := b.row(b.add(newTorrent("with a tracker", trackerFor(b.T, &refuses)), false)).Torrent; t.Seeded != 0 {
		b.Errorf("%+v", t)
	}
}

// testSettings: each setting comes back as it was set, in our units.
func testSettings(b *bench) {
	settings := func() state.Settings {
		s, err := b.client.Session(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		return s.Settings
	}
	want := settings()
	if want.DownloadDir != b.DownloadDir() || want.DownLimit != 100_000 || want.AltDays != 127 || want.AltBegin != 540 ||
		want.RatioLimit != 20_000 || want.Encryption != "preferred" || want.PeerLimit != 200 || !want.Valid() {
		b.Errorf("at first %+v", want)
	}
	dir := b.TempDir()
	const port = 51234
	for _, set := range []struct {
		name   string
		value  any
		change func(*state.Settings)
	}{
		{"speed-limit-down", 12, func(s *state.Settings) { s.DownLimit = 12_000 }},
		{"speed-limit-down-enabled", true, func(s *state.Settings) { s.DownLimited = true }},
		{"speed-limit-up", 0, func(s *state.Settings) { s.UpLimit = 0 }},
		{"speed-limit-up-enabled", true, func(s *state.Settings) { s.UpLimited = true }},
		{"alt-speed-down", 5, func(s *state.Settings) { s.AltDown = 5000 }},
		{"alt-speed-up", 6, func(s *state.Settings) { s.AltUp = 6000 }},
		{"alt-speed-time-begin", 60, func(s *state.Settings) { s.AltBegin = 60 }},
		{"alt-speed-time-end", 1439, func(s *state.Settings) { s.AltEnd = 1439 }},
		{"alt-speed-time-day", 65, func(s *state.Settings) { s.AltDays = 65 }},
		{"alt-speed-time-enabled", true, func(s *state.Settings) { s.AltScheduled = true }},
		{"seedRatioLimit", 1.5, func(s *state.Settings) { s.RatioLimit = 15_000 }},
		{"seedRatioLimited", true, func(s *state.Settings) { s.RatioLimited = true }},
		{"idle-seeding-limit", 31, func(s *state.Settings) { s.IdleLimit = 31 }},
		{"idle-seeding-limit-enabled", true, func(s *state.Settings) { s.IdleLimited = true }},
		{"download-queue-size", 8, func(s *state.Settings) { s.DownQueue = 8 }},
		{"download-queue-enabled", !want.DownQueueEnabled, func(s *state.Settings) { s.DownQueueEnabled = !s.DownQueueEnabled }},
		{"seed-queue-size", 9, func(s *state.Settings) { s.SeedQueue = 9 }},
		{"seed-queue-enabled", true, func(s *state.Settings) { s.SeedQueueEnabled = true }},
		{"queue-stalled-minutes", 11, func(s *state.Settings) { s.StalledMinutes = 11 }},
		{"queue-stalled-enabled", false, func(s *state.Settings) { s.StalledEnabled = false }},
		{"peer-limit-global", 99, func(s *state.Settings) { s.PeerLimit = 99 }},
		{"peer-limit-per-torrent", 33, func(s *state.Settings) { s.TorrentPeerLimit = 33 }},
		{"peer-port", port, func(s *state.Settings) { s.PeerPort = port }},
		{"peer-port-random-on-start", true, func(s *state.Settings) { s.RandomPort = true }},
		{"encryption", "required", func(s *state.Settings) { s.Encryption = "required" }},
		{"encryption", "tolerated", func(s *state.Settings) { s.Encryption = "tolerated" }},
		{"pex-enabled", true, func(s *state.Settings) { s.PEX = true }},
		{"download-dir", dir, func(s *state.Settings) { s.DownloadDir = dir }},
		{"incomplete-dir", dir, func(s *state.Settings) { s.IncompleteDir = dir }},
		{"incomplete-dir-enabled", true, func(s *state.Settings) { s.UseIncomplete = true }},
		{"start-added-torrents", !want.StartAdded, func(s *state.Settings) { s.StartAdded = !s.StartAdded }},
		{"rename-partial-files", false, func(s *state.Settings) { s.RenamePartial = false }},
		{"trash-original-torrent-files", true, func(s *state.Settings) { s.DeleteTorrents = true }},
		{"cache-size-mb", 9, func(s *state.Settings) { s.CacheMB = 9 }},
		{"blocklist-url", "http://127.0.0.1:1/list", func(s *state.Settings) { s.BlocklistURL = "http://127.0.0.1:1/list" }},
		{"blocklist-enabled", true, func(s *state.Settings) { s.BlocklistEnabled = true }},
	} {
		b.call("session-set", map[string]any{set.name: set.value})
		set.change(&want)
		if got := settings(); got != want {
			b.Errorf("after %s: %+v, want %+v", set.name, got, want)
			want = got
		}
	}
}
