package command

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"offing/tunnel/wire"
)

// Version is the version of the protocol that this package speaks.
const Version uint32 = 1

// frameType is the first byte of a frame. A frame is built as one of package wire:
// the type, the length of the body as an unsigned varint, the body, and a CRC-32C of
// the frame's number in its direction, type and body.
type frameType uint8

// The types of frame. Both ends open with a Hello, and either sends Pad. Home sends
// those up to Forget, the box those after it.
const (
	frameHello     frameType = 1
	frameCommand   frameType = 2  // a Command
	framePart      frameType = 3  // raw bytes of a large Command under way; none: it is given up
	frameLast      frameType = 4  // its last bytes
	frameCancel    frameType = 5  // a name
	frameForget    frameType = 6  // a name
	frameKept      frameType = 7  // a name: the command is safe with the box
	frameProgress  frameType = 8  // a Progress
	frameResult    frameType = 9  // a Result
	frameAgain     frameType = 10 // a name: there was no room for its result, home asks again
	frameForgotten frameType = 11 // a name
	frameTaken     frameType = 12 // a count: bytes of Part and Last that were taken
	framePad       frameType = 13
)

// fromHome and fromBox are what each end takes, beside Pad.
var (
	fromHome = []frameType{frameHello, frameCommand, framePart, frameLast, frameCancel, frameForget}
	fromBox  = []frameType{frameHello, frameKept, frameProgress, frameResult, frameAgain, frameForgotten, frameTaken}
)

// Sizes of frames.
const (
	// partSize makes a Part fill the largest step of the padding to the byte: 31838
	// bytes, less the frame around it.
	partSize = 31838 - 1 - 3 - sumSize
	// maxLarge bounds a Command that comes in parts.
	maxLarge = MaxMetainfo + maxBody
	// maxBody is more than the largest Command without a .torrent file, and than the
	// largest Result.
	maxBody = 4 << 20
	maxName = 256 // leaves room for fields of later versions

	sumSize    = crc32.Size
	keptBuffer = 128 << 10 // of what is kept between two frames
)

// limit returns the most bytes that a body of the type may have.
func (t frameType) limit() int {
	switch t {
	case frameCommand, frameResult:
		return maxBody
	case framePart, frameLast, framePad:
		return 64 << 10
	}
	return maxName
}

// errMalformed is in the chain of every error that comes from what the other end
// sends: no honest end does.
var errMalformed = errors.New("the other end broke the command protocol")

// reader reads frames. It is for one goroutine.
type reader struct {
	r      *bufio.Reader
	accept []frameType
	number uint64 // of the next frame
	body   []byte // reused
}

func newReader(r io.Reader, accept []frameType) *reader {
	return &reader{r: bufio.NewReader(r), accept: accept}
}

// next returns the next frame that is no padding. Its body is there until the next
// call. The error is io.EOF at an end between two frames.
func (r *reader) next() (frameType, []byte, error) {
	for {
		b, err := r.r.ReadByte()
		if err != nil {
			return 0, nil, err
		}
		t := frameType(b)
		if t != framePad && !slices.Contains(r.accept, t) {
			return 0, nil, fmt.Errorf("%w: a frame of type %d", errMalformed, t)
		}
		if err := r.read(t); err != nil {
			return 0, nil, err
		}
		if t != framePad {
			return t, r.body, nil
		}
	}
}

// read reads what follows the type of a frame.
func (r *reader) read(t frameType) error {
	length, err := r.length(t)
	if err != nil {
		return err
	}
	if cap(r.body) > keptBuffer {
		r.body = nil
	}
	r.body = slices.Grow(r.body[:0], length+sumSize)[:length+sumSize]
	if _, err := io.ReadFull(r.r, r.body); err != nil {
		return within(err)
	}
	sum := binary.LittleEndian.Uint32(r.body[length:])
	r.body = r.body[:length]
	if sum != checksum(r.number, t, r.body) {
		return fmt.Errorf("%w: a wrong checksum", errMalformed)
	}
	r.number++
	return nil
}

// maxLengthBytes is as many as the varint of the highest limit has.
const maxLengthBytes = 4

// length reads an unsigned varint in its shortest form, within the type's limit.
func (r *reader) length(t frameType) (int, error) {
	n := 0
	for i := range maxLengthBytes {
		b, err := r.r.ReadByte()
		if err != nil {
			return 0, within(err)
		}
		n |= int(b&0x7f) << (7 * i)
		if n > t.limit() || i > 0 && b == 0 {
			break
		}
		if b < 0x80 {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%w: a length beyond its limit, or not in its shortest form", errMalformed)
}

// within turns an end inside a frame into io.ErrUnexpectedEOF.
func within(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("frame cut short: %w", err)
}

// writer collects frames and writes them together. It is for one goroutine.
type writer struct {
	w      io.Writer
	number uint64 // of the next frame
	batch  []byte
}

// add puts a frame into the batch. The body is within its limit.
func (w *writer) add(t frameType, body []byte) {
	w.batch = append(w.batch, byte(t))
	w.batch = binary.AppendUvarint(w.batch, uint64(len(body)))
	w.batch = append(w.batch, body...)
	w.batch = binary.LittleEndian.AppendUint32(w.batch, checksum(w.number, t, body))
	w.number++
}

// flush writes the batch, padded to one of few sizes.
func (w *writer) flush() error {
	if len(w.batch) == 0 {
		return nil
	}
	for size := wire.Padded(len(w.batch)); len(w.batch) < size; {
		w.add(framePad, make([]byte, wire.PadBody(size-len(w.batch))))
	}
	_, err := w.w.Write(w.batch)
	if w.batch = w.batch[:0]; cap(w.batch) > keptBuffer {
		w.batch = nil
	}
	return err
}

func checksum(number uint64, t frameType, body []byte) uint32 {
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	head := append(binary.LittleEndian.AppendUint64(make([]byte, 0, 9), number), byte(t))
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, body)
}
