package executor

import (
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// recordKind is what a record of the journal says of a command. The numbers are on
// disks and are never changed.
type recordKind uint8

const (
	recordAccepted  recordKind = 1 // Command; it will be done
	recordBegun     recordKind = 2 // Plan; from now on it is finished, not begun again
	recordMarked    recordKind = 3 // Mark and Result: how far it has come
	recordEnded     recordKind = 4 // Result
	recordForgotten recordKind = 5
)

// record is one record of the journal.
type record struct {
	Kind    recordKind       `cbor:"1,keyasint"`
	Home    string           `cbor:"2,keyasint"`
	ID      command.ID       `cbor:"3,keyasint"`
	At      int64            `cbor:"4,keyasint,omitempty"` // Unix seconds
	Command *command.Command `cbor:"5,keyasint,omitempty"`
	Plan    *plan            `cbor:"6,keyasint,omitempty"`
	Result  *command.Result  `cbor:"7,keyasint,omitempty"`
	Mark    int              `cbor:"8,keyasint,omitempty"`
}

// plan is what a command needs to be finished by somebody who did not see it begin,
// with the same effect.
type plan struct {
	Dir string `cbor:"1,keyasint,omitempty"` // Add, Move: the folder, an absolute path

	// Of Add: what is added, the same after a second look at the URL or not, and
	// whether the daemon had it before.
	Hash     state.Hash `cbor:"2,keyasint,omitempty"`
	Existed  bool       `cbor:"3,keyasint,omitempty"`
	Magnet   string     `cbor:"4,keyasint,omitempty"`
	Metainfo []byte     `cbor:"5,keyasint,omitempty"`

	// Of Remove: when each of the command's torrents came, 0 for what was not there.
	// One that came later under the same hash is another torrent.
	Added []int64 `cbor:"6,keyasint,omitempty"`

	// Of the moves in the queue: the torrents in the order in which they are moved,
	// and, of a relative one, where to. The others are Missing.
	Order   []state.Hash `cbor:"7,keyasint,omitempty"`
	Places  []int32      `cbor:"8,keyasint,omitempty"`
	Missing []state.Hash `cbor:"9,keyasint,omitempty"`
}
