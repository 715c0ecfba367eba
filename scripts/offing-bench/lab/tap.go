package lab

import (
	"encoding/binary"
	"hash/crc32"

	"offing/tunnel/wire"
)

// counts is what has passed a tap.
type counts struct {
	line    int // bytes of frames, padding among them
	frames  int // bytes of frames without padding
	news    int // snapshots and deltas
	cells   int // of Tor's, if each batch goes into cells of its own
	batches int // writes to the line
}

// The packets of SSH that carry a batch: see package wire.
const (
	packetOuter = 4 + 16
	packetInner = 1 + 4 + 9
	packetBlock = 16
)

// cells returns how many cells a batch of n bytes fills.
func cells(n int) int {
	inner := (n + packetInner + packetBlock - 1) / packetBlock * packetBlock
	return (inner + packetOuter + packet - 1) / packet
}

// tap follows the frames of one direction.
type tap struct {
	counts
	open []byte // the beginning of a frame that is not whole
}

// write sees what is written at once: a batch, or a part of a large one.
func (t *tap) write(p []byte) {
	t.line += len(p)
	t.batches++
	t.cells += cells(len(p))
	t.open = append(t.open, p...)
	for {
		size := frameSize(t.open)
		if size == 0 || size > len(t.open) {
			return
		}
		switch kind := wire.Type(t.open[0]); kind {
		case wire.TypePad:
		case wire.TypeSnapshot, wire.TypeDelta:
			t.news++
			t.frames += size
		default:
			t.frames += size
		}
		t.open = t.open[size:]
	}
}

// frameSize returns the size of the frame that b begins with, 0 when that cannot
// be told yet.
func frameSize(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	body, n := binary.Uvarint(b[1:])
	if n <= 0 {
		return 0
	}
	return 1 + n + int(body) + crc32.Size
}
