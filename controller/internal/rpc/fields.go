package rpc

import (
	"encoding/hex"
	"math"

	"offing/controller/internal/owners"
	"offing/controller/internal/view"
	"offing/tunnel/state"
)

// row is a torrent on its way into an answer.
type row struct {
	chosen
	t       *state.Torrent
	d       *state.Detail // nil while there is none
	s       *state.Settings
	now     int64 // Unix seconds
	style   style
	numbers bool // "wanted" is of 0 and 1, as before 4.1
}

// field is one of torrent-get.
type field struct {
	word
	put  func(b []byte, r *row) []byte
	need need
	// until is for fields that change by themselves, without the state: when that is, in
	// Unix seconds, or never.
	until func(*row) int64
}

// need says whether a field is better with the torrent's details.
type need uint8

const (
	needNothing need = 0
	// needMild is answered from the torrent alone in a list of all: an app that polls
	// such a list must not have the box tell all details for it.
	needMild   need = 1
	needDetail need = 2
)

// allFields are those of the specification, by their names in snake case.
var allFields = func() map[string]*field {
	m := map[string]*field{}
	for _, list := range [][]field{plainFields, textFields, detailFields, trackerFields} {
		for i := range list {
			m[list[i].word[newStyle]] = &list[i]
		}
	}
	return m
}()

func intField(w word, value func(*state.Torrent) int64) field {
	return field{word: w, put: func(b []byte, r *row) []byte { return appendInt(b, value(r.t)) }}
}

func boolField(w word, value func(*state.Torrent) bool) field {
	return field{word: w, put: func(b []byte, r *row) []byte { return appendBool(b, value(r.t)) }}
}

func floatField(w word, value func(*state.Torrent) float64) field {
	return field{word: w, put: func(b []byte, r *row) []byte { return appendFloat(b, value(r.t)) }}
}

func fixed(w word, value string) field {
	return field{word: w, put: func(b []byte, _ *row) []byte { return append(b, value...) }}
}

// kilo is the daemon's unit of speed limits.
const kilo = 1000

var plainFields = []field{
	{word: camel("id"), put: func(b []byte, r *row) []byte { return appendInt(b, r.id) }},
	{word: camel("hash_string"), put: func(b []byte, r *row) []byte {
		return append(hex.AppendEncode(append(b, '"'), r.hash[:]), '"')
	}},
	intField(camel("activity_date"), func(t *state.Torrent) int64 { return t.Active }),
	intField(camel("added_date"), func(t *state.Torrent) int64 { return t.Added }),
	intField(camel("bandwidth_priority"), func(t *state.Torrent) int64 { return int64(t.Options.Priority) }),
	intField(camel("done_date"), func(t *state.Torrent) int64 { return t.Done }),
	intField(camel("downloaded_ever"), func(t *state.Torrent) int64 { return t.Downloaded }),
	intField(camel("download_limit"), func(t *state.Torrent) int64 { return t.Options.DownLimit / kilo }),
	boolField(camel("download_limited"), func(t *state.Torrent) bool { return t.Options.DownLimited }),
	intField(camel("error"), func(t *state.Torrent) int64 { return int64(t.Error) }),
	intField(camel("eta"), eta),
	intField(kebab("file_count"), func(t *state.Torrent) int64 { return int64(t.Files) }),
	boolField(camel("honors_session_limits"), func(t *state.Torrent) bool { return !t.Options.Unbound }),
	boolField(camel("is_finished"), func(t *state.Torrent) bool { return t.Finished }),
	boolField(camel("is_private"), func(t *state.Torrent) bool { return t.Private }),
	{word: camel("is_stalled"), until: stalledFrom, put: func(b []byte, r *row) []byte { return appendBool(b, stalled(r)) }},
	intField(camel("left_until_done"), func(t *state.Torrent) int64 { return t.Left }),
	intField(camel("max_connected_peers"), func(t *state.Torrent) int64 { return int64(t.Options.PeerLimit) }),
	floatField(camel("metadata_percent_complete"), func(t *state.Torrent) float64 { return part(t.Metadata) }),
	intField(kebab("peer_limit"), func(t *state.Torrent) int64 { return int64(t.Options.PeerLimit) }),
	intField(camel("peers_connected"), func(t *state.Torrent) int64 { return int64(t.Peers) }),
	intField(camel("peers_getting_from_us"), func(t *state.Torrent) int64 { return int64(t.PeersGetting) }),
	intField(camel("peers_sending_to_us"), func(t *state.Torrent) int64 { return int64(t.PeersSending) }),
	floatField(camel("percent_done"), percentDone),
	intField(camel("queue_position"), func(t *state.Torrent) int64 { return int64(t.Queue) }),
	intField(camel("rate_download"), func(t *state.Torrent) int64 { return t.RateDown }),
	intField(camel("rate_upload"), func(t *state.Torrent) int64 { return t.RateUp }),
	floatField(camel("recheck_progress"), func(t *state.Torrent) float64 { return part(t.Checked) }),
	{word: camel("seconds_seeding"), until: everySecond, put: func(b []byte, r *row) []byte { return appendInt(b, r.t.SeedTime(r.now)) }},
	intField(camel("seed_idle_limit"), func(t *state.Torrent) int64 { return int64(t.Options.IdleLimit) }),
	intField(camel("seed_idle_mode"), func(t *state.Torrent) int64 { return int64(t.Options.IdleMode) }),
	floatField(camel("seed_ratio_limit"), func(t *state.Torrent) float64 { return float64(t.Options.RatioLimit) / 10_000 }),
	intField(camel("seed_ratio_mode"), func(t *state.Torrent) int64 { return int64(t.Options.RatioMode) }),
	boolField(word{"sequential_download", "sequential_download"}, func(t *state.Torrent) bool { return t.Options.Sequential }),
	intField(camel("size_when_done"), func(t *state.Torrent) int64 { return t.Size }),
	intField(camel("status"), func(t *state.Torrent) int64 { return int64(t.Status) }),
	intField(camel("total_size"), func(t *state.Torrent) int64 { return t.Total }),
	intField(camel("uploaded_ever"), func(t *state.Torrent) int64 { return t.Uploaded }),
	intField(camel("upload_limit"), func(t *state.Torrent) int64 { return t.Options.UpLimit / kilo }),
	boolField(camel("upload_limited"), func(t *state.Torrent) bool { return t.Options.UpLimited }),
	floatField(camel("upload_ratio"), uploadRatio),
	intField(camel("webseeds_sending_to_us"), func(t *state.Torrent) int64 { return int64(t.WebSeeds) }),

	// What home does not know. docs/RPC.md lists them.
	fixed(camel("edit_date"), "0"),
	fixed(camel("eta_idle"), "-1"),
	fixed(camel("group"), `""`),
	fixed(camel("manual_announce_time"), "-1"),
	fixed(word{"sequential_download_from_piece", "sequential_download_from_piece"}, "0"),
	fixed(camel("start_date"), "0"),
	fixed(camel("torrent_file"), `""`),
	fixed(camel("webseeds"), "[]"),
	fixed(camel("webseeds_ex"), "[]"),
}

