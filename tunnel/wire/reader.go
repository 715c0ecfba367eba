package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"offing/tunnel/state"
)

// maxNesting is more than any body has.
const maxNesting = 4

// maxKeys is more than any map of a body has.
const maxKeys = 64

// majorMap is CBOR's major type of a map (RFC 8949, section 3.1).
const majorMap = 5

// Reader reads frames from a stream. It is for one goroutine.
type Reader struct {
	r       *bufio.Reader
	mode    cbor.DecMode
	accept  []Type
	number  uint64         // of the next frame
	body    []byte         // reused
	size    int            // of the last frame
	news    *Decoder       // of this connection; nil before the first frame
	details *DetailDecoder // the same
}

// NewReader returns a Reader for the types in accept: what the peer has no
// business to send is refused before its body is read.
func NewReader(r io.Reader, accept ...Type) (*Reader, error) {
	mode, err := cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		MaxNestedLevels:  maxNesting,
		MaxArrayElements: 2 * MaxOpen,
		MaxMapPairs:      maxKeys,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		UTF8:             cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		return nil, fmt.Errorf("cbor decoder: %w", err)
	}
	return &Reader{r: bufio.NewReaderSize(r, bufferSize), mode: mode, accept: accept}, nil
}

// Next returns the next frame; it is the caller's. The error is io.EOF at an
// end between two frames, has io.ErrUnexpectedEOF in its chain at an end within
// one, ErrMalformed for what no honest peer sends, or is the stream's.
func (r *Reader) Next() (Frame, error) {
	size := 0
	kind, err := r.readBody()
	for ; kind == TypePad && err == nil; kind, err = r.readBody() {
		size += r.size
	}
	if err != nil {
		return nil, err
	}
	r.size += size
	f, err := r.decode(kind)
	if err == nil {
		err = f.validate()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: type %d: %w", ErrMalformed, kind, err)
	}
	return f, nil
}

// Has returns the torrents that the snapshot or the deltas have spoken of on this
// connection, and that are not removed.
func (r *Reader) Has() map[state.Hash]struct{} {
	if r.news == nil {
		return nil
	}
	return r.news.Has()
}

// Size returns the bytes of the frame that Next returned last, and of the padding
// before it.
func (r *Reader) Size() int { return r.size }

// readBody reads one frame's bytes and checks its sum.
func (r *Reader) readBody() (Type, error) {
	b, err := r.r.ReadByte()
	if err != nil {
		return 0, err // io.EOF here is an end between two frames
	}
	kind := Type(b)
	if kind != TypePad && !slices.Contains(r.accept, kind) {
		return 0, fmt.Errorf("%w: unexpected type %d", ErrMalformed, kind)
	}
	length, err := r.readLength(kind)
	if err != nil {
		return 0, err
	}
	if cap(r.body) > keptBuffer {
		r.body = nil
	}
	r.body = slices.Grow(r.body[:0], length+sumSize)[:length+sumSize]
	if _, err := io.ReadFull(r.r, r.body); err != nil {
		return 0, within(err)
	}
	sum := binary.LittleEndian.Uint32(r.body[length:])
	r.body = r.body[:length]
	r.size = frameSize(length)
	if sum != checksum(r.number, kind, r.body) {
		return 0, fmt.Errorf("%w: type %d: wrong checksum", ErrMalformed, kind)
	}
	r.number++
	return kind, nil
}

// maxLengthBytes is as many as the varint of the highest limit has.
const maxLengthBytes = 3

// readLength reads an unsigned varint in its shortest form, within the type's
// limit.
func (r *Reader) readLength(kind Type) (int, error) {
	n := 0
	for i := range maxLengthBytes {
		b, err := r.r.ReadByte()
		if err != nil {
			return 0, within(err)
		}
		n |= int(b&0x7f) << (7 * i)
		if n > kind.limit() || i > 0 && b == 0 {
			break
		}
		if b < 0x80 {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%w: type %d with a length beyond its limit or not in its shortest form", ErrMalformed, kind)
}

// within turns an end inside a frame into io.ErrUnexpectedEOF.
func within(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("frame cut short: %w", err)
}

// decode makes a frame of r.body.
func (r *Reader) decode(kind Type) (Frame, error) {
	switch kind {
	case TypeSnapshot:
		r.news = NewDecoder()
		f, err := r.news.Decode(r.body)
		if err != nil {
			return nil, err
		}
		f.Snapshot = true
		return f, nil
	case TypeDelta:
		if r.news == nil { // a resumed connection
			r.news = NewDecoder()
		}
		return r.news.Decode(r.body)
	case TypeDetail:
		if r.details == nil {
			r.details = NewDetailDecoder()
		}
		return r.details.Decode(r.body)
	}
	// CBOR's null would pass for any struct.
	if len(r.body) == 0 || r.body[0]>>5 != majorMap {
		return nil, errors.New("the body is not a map")
	}
	var f Frame
	switch kind {
	case TypeHello:
		f = new(Hello)
	case TypeWelcome:
		f = new(Welcome)
	case TypeRefuse:
		f = new(Refuse)
	case TypeAck:
		f = new(Ack)
	case TypeInterest:
		f = new(Interest)
	case TypeCheck:
		f = new(Check)
	case TypeResync:
		f = new(Resync)
	default:
		return nil, errors.New("unknown type")
	}
	return f, r.mode.Unmarshal(r.body, f)
}
