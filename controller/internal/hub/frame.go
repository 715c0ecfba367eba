package hub

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/gobwas/ws"

	"offing/controller/internal/account"
)

// Frames are whole WebSocket frames, as they go over the wire (RFC 6455, section
// 5.2): final, not masked, one for each message.

// headRoom is what a frame's header takes at most: 2 bytes, and 8 for a length.
const headRoom = 10

// newFrame returns a frame to append a payload of about so many bytes to.
func newFrame(size int) []byte { return make([]byte, headRoom, headRoom+size) }

// seal puts the header before the payload that stands behind headRoom bytes, and
// returns the frame, which is the end of b.
func seal(op ws.OpCode, b []byte) []byte {
	h := ws.Header{Fin: true, OpCode: op, Length: int64(len(b) - headRoom)}
	start := headRoom - ws.HeaderSize(h)
	_ = ws.WriteHeader(bytes.NewBuffer(b[start:start]), h) // into b: it has room
	return b[start:]
}

// control returns a control frame. data has at most 125 bytes.
func control(op ws.OpCode, data []byte) []byte {
	return seal(op, append(newFrame(len(data)), data...))
}

// pingFrame asks a page for a sign of life.
var pingFrame = control(ws.OpPing, nil)

// pongFrame answers a ping.
func pongFrame(ping []byte) []byte { return control(ws.OpPong, ping) }

// closeFrame returns the close frame of e.
func closeFrame(e *ending) []byte {
	if e.code == 0 {
		return ws.CompiledClose
	}
	return control(ws.OpClose, ws.NewCloseFrameBody(ws.StatusCode(e.code), e.reason()))
}

func opcode(frame []byte) ws.OpCode { return ws.OpCode(frame[0] & 0x0f) }

// payload returns what a frame carries.
func payload(frame []byte) []byte {
	switch frame[1] {
	case 126:
		return frame[4:]
	case 127:
		return frame[10:]
	}
	return frame[2:]
}

// text returns v as the JSON of a text frame. v can always be encoded.
func text(v any) []byte {
	message, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return control(ws.OpText, message)
}

// ticketFrame hands a page the ticket for its next connection, and the name of
// this one where it has one.
func ticketFrame(op string, t account.Ticket, life time.Duration, name string) []byte {
	return text(struct {
		Op        string `json:"op"`
		Ticket    string `json:"ticket"`
		ExpiresIn int64  `json:"expires_in"`
		Stream    string `json:"stream,omitempty"`
	}{op, string(t), int64(life / time.Second), name})
}

// errorFrame tells a page what ends its connection.
func errorFrame(e *ending) []byte {
	return text(struct {
		Op   string `json:"op"`
		Code string `json:"code"`
		Text string `json:"text"`
	}{"error", e.word, e.text})
}

// goneFrame tells a page that there is no such topic for it.
func goneFrame(topic string) []byte {
	return text(struct {
		Topic string `json:"t"`
		Gone  bool   `json:"gone"`
	}{topic, true})
}

// header is what stands before the members of an update in a frame.
type header struct {
	topic string // as JSON
	epoch string // of a reset's first frame; else empty
	seq   uint64
	more  bool
}

// frame returns the whole frame around the members in part.
func (h header) frame(part []byte) []byte {
	b := newFrame(len(h.topic) + len(h.epoch) + len(part) + 64)
	b = append(b, `{"t":`...)
	b = append(b, h.topic...)
	b = append(b, `,"s":`...)
	b = strconv.AppendUint(b, h.seq, 10)
	if h.epoch != "" {
		b = append(b, `,"e":"`...)
		b = append(b, h.epoch...)
		b = append(b, '"')
	}
	if h.more {
		b = append(b, `,"more":true`...)
	}
	if len(part) > 0 {
		b = append(b, ',')
		b = append(b, part...)
	}
	return seal(ws.OpText, append(b, '}'))
}
