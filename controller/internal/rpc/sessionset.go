package rpc

import (
	"context"
	"math"
	"reflect"

	"offing/controller/internal/control"
	"offing/tunnel/command"
)

// sessionSet changes how a daemon is set. Scripts, and what is not known, are left out
// without a word, as an older daemon does: apps send all that they know.
func (e *Endpoint) sessionSet(ctx context.Context, who asker, c *call) ([]byte, *problem) {
	box, _, fault := e.box(who)
	if fault != nil {
		return nil, fault
	}
	n := readSettings(c.params)
	if reflect.ValueOf(*n).IsZero() {
		return nil, nil
	}
	what := command.Command{Kind: command.Configure, Settings: n}
	_, fault = e.order(ctx, who, control.Request{Command: what, Box: box})
	return nil, fault
}

func readSettings(p params) *command.NewSettings {
	n := &command.NewSettings{
		DownLimit: p.scaled("speed_limit_down", kilo), DownLimited: p.bool("speed_limit_down_enabled"),
		UpLimit: p.scaled("speed_limit_up", kilo), UpLimited: p.bool("speed_limit_up_enabled"),
		AltSpeed: p.bool("alt_speed_enabled"), AltDown: p.scaled("alt_speed_down", kilo), AltUp: p.scaled("alt_speed_up", kilo),
		AltScheduled: p.bool("alt_speed_time_enabled"), AltBegin: p.int32("alt_speed_time_begin"), AltEnd: p.int32("alt_speed_time_end"),
		RatioLimit: p.scaled("seed_ratio_limit", 10_000), RatioLimited: p.bool("seed_ratio_limited"),
		IdleLimit: p.int32("idle_seeding_limit"), IdleLimited: p.bool("idle_seeding_limit_enabled"),
		DownQueue: p.int32("download_queue_size"), DownQueueEnabled: p.bool("download_queue_enabled"),
		SeedQueue: p.int32("seed_queue_size"), SeedQueueEnabled: p.bool("seed_queue_enabled"),
		StalledMinutes: p.int32("queue_stalled_minutes"), StalledEnabled: p.bool("queue_stalled_enabled"),
		PeerLimit: p.int32("peer_limit_global"), TorrentPeerLimit: p.int32("peer_limit_per_torrent"),
		PeerPort: p.int32("peer_port"), RandomPort: p.bool("peer_port_random_on_start"), PortForwarding: p.bool("port_forwarding_enabled"),
		Encryption: p.text("encryption"), DHT: p.bool("dht_enabled"), PEX: p.bool("pex_enabled"), LPD: p.bool("lpd_enabled"), UTP: p.bool("utp_enabled"),
		DownloadDir: p.text("download_dir"), IncompleteDir: p.text("incomplete_dir"), UseIncomplete: p.bool("incomplete_dir_enabled"),
		StartAdded: p.bool("start_added_torrents"), RenamePartial: p.bool("rename_partial_files"),
		DeleteTorrents: p.bool("trash_original_torrent_files"), CacheMB: p.int32("cache_size_mib"),
		BlocklistURL: p.text("blocklist_url"), BlocklistEnabled: p.bool("blocklist_enabled"),
	}
	if n.Encryption != nil && *n.Encryption == "allowed" { // 4.1's word
		tolerated := "tolerated"
		n.Encryption = &tolerated
	}
	if days := p.int("alt_speed_time_day"); days != nil {
		d := uint8(min(max(*days, 0), math.MaxUint8))
		n.AltDays = &d
	}
	return n
}
