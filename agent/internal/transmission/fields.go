package transmission

import (
	"fmt"
	"math"

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

// listFields are the columns of everything that state.Torrent has, and the id.
// It comes first: only after it the decoder knows which torrent a row is.
var listFields = append([]string{"id", "hashString", "name", "errorString", "addedDate", "labels"}, movingFields[1:]...)

// MovingFields are the fields that the rows of a Moving query hold. Error is
// there as well, but not what explains it.
const MovingFields = state.AllFields &^ (state.FieldName | state.FieldError | state.FieldAdded | state.FieldLabels)

// column stores one cell of the table in a row. known is the torrent as it was,
// for the texts that it shares, or an empty one.
type column func(r *Row, v value, known *state.Torrent) error

// columns is how to store the columns that have a place in Row.
var columns = map[string]column{
	"id": func(r *Row, v value, _ *state.Torrent) error { return v.integer(&r.ID) },
	"hashString": func(r *Row, v value, _ *state.Torrent) error {
		return v.hash(&r.Torrent.Hash)
	},
	"name": func(r *Row, v value, known *state.Torrent) error {
		return v.text(&r.Torrent.Name, known.Name)
	},
	"errorString": func(r *Row, v value, known *state.Torrent) error {
		return v.text(&r.Torrent.ErrorText, known.ErrorText)
	},
	"labels": func(r *Row, v value, known *state.Torrent) error {
		return v.texts(&r.Torrent.Labels, known.Labels)
	},
	"status": func(r *Row, v value, _ *state.Torrent) error { return small(v, &r.Torrent.Status) },
	"error":  func(r *Row, v value, _ *state.Torrent) error { return small(v, &r.Torrent.Error) },
	"metadataPercentComplete": func(r *Row, v value, _ *state.Torrent) error {
		return v.fraction(&r.Torrent.Metadata)
	},
	"recheckProgress": func(r *Row, v value, _ *state.Torrent) error {
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
}

func integer(pick func(*state.Torrent) *int64) column {
	return func(r *Row, v value, _ *state.Torrent) error { return v.integer(pick(&r.Torrent)) }
}

func count(pick func(*state.Torrent) *int32) column {
	return func(r *Row, v value, _ *state.Torrent) error { return v.count(pick(&r.Torrent)) }
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
	if len(t.Labels) == 0 {
		t.Labels = nil
	}
}
