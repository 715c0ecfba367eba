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
	batch  int // bytes since the last Pad
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
	w.body.Reset()
	if err := w.mode.MarshalToBuffer(f, &w.body); err != nil {
		return 0, fmt.Errorf("encode: %w", err)
	}
	return w.write(f.Type(), w.body.Bytes())
}

// Overhead is the most bytes of a frame of up to 16 KiB beside its body.
const Overhead = 1 + 2 + sumSize

// WriteNews writes what an Encoder made, and returns the size of the frame in
// bytes.
func (w *Writer) WriteNews(n *News) (int, error) { return w.write(n.Kind, n.Body) }

func (w *Writer) write(kind Type, body []byte) (int, error) {
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
	size := frameSize(len(body))
	w.batch += size
	return size, nil
}

// Flush hands what is buffered to the stream, as it is: more will follow at once.
func (w *Writer) Flush() error { return w.w.Flush() }

// Pad hands what is buffered to the stream, and with it as much padding as makes
// what was written since the last Pad one of few sizes. It returns the bytes of
// the padding.
func (w *Writer) Pad() (int, error) {
	if w.batch == 0 {
		return 0, nil
	}
	padding := Padded(w.batch) - w.batch
	for rest := padding; rest > 0; {
		n, err := w.write(TypePad, make([]byte, padBody(rest)))
		if err != nil {
			return 0, err
		}
		rest -= n
	}
	w.batch = 0
	return padding, w.w.Flush()
}

// PadCell is Pad for a batch that may be empty: it is at least one cell.
func (w *Writer) PadCell() (int, error) {
	if w.batch > 0 {
		return w.Pad()
	}
	size, err := w.write(TypePad, nil)
	if err != nil {
		return 0, err
	}
	padding, err := w.Pad()
	return size + padding, err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(number uint64, kind Type, body []byte) uint32 {
	head := append(binary.LittleEndian.AppendUint64(make([]byte, 0, 9), number), byte(kind))
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, body)
}
