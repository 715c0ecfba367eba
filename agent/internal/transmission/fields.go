package transmission

import (
	"fmt"
	"math"
	"slices"

	"offing/tunnel/state"
)

// movingFields are the columns that change while a torrent is active, and the
// id. All of them are short numbers.
var movingFields = []string{
	"id", "status", "error", "sizeWhenDone", "leftUntilDone", "metadataPercentComplete", "recheckProgress",
	"rateDownload", "rateUpload", "downloadedEver", "uploadedEver",
	"peersConnected", "peersSendingToUs", "peersGettingFromUs", "webseedsSendingToUs",
	"doneDate", "queuePosition",
}

// listFields are the columns of everything that state.Torrent has but for the
// trackers, and the id. It comes first: only after it the decoder knows which
// torrent a row is. 3.00 answers 0 for file-count and sequential_download.
var listFields = append(append([]string{"id", "hashString", "name", "errorString", "addedDate", "labels"}, movingFields[1:]...),
	"downloadDir", "totalSize", "file-count", "isPrivate", "isFinished", "activityDate", "secondsSeeding",
	"downloadLimit", "downloadLimited", "uploadLimit", "uploadLimited", "honorsSessionLimits", "bandwidthPriority", "peer-limit",
	"seedRatioMode", "seedRatioLimit", "seedIdleMode", "seedIdleLimit", "sequential_download",
)

// wholeFields are listFields and the trackers: as a list of URLs from a daemon that
// has it (RPC 17, which is 4.0), for it is a third of what the objects are.
func wholeFields(rpcVersion int32) []string {
	if rpcVersion >= trackerListSince {
		return append(slices.Clip(listFields), "trackerList")
	}
	return append(slices.Clip(listFields), "trackers")
}

// trackerListSince is the RPC version that brought "trackerList".
const trackerListSince = 17

// MovingFields are the fields that the rows of a Moving query hold. Error is
// there as well, but not what explains it.
const MovingFields = state.AllFields &^ (state.FieldName | state.FieldError | state.FieldAdded | state.FieldLabels |
	state.FieldDir | state.FieldTotal | state.FieldFiles | state.FieldPrivate | state.FieldFinished | state.FieldActive |
	state.FieldSeeded | state.FieldOptions | state.FieldTrackers)

// column stores one cell of the table in a row.
type column func(r *Row, v value, known *before) error

