package rpc

import (
	"context"

	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/tunnel/state"
)

// What the endpoint says that it is. Apps look for a version that begins with three
// numbers; those that go by rpc-version are of 4.0's dialect, those that go by the newer
// one's name and form are of 4.1's.
const (
	versionText = "4.0.6 (offing)"
	versionOld  = 17
	versionNew  = 18
	versionMin  = 14
	semverOld   = "5.3.0"
	semverNew   = "6.0.0"
)

// setting is a member of session-get.
type setting struct {
	word
	put func(o *object, w word, s *session)
}

// session is what there is to be told.
type session struct {
	state.Settings
	who  asker
	alt  bool
	free int64
	call *call
}

// allSettings are those of the specification that are told, by their names in snake case.
var allSettings = func() map[string]*setting {
	m := make(map[string]*setting, len(settings))
	for i := range settings {
		m[settings[i].word[newStyle]] = &settings[i]
	}
	return m
}()

func intSetting(name string, value func(*session) int64) setting {
	return setting{kebab(name), func(o *object, w word, s *session) { o.int(w, value(s)) }}
}

func boolSetting(name string, value func(*session) bool) setting {
	return setting{kebab(name), func(o *object, w word, s *session) { o.bool(w, value(s)) }}
}

func textSetting(name string, value func(*session) string) setting {
	return setting{kebab(name), func(o *object, w word, s *session) { o.text(w, value(s)) }}
}

var settings = []setting{
	intSetting("alt_speed_down", func(s *session) int64 { return s.AltDown / kilo }),
	boolSetting("alt_speed_enabled", func(s *session) bool { return s.alt }),
	intSetting("alt_speed_time_begin", func(s *session) int64 { return int64(s.AltBegin) }),
	intSetting("alt_speed_time_day", func(s *session) int64 { return int64(s.AltDays) }),
	boolSetting("alt_speed_time_enabled", func(s *session) bool { return s.AltScheduled }),
	intSetting("alt_speed_time_end", func(s *session) int64 { return int64(s.AltEnd) }),
	intSetting("alt_speed_up", func(s *session) int64 { return s.AltUp / kilo }),
	boolSetting("blocklist_enabled", func(s *session) bool { return s.BlocklistEnabled }),
	intSetting("blocklist_size", func(s *session) int64 { return int64(s.BlocklistSize) }),
	textSetting("blocklist_url", func(s *session) string {
		if !s.who.admin() || !s.who.May(account.ScopeAdmin) { // lists for subscribers have a secret in it
			return ""
		}
		return s.BlocklistURL
	}),
	{word{"cache-size-mb", "cache_size_mib"}, func(o *object, w word, s *session) { o.int(w, int64(s.CacheMB)) }},
	// An app must not need it, and some do.
	textSetting("config_dir", func(*session) string { return "/offing" }),
	textSetting("default_trackers", func(*session) string { return "" }),
	boolSetting("dht_enabled", func(s *session) bool { return s.DHT }),
	textSetting("download_dir", func(s *session) string { return s.DownloadDir }),
	intSetting("download_dir_free_space", func(s *session) int64 { return s.free }),
	boolSetting("download_queue_enabled", func(s *session) bool { return s.DownQueueEnabled }),
	intSetting("download_queue_size", func(s *session) int64 { return int64(s.DownQueue) }),
	textSetting("encryption", func(s *session) string {
		if s.call.jsonrpc && s.Encryption == "tolerated" {
			return "allowed"
		}
		return s.Encryption
	}),
	intSetting("idle_seeding_limit", func(s *session) int64 { return int64(s.IdleLimit) }),
	boolSetting("idle_seeding_limit_enabled", func(s *session) bool { return s.IdleLimited }),
	textSetting("incomplete_dir", func(s *session) string { return s.IncompleteDir }),
	boolSetting("incomplete_dir_enabled", func(s *session) bool { return s.UseIncomplete }),
	boolSetting("lpd_enabled", func(s *session) bool { return s.LPD }),
	intSetting("peer_limit_global", func(s *session) int64 { return int64(s.PeerLimit) }),
	intSetting("peer_limit_per_torrent", func(s *session) int64 { return int64(s.TorrentPeerLimit) }),
	intSetting("peer_port", func(s *session) int64 { return int64(s.PeerPort) }),
	boolSetting("peer_port_random_on_start", func(s *session) bool { return s.RandomPort }),
	boolSetting("pex_enabled", func(s *session) bool { return s.PEX }),
	boolSetting("port_forwarding_enabled", func(s *session) bool { return s.PortForwarding }),
	{kebab("preferred_transports"), func(o *object, w word, s *session) {
		o.key(w)
		if s.UTP {
			o.b = append(o.b, `["utp","tcp"]`...)
		} else {
			o.b = append(o.b, `["tcp"]`...)
		}
	}},
	boolSetting("queue_stalled_enabled", func(s *session) bool { return s.StalledEnabled }),
	intSetting("queue_stalled_minutes", func(s *session) int64 { return int64(s.StalledMinutes) }),
	boolSetting("rename_partial_files", func(s *session) bool { return s.RenamePartial }),
	intSetting("rpc_version", func(s *session) int64 {
		if s.call.jsonrpc {
			return versionNew
		}
		return versionOld
	}),
	intSetting("rpc_version_minimum", func(*session) int64 { return versionMin }),
	textSetting("rpc_version_semver", func(s *session) string {
		if s.call.jsonrpc {
			return semverNew
		}
		return semverOld
	}),
	boolSetting("seed_queue_enabled", func(s *session) bool { return s.SeedQueueEnabled }),
	intSetting("seed_queue_size", func(s *session) int64 { return int64(s.SeedQueue) }),
	{camel("seed_ratio_limit"), func(o *object, w word, s *session) { o.float(w, float64(s.RatioLimit)/10_000) }},
	{camel("seed_ratio_limited"), func(o *object, w word, s *session) { o.bool(w, s.RatioLimited) }},
	textSetting("session_id", func(s *session) string { return s.who.session }),
	intSetting("speed_limit_down", func(s *session) int64 { return s.DownLimit / kilo }),
	boolSetting("speed_limit_down_enabled", func(s *session) bool { return s.DownLimited }),
	intSetting("speed_limit_up", func(s *session) int64 { return s.UpLimit / kilo }),
	boolSetting("speed_limit_up_enabled", func(s *session) bool { return s.UpLimited }),
	boolSetting("start_added_torrents", func(s *session) bool { return s.StartAdded }),
	boolSetting("tcp_enabled", func(*session) bool { return true }),
	boolSetting("trash_original_torrent_files", func(s *session) bool { return s.DeleteTorrents }),
	{kebab("units"), func(o *object, w word, _ *session) { o.key(w); o.b = appendUnits(o.b, o.style) }},
	boolSetting("utp_enabled", func(s *session) bool { return s.UTP }),
	textSetting("version", func(*session) string { return versionText }),
}

