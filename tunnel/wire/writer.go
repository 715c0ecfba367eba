package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/fxamacker/cbor/v2"
)

// bufferSize is that of a Writer's and a Reader's buffer; a larger frame is
// passed through.
const bufferSize = 16 << 10

// keptBuffer bounds what is kept between frames for the next one.
const keptBuffer = 128 << 10

// sumSize is the length of a frame's checksum.
const sumSize = crc32.Size

// frameSize returns the bytes of a frame with a body of n bytes.
func frameSize(n int) int {
	var varint [binary.MaxVarintLen64]byte
	return 1 + binary.PutUvarint(varint[:], uint64(n)) + n + sumSize
}

// Writer writes frames to a stream. It is for one goroutine.
type Writer struct {
	w      *bufio.Writer
	mode   cbor.UserBufferEncMode
	number uint64 // of the next frame
	body   bytes.Buffer
	delta  deltaBody // reused
}

// NewWriter returns a Writer that buffers a little; see Flush.
func NewWriter(w io.Writer) (*Writer, error) {
	mode, err := cbor.EncOptions{
		ShortestFloat: cbor.ShortestFloat16,
		IndefLength:   cbor.IndefLengthForbidden,
		TagsMd:        cbor.TagsForbidden,
	}.UserBufferEncMode()
	if err != nil {
		return nil, fmt.Errorf("cbor encoder: %w", err)
	}
	return &Writer{w: bufio.NewWriterSize(w, bufferSize), mode: mode}, nil
}

// Write writes a frame and returns its size in bytes. It returns ErrTooLarge,
// having written nothing, for one that the peer would not accept.
func (w *Writer) Write(f Frame) (int, error) {
	if err := w.encode(f); err != nil {
		return 0, err
	}
	kind, body := f.Type(), w.body.Bytes()
	if len(body) > kind.limit() {
		return 0, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(body))
	}
	header := binary.AppendUvarint(append(w.w.AvailableBuffer(), byte(kind)), uint64(len(body)))
	if _, err := w.w.Write(header); err != nil {
		return 0, err
	}
	if _, err := w.w.Write(body); err != nil {
		return 0, err
	}
	sum := binary.LittleEndian.AppendUint32(w.w.AvailableBuffer(), checksum(w.number, kind, body))
	if _, err := w.w.Write(sum); err != nil {
		return 0, err
	}
	w.number++
	return frameSize(len(body)), nil
}

// Flush hands what is buffered to the stream.
func (w *Writer) Flush() error { return w.w.Flush() }

// encode leaves the body of f in w.body.
func (w *Writer) encode(f Frame) error {
	w.body.Reset()
	if w.body.Cap() > keptBuffer {
		w.body, w.delta = bytes.Buffer{}, deltaBody{}
	}
	var body any = f
	switch f := f.(type) {
	case *Delta:
		if len(f.Delta.Changes) > MaxItems || len(f.Delta.Removed) > MaxItems {
			return fmt.Errorf("%w: %d changes and %d removals", ErrTooLarge, len(f.Delta.Changes), len(f.Delta.Removed))
		}
		w.delta.fill(&f.Delta)
		w.delta.From = f.Delta.From
		body = &w.delta
	case *Part:
		w.delta.fill(&f.Delta)
		w.delta.Removed = nil
		w.delta.Index, w.delta.Last = f.Index, f.Last
		body = &w.delta
	}
	if err := w.mode.MarshalToBuffer(body, &w.body); err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	clear(w.delta.Changes) // of what points into the state
	clear(w.delta.Removed)
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(number uint64, kind Type, body []byte) uint32 {
	head := append(binary.LittleEndian.AppendUint64(make([]byte, 0, 9), number), byte(kind))
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, body)
}
