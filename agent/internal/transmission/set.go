package transmission

import (
	"context"
	"math"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// rpc41 is the "rpc-version" of 4.1.0.
const rpc41 = 18

// SequentialFrom is the first "rpc-version" that knows command.Changes.Sequential.
const SequentialFrom = rpc41

// Set makes the changes to the torrents but for those of trackers, see SetTrackers.
// Changes that are none are not sent. See RemoveTorrents for the rest.
func (c *Client) Set(ctx context.Context, hashes []state.Hash, ch *command.Changes) error {
	if len(hashes) == 0 {
		return ErrNoTorrents
	}
	args := changesOf(ch)
	if len(args) == 0 {
		return nil
	}
	return c.tell(ctx, "torrent-set", hashes, args)
}

func changesOf(ch *command.Changes) arguments {
	args := arguments{}
	if ch.Labels != nil {
		args["labels"] = append([]string{}, *ch.Labels...) // never null
	}
	setSpeed(args, "downloadLimit", ch.DownLimit)
	set(args, "downloadLimited", ch.DownLimited)
	setSpeed(args, "uploadLimit", ch.UpLimit)
	set(args, "uploadLimited", ch.UpLimited)
	if ch.Unbound != nil {
		args["honorsSessionLimits"] = !*ch.Unbound
	}
	set(args, "bandwidthPriority", ch.Priority)
	set(args, "peer-limit", ch.PeerLimit)
	set(args, "seedRatioMode", ch.RatioMode)
	ratio(args, "seedRatioLimit", ch.RatioLimit)
	set(args, "seedIdleMode", ch.IdleMode)
	set(args, "seedIdleLimit", ch.IdleLimit)
	set(args, "sequential_download", ch.Sequential)
	set(args, "queuePosition", ch.Queue)
	setFiles(args, ch)
	return args
}

// setFiles says what is wanted of a torrent's files, and how much. An empty list
// would mean all of them to the daemon, so none is sent but for AllFiles.
func setFiles(args arguments, ch *command.Changes) {
	for name, list := range map[string][]int32{
		"files-wanted": ch.Want, "files-unwanted": ch.Skip,
		"priority-low": ch.Low, "priority-normal": ch.Normal, "priority-high": ch.High,
	} {
		if len(list) == 0 {
			continue
		}
		files := append([]int32{}, list...)
		for _, f := range list {
			if f == command.AllFiles {
				files = []int32{}
			}
		}
		args[name] = files
	}
}

// Configure makes the changes to the daemon as a whole. Paths are absolute.
func (c *Client) Configure(ctx context.Context, n *command.NewSettings) error {
	args := settingsOf(n)
	if len(args) == 0 {
		return nil
	}
	return c.ask(ctx, "session-set", args, c.timeout, nil)
}

func settingsOf(n *command.NewSettings) arguments {
	args := arguments{}
	for name, v := range map[string]*int64{
		"speed-limit-down": n.DownLimit, "speed-limit-up": n.UpLimit, "alt-speed-down": n.AltDown, "alt-speed-up": n.AltUp,
	} {
		setSpeed(args, name, v)
	}
	ratio(args, "seedRatioLimit", n.RatioLimit)
	for name, v := range map[string]*bool{
		"speed-limit-down-enabled": n.DownLimited, "speed-limit-up-enabled": n.UpLimited,
		"alt-speed-enabled": n.AltSpeed, "alt-speed-time-enabled": n.AltScheduled,
		"seedRatioLimited": n.RatioLimited, "idle-seeding-limit-enabled": n.IdleLimited,
		"download-queue-enabled": n.DownQueueEnabled, "seed-queue-enabled": n.SeedQueueEnabled,
		"queue-stalled-enabled": n.StalledEnabled, "peer-port-random-on-start": n.RandomPort,
		"port-forwarding-enabled": n.PortForwarding, "dht-enabled": n.DHT, "pex-enabled": n.PEX,
		"lpd-enabled": n.LPD, "utp-enabled": n.UTP, "incomplete-dir-enabled": n.UseIncomplete,
		"start-added-torrents": n.StartAdded, "rename-partial-files": n.RenamePartial,
		"trash-original-torrent-files": n.DeleteTorrents, "blocklist-enabled": n.BlocklistEnabled,
	} {
		set(args, name, v)
	}
	for name, v := range map[string]*int32{
		"alt-speed-time-begin": n.AltBegin, "alt-speed-time-end": n.AltEnd, "idle-seeding-limit": n.IdleLimit,
		"download-queue-size": n.DownQueue, "seed-queue-size": n.SeedQueue, "queue-stalled-minutes": n.StalledMinutes,
		"peer-limit-global": n.PeerLimit, "peer-limit-per-torrent": n.TorrentPeerLimit, "peer-port": n.PeerPort,
		"cache-size-mb": n.CacheMB,
	} {
		set(args, name, v)
	}
	for name, v := range map[string]*string{
		"encryption": n.Encryption, "download-dir": n.DownloadDir, "incomplete-dir": n.IncompleteDir, "blocklist-url": n.BlocklistURL,
	} {
		set(args, name, v)
	}
	set(args, "alt-speed-time-day", n.AltDays)
	return args
}

func set[T any](args arguments, name string, v *T) {
	if v != nil {
		args[name] = *v
	}
}

// setSpeed is in bytes a second and goes out in the daemon's kilobytes, rounded up so
// that little does not become nothing.
func setSpeed(args arguments, name string, v *int64) {
	if v != nil {
		args[name] = *v/1000 + min(*v%1000, 1)
	}
}

// ratio is in ten-thousandths.
func ratio(args arguments, name string, v *int64) {
	if v != nil {
		args[name] = math.Round(float64(*v)) / 10_000
	}
}
