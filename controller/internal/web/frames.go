package web

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"offing/controller/internal/hub"
)

// Bounds of what a page sends.
const (
	readBuffer   = 64  // bytes; most of what a page sends is a pong or a short message
	maxFragments = 128 // of a message; with the rest it bounds what an endless one costs
)

// frameReader reads messages out of the frames of a page, as RFC 6455 has them
// and in no other way: without extensions, masked, text in UTF-8.
type frameReader struct {
	r         *bufio.Reader
	message   []byte // of the fragments so far
	fragments int    // 0 between messages
}

func newFrameReader(r io.Reader) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, readBuffer)}
}

// next returns the next message. A *hub.FrameError is the last that it returns
// but for errors of reading.
func (f *frameReader) next() (hub.Message, error) {
	for {
		h, err := ws.ReadHeader(f.r)
		if err == nil {
			err = f.check(h)
		}
		if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
			err = protocolError(err)
		}
		if err != nil {
			return hub.Message{}, err
		}
		data := make([]byte, h.Length)
		if _, err := io.ReadFull(f.r, data); err != nil {
			return hub.Message{}, err
		}
		ws.Cipher(data, h.Mask, 0)
		switch h.OpCode {
		case ws.OpPing:
			return hub.Message{Kind: hub.Ping, Data: data}, nil
		case ws.OpPong:
			return hub.Message{Kind: hub.Pong}, nil
		case ws.OpClose:
			return hub.Message{}, closing(data)
		}
		if whole, err := f.add(h.Fin, data); whole != nil || err != nil {
			return hub.Message{Kind: hub.Text, Data: whole}, err
		}
	}
}

// check holds a header against the RFC and the bounds, before its payload is read.
func (f *frameReader) check(h ws.Header) error {
	state := ws.StateServerSide
	if f.fragments > 0 {
		state = state.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return protocolError(err)
	}
	switch {
	case h.OpCode == ws.OpBinary:
		return &hub.FrameError{Code: int(ws.StatusUnsupportedData), Reason: "text only"}
	case !h.OpCode.IsControl() && (h.Length > int64(hub.MaxMessage-len(f.message)) || f.fragments == maxFragments):
		return &hub.FrameError{Code: int(ws.StatusMessageTooBig), Reason: "the message is too long"}
	}
	return nil
}

// add appends a fragment, and returns the message when it was the last.
func (f *frameReader) add(last bool, data []byte) (whole []byte, err error) {
	if f.message = append(f.message, data...); f.message == nil {
		f.message = []byte{}
	}
	f.fragments++
	checked := f.message
	if !last {
		checked = withoutBegunRune(checked)
	}
	if !utf8.Valid(checked) {
		return nil, &hub.FrameError{Code: int(ws.StatusInvalidFramePayloadData), Reason: "text must be UTF-8"}
	}
	if last {
		whole, f.message, f.fragments = f.message, nil, 0
	}
	return whole, nil
}

// withoutBegunRune returns text without a rune at its end that may go on in the
// next fragment.
func withoutBegunRune(text []byte) []byte {
	for i := len(text) - 1; i >= 0 && i > len(text)-utf8.UTFMax; i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				return text[:i]
			}
			break
		}
	}
	return text
}

// closing is the answer to a close frame (RFC 6455, section 7.1.5).
func closing(data []byte) error {
	if len(data) == 0 {
		return &hub.FrameError{Page: true}
	}
	if len(data) == 1 {
		return protocolError(errors.New("half a close code"))
	}
	code, reason := ws.StatusCode(binary.BigEndian.Uint16(data)), data[2:]
	if !utf8.Valid(reason) {
		return &hub.FrameError{Code: int(ws.StatusInvalidFramePayloadData), Reason: "a reason must be UTF-8"}
	}
	if err := ws.CheckCloseFrameData(code, string(reason)); err != nil || code > ws.StatusRangePrivate.Max {
		return protocolError(errors.New("no such close code"))
	}
	return &hub.FrameError{Code: int(code), Page: true}
}

func protocolError(err error) error {
	return &hub.FrameError{Code: int(ws.StatusProtocolError), Reason: err.Error()}
}