// columns is how to store the columns that have a place in Row.
var columns = map[string]column{
	"id": func(r *Row, v value, _ *before) error { return v.integer(&r.ID) },
	"hashString": func(r *Row, v value, _ *before) error {
		return v.hash(&r.Torrent.Hash)
	},
	"name": func(r *Row, v value, known *before) error {
		return v.text(&r.Torrent.Name, known.Name)
	},
	"errorString": func(r *Row, v value, known *before) error {
		return v.text(&r.Torrent.ErrorText, known.ErrorText)
	},
	"labels": func(r *Row, v value, known *before) error {
		return v.texts(&r.Torrent.Labels, known.Labels)
	},
	"status": func(r *Row, v value, _ *before) error { return small(v, &r.Torrent.Status) },
	"error":  func(r *Row, v value, _ *before) error { return small(v, &r.Torrent.Error) },
	"metadataPercentComplete": func(r *Row, v value, _ *before) error {
		return v.fraction(&r.Torrent.Metadata)
	},
	"recheckProgress": func(r *Row, v value, _ *before) error {
		return v.fraction(&r.Torrent.Checked)
	},
	"sizeWhenDone":   integer(func(t *state.Torrent) *int64 { return &t.Size }),
	"leftUntilDone":  integer(func(t *state.Torrent) *int64 { return &t.Left }),
	"rateDownload":   integer(func(t *state.Torrent) *int64 { return &t.RateDown }),
	"rateUpload":     integer(func(t *state.Torrent) *int64 { return &t.RateUp }),
	"downloadedEver": integer(func(t *state.Torrent) *int64 { return &t.Downloaded }),
	"uploadedEver":   integer(func(t *state.Torrent) *int64 { return &t.Uploaded }),
	"addedDate":      integer(func(t *state.Torrent) *int64 { return &t.Added }),
	"doneDate":       integer(func(t *state.Torrent) *int64 { return &t.Done }),

	"peersConnected":      count(func(t *state.Torrent) *int32 { return &t.Peers }),
	"peersSendingToUs":    count(func(t *state.Torrent) *int32 { return &t.PeersSending }),
	"peersGettingFromUs":  count(func(t *state.Torrent) *int32 { return &t.PeersGetting }),
	"webseedsSendingToUs": count(func(t *state.Torrent) *int32 { return &t.WebSeeds }),
	"queuePosition":       count(func(t *state.Torrent) *int32 { return &t.Queue }),

	"downloadDir": func(r *Row, v value, known *before) error {
		return known.text(&r.Torrent.Dir, v, known.Dir)
	},
	"totalSize":      integer(func(t *state.Torrent) *int64 { return &t.Total }),
	"file-count":     count(func(t *state.Torrent) *int32 { return &t.Files }),
	"isPrivate":      truth(func(t *state.Torrent) *bool { return &t.Private }),
	"isFinished":     truth(func(t *state.Torrent) *bool { return &t.Finished }),
	"activityDate":   integer(func(t *state.Torrent) *int64 { return &t.Active }),
	"secondsSeeding": integer(func(t *state.Torrent) *int64 { return &t.Seeded }),
	"trackers":       func(r *Row, v value, known *before) error { return known.trackers(&r.Torrent.Trackers, v) },
	"trackerList":    func(r *Row, v value, known *before) error { return known.trackerList(&r.Torrent.Trackers, v) },

	"downloadLimit":   speed(func(t *state.Torrent) *int64 { return &t.Options.DownLimit }),
	"downloadLimited": truth(func(t *state.Torrent) *bool { return &t.Options.DownLimited }),
	"uploadLimit":     speed(func(t *state.Torrent) *int64 { return &t.Options.UpLimit }),
	"uploadLimited":   truth(func(t *state.Torrent) *bool { return &t.Options.UpLimited }),
	"honorsSessionLimits": func(r *Row, v value, _ *before) error {
		var honors bool
		err := v.boolean(&honors)
		r.Torrent.Options.Unbound = !honors
		return err
	},
	"bandwidthPriority": func(r *Row, v value, _ *before) error {
		var n int64
		err := v.integer(&n)
		r.Torrent.Options.Priority = int8(min(max(n, -1), 1))
		return err
	},
	"peer-limit":          count(func(t *state.Torrent) *int32 { return &t.Options.PeerLimit }),
	"seedRatioMode":       func(r *Row, v value, _ *before) error { return small(v, &r.Torrent.Options.RatioMode) },
	"seedRatioLimit":      func(r *Row, v value, _ *before) error { return v.scaled(&r.Torrent.Options.RatioLimit, 10_000) },
	"seedIdleMode":        func(r *Row, v value, _ *before) error { return small(v, &r.Torrent.Options.IdleMode) },
	"seedIdleLimit":       count(func(t *state.Torrent) *int32 { return &t.Options.IdleLimit }),
	"sequential_download": truth(func(t *state.Torrent) *bool { return &t.Options.Sequential }),
}

func integer(pick func(*state.Torrent) *int64) column {
	return func(r *Row, v value, _ *before) error { return v.integer(pick(&r.Torrent)) }
}

func count(pick func(*state.Torrent) *int32) column {
	return func(r *Row, v value, _ *before) error { return v.count(pick(&r.Torrent)) }
}

func truth(pick func(*state.Torrent) *bool) column {
	return func(r *Row, v value, _ *before) error { return v.boolean(pick(&r.Torrent)) }
}

// speed stores a limit of speed, which the daemon has in kB/s of 1000 bytes.
func speed(pick func(*state.Torrent) *int64) column {
	return func(r *Row, v value, _ *before) error { return v.scaled(pick(&r.Torrent), 1000) }
}

// small stores an enumeration.
func small[T ~uint8](v value, to *T) error {
	var n int64
	if err := v.integer(&n); err != nil {
		return err
	}
	if n < 0 || n > math.MaxUint8 {
		return fmt.Errorf("%d is out of range", n)
	}
	*to = T(n)
	return nil
}

// tidy drops what a field holds while it means nothing, so that it cannot be
// taken for news.
func tidy(t *state.Torrent) {
	if t.Error == state.NoError {
		t.ErrorText = ""
	}
	if t.Status != state.Checking {
		t.Checked = 0
	}
	if t.Left > 0 || t.Done < 0 {
		t.Done = 0 // it was complete once and a verification has found a gap, or 4.1's -1 for never
	}
	t.Active = max(t.Active, 0)
	if len(t.Labels) == 0 {
		t.Labels = nil
	}
}
