package simulator

import (
	"encoding/json"
	"math"
	"slices"

	"offing/tunnel/state"
)

// shown is what a list shows of the torrent, as the agent makes it of the answers
// when its clock is the box's.
func (s *Simulator) shown(t *torrent) state.Torrent {
	v := state.Torrent{
		Hash: t.hash, Name: t.name, Status: t.status, Error: t.err, ErrorText: t.errText,
		Size: t.size, Left: t.left, Metadata: state.Fraction(t.metadata * float64(state.Whole)),
		Downloaded: t.down, Uploaded: t.up, Peers: t.peers, PeersSending: t.sending, PeersGetting: t.getting,
		WebSeeds: t.webSeeds, Added: t.added, Done: t.done, Queue: int32(t.queue), Labels: slices.Clone(t.labels),
		Dir: t.dir, Total: t.total, Private: t.private(), Active: t.active - t.active%60, Options: s.options(t),
		Trackers: slices.Clone(t.trackers()),
	}
	if s.cfg.RPCVersion >= RPC17 {
		v.Files = int32(t.fileCount())
	}
	if t.status == state.Checking {
		v.Checked = state.Fraction(t.checked * float64(state.Whole))
	}
	if t.left > 0 {
		v.Done = 0
	}
	v.Seeded = s.seeded(t) / 60 * 60
	if t.status == state.Seeding {
		v.Seeded = (s.unix() - s.seeded(t) + 30) / 60 * 60
	}
	v.RateDown, v.RateUp = t.rates()
	return v
}

// options are the torrent's settings.
func (s *Simulator) options(t *torrent) state.Options {
	if len(t.set) == 0 {
		return s.untuned
	}
	return s.readOptions(t.set)
}

// readOptions are the settings of which some were set.
func (s *Simulator) readOptions(set map[string]json.RawMessage) state.Options {
	number := func(name string) float64 {
		text, ok := set[name]
		if !ok {
			text = json.RawMessage(settingDefaults[name])
		}
		return decode[float64](text)
	}
	truth := func(name string) bool {
		text, ok := set[name]
		if !ok {
			text = json.RawMessage(settingDefaults[name])
		}
		return decode[bool](text)
	}
	return state.Options{
		DownLimit: int64(number("downloadLimit") * 1000), DownLimited: truth("downloadLimited"),
		UpLimit: int64(number("uploadLimit") * 1000), UpLimited: truth("uploadLimited"),
		Unbound: !truth("honorsSessionLimits"), Priority: int8(number("bandwidthPriority")),
		PeerLimit: int32(number("peer-limit")), RatioMode: state.LimitMode(number("seedRatioMode")),
		RatioLimit: int64(math.Round(number("seedRatioLimit") * 10_000)), IdleMode: state.LimitMode(number("seedIdleMode")),
		IdleLimit:  int32(number("seedIdleLimit")),
		Sequential: s.cfg.RPCVersion >= RPC18 && truth("sequential_download"),
	}
}
