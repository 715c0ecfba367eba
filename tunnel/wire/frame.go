// Package wire owns the bytes of the mirror protocol: the frames, how their
// bodies are encoded, and what either side accepts from the other.
//
// A frame is a type byte, the length of the body as an unsigned varint
// (encoding/binary), the body, and a CRC-32C (Castagnoli, little-endian) of the
// frame's number, type and body. The number counts the frames of one direction
// from 0 and is not sent: a frame lost, repeated or moved does not pass. SSH
// keeps the line's bytes intact; the sum guards against our own mistakes.
//
// A body is one CBOR item (RFC 8949), a map with small integer keys, without
// tags and indefinite lengths. A key that the reader does not know is ignored,
// a missing one is zero. The frames Hello and Refuse never change, so that two
// versions can tell each other that they do not fit.
package wire

import (
	"errors"
	"fmt"
	"time"

	"offing/tunnel/state"
)

// Version is the version of the protocol that this package speaks.
const Version uint32 = 1

// Type is the first byte of a frame.
type Type uint8

// The types of frame. Home sends Hello, Ack, Interest and Resync; the box sends
// the others.
const (
	TypeHello    Type = 1
	TypeWelcome  Type = 2
	TypeRefuse   Type = 3
	TypePart     Type = 4
	TypeDelta    Type = 5
	TypeAck      Type = 6
	TypeFresh    Type = 7
	TypeInterest Type = 8
	TypeCheck    Type = 9
	TypeResync   Type = 10
)

// limit returns the most bytes that a body of the type may have, 0 for an
// unknown type. The small ones leave room for fields of later versions.
func (t Type) limit() int {
	switch t {
	case TypePart, TypeDelta:
		return 1<<20 - 16 // the whole frame stays within 1 MiB
	case TypeRefuse:
		return 4 << 10
	case TypeHello, TypeWelcome, TypeAck, TypeFresh, TypeInterest, TypeCheck, TypeResync:
		return 256
	}
	return 0
}

// MaxItems bounds the changes and the removals of one frame, each: a few bytes
// can stand for a torrent of several hundred.
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

// Frame is one message: *Hello, *Welcome, *Refuse, *Part, *Delta, *Ack, *Fresh,
// *Interest, *Check or *Resync.
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
	Epoch   state.Epoch `cbor:"2,keyasint"` // of the box's state
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

// Part is a piece of a snapshot. Delta.To is the version of the whole, the same
// in all parts; Delta.Session and Delta.Host are in the first. From, Reset and
// Removed do not travel.
type Part struct {
	Index uint32 // from 0; 0 begins a new snapshot, whether or not one was under way
	Last  bool
	Delta state.Delta
}

// Delta is a difference. Reset does not travel.
type Delta struct {
	Delta state.Delta
}

// Ack says how many parts and deltas have arrived on this connection in all.
type Ack struct {
	Frames uint64 `cbor:"1,keyasint"`
}

// Fresh says that the version last sent was true AgeMS milliseconds before the
// frame was written. No clock travels.
type Fresh struct {
	AgeMS     uint64 `cbor:"1,keyasint"`
	ElapsedMS uint64 `cbor:"2,keyasint"` // from the Welcome to this frame; shows home how long frames wait on the way
}

// Age returns AgeMS as a duration.
func (f *Fresh) Age() time.Duration { return time.Duration(f.AgeMS) * time.Millisecond }

// Elapsed returns ElapsedMS as a duration.
func (f *Fresh) Elapsed() time.Duration { return time.Duration(f.ElapsedMS) * time.Millisecond }

// Interest tells how much home cares.
type Interest struct {
	Level uint8 `cbor:"1,keyasint"` // see mirror.Level
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
func (*Part) Type() Type     { return TypePart }
func (*Delta) Type() Type    { return TypeDelta }
func (*Ack) Type() Type      { return TypeAck }
func (*Fresh) Type() Type    { return TypeFresh }
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

func (f *Part) validate() error {
	for i := range f.Delta.Changes {
		if f.Delta.Changes[i].Fields != state.AllFields {
			return fmt.Errorf("torrent %d of the part is not whole", i)
		}
	}
	return validateDelta(&f.Delta)
}

func (f *Delta) validate() error {
	if d := &f.Delta; d.From >= d.To.Seq {
		return fmt.Errorf("from %d to %d", d.From, d.To.Seq)
	}
	return validateDelta(&f.Delta)
}

func (*Ack) validate() error { return nil }

// maxSpan bounds the durations of a Fresh; it fits a time.Duration many times.
const maxSpan = 100 * 365 * 24 * time.Hour

func (f *Fresh) validate() error {
	if span := uint64(maxSpan.Milliseconds()); f.AgeMS > span || f.ElapsedMS > span {
		return errors.New("a span of more than 100 years")
	}
	return nil
}

func (*Interest) validate() error { return nil }
func (*Check) validate() error    { return nil }
func (*Resync) validate() error   { return nil }

func validateDelta(d *state.Delta) error {
	if d.To.Epoch == 0 {
		return errors.New("no epoch")
	}
	for i := range d.Changes {
		if !d.Changes[i].Torrent.Valid() {
			return fmt.Errorf("torrent %d of the frame is beyond the limits", i)
		}
	}
	if d.Session != nil && !d.Session.Valid() {
		return errors.New("the session is beyond the limits")
	}
	if d.Host != nil && !d.Host.Valid() {
		return errors.New("the host is beyond the limits")
	}
	return nil
}
