package report

import (
	"bytes"
	"cmp"

	"offing/tunnel/state"
)

// order puts what moves first, then what is in trouble, then the rest, each by
// name.
func order(a, b Torrent) int {
	return cmp.Or(
		cmp.Compare(rank(a), rank(b)),
		cmp.Compare(a.Name, b.Name),
		bytes.Compare(a.Hash[:], b.Hash[:]),
	)
}

func rank(t Torrent) int {
	switch {
	case t.RateDown+t.RateUp > 0:
		return 0
	case t.State == state.Checking.String() || t.State == state.Downloading.String():
		return 1
	case t.ErrorKind != state.NoError:
		return 2
	}
	return 3
}
