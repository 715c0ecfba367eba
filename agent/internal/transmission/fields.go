package transmission

import (
	"fmt"
	"math"

	"offing/tunnel/state"
)

// column stores one cell of the table in a row.
type column func(r *Row, v value) error

// listFields are the columns that the poll asks for: what state.Torrent has,
// and the id.
var listFields = []string{
	"id", "hashString", "name", "status", "error", "errorString",
	"sizeWhenDone", "leftUntilDone", "metadataPercentComplete", "recheckProgress",
	"rateDownload", "rateUpload", "downloadedEver", "uploadedEver",
	"peersConnected", "peersSendingToUs", "peersGettingFromUs", "webseedsSendingToUs",
	"addedDate", "doneDate", "queuePosition", "labels",
}

// columnOf returns how to store the named column, or nil for one that nobody
// asked for.
func columnOf(name string) column {
	switch name {
	case "id":
		return func(r *Row, v value) error { return v.integer(&r.ID) }
	case "hashString":
		return func(r *Row, v value) error { return v.hash(&r.Torrent.Hash) }
	case "name":
		return func(r *Row, v value) error { return v.text(&r.Torrent.Name) }
	case "status":
		return func(r *Row, v value) error { return small(v, &r.Torrent.Status) }
	case "error":
		return func(r *Row, v value) error { return small(v, &r.Torrent.Error) }
	case "errorString":
		return func(r *Row, v value) error { return v.text(&r.Torrent.ErrorText) }
	case "metadataPercentComplete":
		return func(r *Row, v value) error { return v.fraction(&r.Torrent.Metadata) }
	case "recheckProgress":
		return func(r *Row, v value) error { return v.fraction(&r.Torrent.Checked) }
	case "labels":
		return func(r *Row, v value) error { return v.texts(&r.Torrent.Labels) }
	}
	if pick := counterOf(name); pick != nil {
		return func(r *Row, v value) error { return v.integer(pick(&r.Torrent)) }
	}
	if pick := countOf(name); pick != nil {
		return func(r *Row, v value) error { return v.count(pick(&r.Torrent)) }
	}
	return nil
}

func counterOf(name string) func(*state.Torrent) *int64 {
	switch name {
	case "sizeWhenDone":
		return func(t *state.Torrent) *int64 { return &t.Size }
	case "leftUntilDone":
		return func(t *state.Torrent) *int64 { return &t.Left }
	case "rateDownload":
		return func(t *state.Torrent) *int64 { return &t.RateDown }
	case "rateUpload":
		return func(t *state.Torrent) *int64 { return &t.RateUp }
	case "downloadedEver":
		return func(t *state.Torrent) *int64 { return &t.Downloaded }
	case "uploadedEver":
		return func(t *state.Torrent) *int64 { return &t.Uploaded }
	case "addedDate":
		return func(t *state.Torrent) *int64 { return &t.Added }
	case "doneDate":
		return func(t *state.Torrent) *int64 { return &t.Done }
	}
	return nil
}

func countOf(name string) func(*state.Torrent) *int32 {
	switch name {
	case "peersConnected":
		return func(t *state.Torrent) *int32 { return &t.Peers }
	case "peersSendingToUs":
		return func(t *state.Torrent) *int32 { return &t.PeersSending }
	case "peersGettingFromUs":
		return func(t *state.Torrent) *int32 { return &t.PeersGetting }
	case "webseedsSendingToUs":
		return func(t *state.Torrent) *int32 { return &t.WebSeeds }
	case "queuePosition":
		return func(t *state.Torrent) *int32 { return &t.Queue }
	}
	return nil
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