var textFields = []field{
	{word: camel("name"), put: func(b []byte, r *row) []byte { return appendString(b, r.t.Name) }},
	{word: camel("labels"), put: func(b []byte, r *row) []byte { return appendStrings(b, r.t.Labels) }},
	{word: camel("error_string"), put: func(b []byte, r *row) []byte { return appendString(b, r.hide(r.t.ErrorText)) }},
	{word: camel("download_dir"), put: func(b []byte, r *row) []byte {
		if r.access < owners.Own { // the names of folders tell how the owner keeps their things
			return append(b, '"', '"')
		}
		return appendString(b, r.t.Dir)
	}},
	{word: camel("magnet_link"), put: appendMagnet},
	{word: kebab("primary_mime_type"), put: func(b []byte, r *row) []byte { return appendString(b, mimeType(r)) }},
}

// hide returns what may be told of a text that trackers, or a torrent's author, wrote.
func (r *row) hide(text string) string {
	if r.secret {
		return text
	}
	return view.TextFor(text, owners.See)
}

func part(f state.Fraction) float64 { return float64(f) / float64(state.Whole) }

// eta is -1 for what has none and -2 for what cannot be said (transmission.h, tr_eta).
func eta(t *state.Torrent) int64 {
	if n := t.ETA(); n >= 0 || t.Status != state.Downloading {
		return n
	}
	return -2
}

func percentDone(t *state.Torrent) float64 {
	if t.Size <= 0 {
		return 0
	}
	return float64(max(t.Size-t.Left, 0)) / float64(t.Size)
}

// uploadRatio is -1 where there is nothing to divide, and -2 where there is nothing to
// divide by (transmission.h, TR_RATIO_NA and TR_RATIO_INF).
func uploadRatio(t *state.Torrent) float64 {
	base := t.Downloaded
	if base <= 0 {
		base = t.Size - t.Left
	}
	switch {
	case base > 0:
		return float64(t.Uploaded) / float64(base)
	case t.Uploaded > 0:
		return -2
	}
	return -1
}

// never is when what is what it is for as long as the state does not change.
const never = math.MaxInt64

// stalled tells whether a torrent has been idle for so long that it does not count in
// its queue.
func stalled(r *row) bool { return r.now >= stallsAt(r) }

// stalledFrom is until when a torrent is not stalled yet.
func stalledFrom(r *row) int64 {
	if stalled(r) {
		return never
	}
	return stallsAt(r)
}

func stallsAt(r *row) int64 {
	running := r.t.Status == state.Downloading || r.t.Status == state.Seeding
	if !running || !r.s.StalledEnabled || r.t.RateDown+r.t.RateUp != 0 {
		return never
	}
	return max(r.t.Active, r.t.Added) + 60*int64(r.s.StalledMinutes)
}

// everySecond is until when the time for which a torrent has seeded is what it is.
func everySecond(r *row) int64 {
	if r.t.Status != state.Seeding {
		return never
	}
	return r.now + 1
}
