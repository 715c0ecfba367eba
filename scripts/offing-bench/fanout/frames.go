package fanout

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// Opcodes of RFC 6455, section 5.2.
const (
	OpText  = 1
	OpClose = 8
	OpPing  = 9
	OpPong  = 10
)

var errFragment = errors.New("a message in fragments, or with a mask or extension")

// Frame is a WebSocket frame from a server.
type Frame struct {
	Op      byte
	Payload []byte
	Size    int // with its head
}

// NextFrame returns the frame at the beginning of b; ok is false while it is not whole.
func NextFrame(b []byte) (f Frame, ok bool, err error) {
	if len(b) < 2 {
		return f, false, nil
	}
	if b[0]&0xf0 != 0x80 || b[1]&0x80 != 0 {
		return f, false, errFragment
	}
	head, length := 2, uint64(b[1])
	switch {
	case length == 126 && len(b) >= 4:
		head, length = 4, uint64(binary.BigEndian.Uint16(b[2:]))
	case length == 127 && len(b) >= 10:
		head, length = 10, binary.BigEndian.Uint64(b[2:])
	case length >= 126:
		return f, false, nil
	}
	if uint64(len(b)-head) < length {
		return f, false, nil
	}
	end := head + int(length)
	return Frame{b[0] & 0xf, b[head:end], end}, true, nil
}

// mask is as good as any: it protects what proxies might cache.
var mask = [4]byte{1, 2, 3, 4}

// AppendFrame appends a client's frame.
func AppendFrame(b []byte, op byte, payload []byte) []byte {
	b = append(b, 0x80|op)
	if len(payload) < 126 {
		b = append(b, 0x80|byte(len(payload)))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(len(payload)))
	}
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i&3])
	}
	return b
}

// EachStamp calls f with each time in nanoseconds that stands behind stamp. A
// time of 0 is that of content from before the measurement.
func EachStamp(payload, stamp []byte, f func(at int64)) {
	for {
		i := bytes.Index(payload, stamp)
		if i < 0 {
			return
		}
		payload = payload[i+len(stamp):]
		at := int64(0)
		for len(payload) > 0 && payload[0] >= '0' && payload[0] <= '9' {
			at = at*10 + int64(payload[0]-'0')
			payload = payload[1:]
		}
		if at > 0 {
			f(at)
		}
	}
}

// Documents counts what a message holds: centrifuge joins several by line breaks.
func Documents(payload []byte) int {
	return 1 + bytes.Count(bytes.TrimRight(payload, "\n"), []byte{'\n'})
}
