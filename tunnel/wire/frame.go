// Package wire owns the bytes of the mirror protocol: the frames, how their
// bodies are encoded, and what either side accepts from the other.
//
// A frame is a type byte, the length of the body as an unsigned varint
// (encoding/binary), the body, and a CRC-32C (Castagnoli, little-endian) of the
// frame's number, type and body. The number counts the frames of one direction
// from 0 and is not sent: a frame lost, repeated or moved does not pass. SSH
// keeps the line's bytes intact; the sum guards against our own mistakes.
//
// The body of a Snapshot or a Delta is made by an Encoder: what has changed,
// arithmetically coded by models that live as long as the connection. Every other
// body is one CBOR item (RFC 8949), a map with small integer keys, without tags
// and indefinite lengths. A key that the reader does not know is ignored, a
// missing one is zero. The frames Hello and Refuse never change, so that two
// versions can tell each other that they do not fit.
//
// docs/PROTOCOL.md describes all of it byte by byte.
package wire

import (
	"errors"
	"fmt"
	"time"

	"offing/tunnel/state"
)

// Version is the version of the protocol that this package speaks.
const Version uint32 = 3

// Type is the first byte of a frame.
type Type uint8

// The types of frame. Home sends Hello, Ack, Interest and Resync; the box sends
// the others; either sends Pad.
const (
	TypeHello    Type = 1
	TypeWelcome  Type = 2
	TypeRefuse   Type = 3
	TypeSnapshot Type = 4
	TypeDelta    Type = 5
	TypeAck      Type = 6
	TypeInterest Type = 8
	TypeCheck    Type = 9
	TypeResync   Type = 10
	TypePad      Type = 11
	TypeDetail   Type = 12
)

// limit returns the most bytes that a body of the type may have, 0 for an
// unknown type. The small ones leave room for fields of later versions.
func (t Type) limit() int {
	switch t {
	case TypeSnapshot, TypeDelta, TypeDetail:
		return 1<<20 - 16 // the whole frame stays within 1 MiB
	case TypePad:
		return 64 << 10
	case TypeRefuse:
		return 4 << 10
	case TypeInterest:
		return 2 << 10
	case TypeHello, TypeWelcome, TypeAck, TypeCheck, TypeResync:
		return 256
	}
	return 0
}

// MaxItems bounds the rows of one frame, beside those of the torrents that move: a
// few bytes can stand for a torrent of several hundred.
const MaxItems = 16384

// Errors of Reader and Writer.
var (
	// ErrMalformed is in the chain of every error that comes from what the
	// peer's bytes say. Nothing after such a frame can be trusted.
	ErrMalformed = errors.New("malformed frame")
	// ErrTooLarge is returned by Writer.Write for a frame beyond the limits.
	// Nothing of it was written.
	ErrTooLarge = errors.New("frame too large")
)

// Frame is one message: *Hello, *Welcome, *Refuse, *Delta, *Ack, *Interest,
// *Check, *Resync or *Detail.
type Frame interface {
	// Type returns the first byte.
	Type() Type
	// validate checks what CBOR cannot.
	validate() error
}

// Hello opens a connection.
type Hello struct {
	Version uint32      `cbor:"1,keyasint"`           // of the protocol
	Epoch   state.Epoch `cbor:"2,keyasint,omitempty"` // with Seq, what home has of the box; zero for nothing
	Seq     uint64      `cbor:"3,keyasint,omitempty"`
}

// Welcome accepts a Hello.
type Welcome struct {
	Version uint32      `cbor:"1,keyasint"`
	Epoch   state.Epoch `cbor:"2,keyasint"`           // of the box's state
	Cover   bool        `cbor:"3,keyasint,omitempty"` // the box sends by the clock: home must not show by a frame that somebody looks
}

// Code is why a connection is refused.
type Code uint8

// RefuseVersion is the code of a version that the box does not speak.
const RefuseVersion Code = 1

// Refuse ends a connection.
type Refuse struct {
	Version uint32 `cbor:"1,keyasint"` // of the protocol, as the box speaks it
	Code    Code   `cbor:"2,keyasint"`
	Text    string `cbor:"3,keyasint,omitempty"` // for a person; at most state.MaxText bytes
}

// Delta is news of the state.
type Delta struct {
	Snapshot bool // home has nothing: with this frame a snapshot begins
	// Whole tells that home has the box's state of the sequence Seq with this
	// frame; otherwise more follows. A snapshot ends with the first whole frame:
	// what it has not spoken of is not there.
	Whole   bool
	Seq     uint64        // 0 unless Whole
	Live    bool          // what moves is told about right
	Known   bool          // Age is: the box has asked its daemon
	Age     time.Duration // how long ago, when the frame was written, the state was true
	Elapsed time.Duration // from the Welcome to this frame; shows home how long frames wait on the way

	Changes []state.Change
	Removed []state.Hash
	Session *state.Session // nil when unchanged
	Host    *state.Host    // nil when unchanged

	Settings *state.Settings // nil when unchanged
}

// Ack says how many snapshots, deltas and details have arrived on this connection in all.
type Ack struct {
	Frames uint64 `cbor:"1,keyasint"`
}

// MaxOpen bounds the torrents of an Interest.
const MaxOpen = 32

// Interest tells how much home cares.
type Interest struct {
	Level uint8    `cbor:"1,keyasint"`           // see mirror.Level
	Open  [][]byte `cbor:"2,keyasint,omitempty"` // info hashes of the torrents that somebody has open
}

// Check carries the box's checksum (state.State.Checksum) at the version last
// sent.
type Check struct {
	Seq uint64 `cbor:"1,keyasint"`
	Sum uint64 `cbor:"2,keyasint"`
}

// Resync asks for a snapshot.
type Resync struct{}

// Type implements Frame.
func (*Hello) Type() Type    { return TypeHello }
func (*Welcome) Type() Type  { return TypeWelcome }
func (*Refuse) Type() Type   { return TypeRefuse }
func (*Delta) Type() Type    { return TypeDelta }
func (*Ack) Type() Type      { return TypeAck }
func (*Interest) Type() Type { return TypeInterest }
func (*Check) Type() Type    { return TypeCheck }
func (*Resync) Type() Type   { return TypeResync }

func (f *Hello) validate() error {
	if f.Epoch == 0 && f.Seq != 0 {
		return errors.New("a sequence without an epoch")
	}
	return nil
}

func (f *Welcome) validate() error {
	if f.Epoch == 0 {
		return errors.New("no epoch")
	}
	return nil
}

func (f *Refuse) validate() error {
	if len(f.Text) > state.MaxText {
		return fmt.Errorf("text of %d bytes", len(f.Text))
	}
	return nil
}

func (f *Delta) validate() error {
	if f.Session != nil && !f.Session.Valid() {
		return errors.New("the session is beyond the limits")
	}
	if f.Host != nil && !f.Host.Valid() {
		return errors.New("the host is beyond the limits")
	}
	if f.Settings != nil && !f.Settings.Valid() {
		return errors.New("the settings are beyond the limits")
	}
	return nil
}

func (*Ack) validate() error { return nil }

func (f *Interest) validate() error {
	if len(f.Open) > MaxOpen {
		return fmt.Errorf("%d open torrents", len(f.Open))
	}
	for _, h := range f.Open {
		if len(h) != len(state.Hash{}) {
			return fmt.Errorf("info hash of %d bytes", len(h))
		}
	}
	return nil
}

func (*Check) validate() error  { return nil }
func (*Resync) validate() error { return nil }
