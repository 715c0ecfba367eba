package state

import (
	"fmt"
	"strconv"
)

// Epoch names one life of a State: a number drawn at random when it was made.
// Sequences of different epochs cannot be compared. Zero is no epoch.
type Epoch uint64

// String returns 16 hexadecimal digits.
func (e Epoch) String() string { return fmt.Sprintf("%016x", uint64(e)) }

// ParseEpoch reads what String wrote.
func ParseEpoch(s string) (Epoch, error) {
	n, err := strconv.ParseUint(s, 16, 64)
	if err != nil || len(s) != 16 {
		return 0, fmt.Errorf("epoch %q is not 16 hexadecimal digits", s)
	}
	return Epoch(n), nil
}

// Version is a point in a State's life: the state after the change number Seq
// of an epoch. The zero Version is before everything.
type Version struct {
	Epoch Epoch
	Seq   uint64
}

// Change is a torrent of which only Fields (and Hash) are meaningful.
type Change struct {
	Fields  Fields
	Torrent Torrent
}

// Delta turns the state at (To.Epoch, From) into the state at To; when Reset is
// set it is a snapshot: the whole state at To, whatever came before.
type Delta struct {
	From    uint64
	To      Version
	Reset   bool
	Changes []Change // most recently changed first
	Removed []Hash   // empty when Reset
	Session *Session // nil when unchanged
	Host    *Host    // nil when unchanged

	Settings *Settings // nil when unchanged
}

// Empty tells whether the delta changes nothing.
func (d *Delta) Empty() bool {
	return !d.Reset && len(d.Changes) == 0 && len(d.Removed) == 0 && d.Session == nil && d.Host == nil && d.Settings == nil
}