// appendUnits appends how figures are to be written.
func appendUnits(b []byte, s style) []byte {
	o := object{b: append(b, '{'), style: s}
	for _, u := range []struct {
		name  string
		bytes int64
		units []string
	}{
		{"memory", 1024, []string{"KiB", "MiB", "GiB", "TiB"}},
		{"size", 1000, []string{"kB", "MB", "GB", "TB"}},
		{"speed", 1000, []string{"kB/s", "MB/s", "GB/s", "TB/s"}},
	} {
		o.int(kebab(u.name+"_bytes"), u.bytes)
		o.key(kebab(u.name + "_units"))
		units := u.units
		if s == newStyle {
			units = append([]string{map[string]string{"speed": "B/s"}[u.name]}, units...)
			if units[0] == "" {
				units[0] = "B"
			}
		}
		o.b = appendStrings(o.b, units)
	}
	return append(o.b, '}')
}

// sessionGet tells how a daemon is set: of several boxes, the first that is known.
func (e *Endpoint) sessionGet(_ context.Context, who asker, c *call) ([]byte, *problem) {
	s := session{who: who, call: c}
	boxes := e.boxesOf(who)
	if who.box != "" && len(boxes) == 0 {
		return nil, &problem{codeSystem, "there is no such box"}
	}
	if b, ok := firstFresh(boxes); ok {
		s.Settings, s.alt, s.free = b.State.Settings(), b.State.Session().AltSpeed, b.State.Host().DiskFree
	}
	o := object{b: []byte{'{'}, style: c.style}
	if names, ok := texts(c.params["fields"]); ok && len(names) <= maxFields {
		seen := map[string]bool{}
		for _, name := range names {
			if one := allSettings[snake(name)]; one != nil && !seen[name] {
				seen[name] = true
				one.put(&o, word{name, name}, &s)
			}
		}
		return append(o.b, '}'), nil
	}
	for i := range settings {
		settings[i].put(&o, settings[i].word, &s)
	}
	return append(o.b, '}'), nil
}

func firstFresh(boxes []fleet.Box) (fleet.Box, bool) {
	for _, b := range boxes {
		if !b.State.Fresh().IsZero() {
			return b, true
		}
	}
	return fleet.Box{}, false
}
