package hub

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"offing/controller/internal/account"
)

// maxMessage bounds what a page may send in one message, in bytes.
const maxMessage = 1024

// Words of "op". They go over the wire.
const (
	opOpen        = "open"
	opSubscribe   = "subscribe"
	opUnsubscribe = "unsubscribe"
	opOpened      = "opened"
	opTicket      = "ticket"
)

// request is one message of a page.
type request struct {
	Op     string `json:"op"`
	Ticket string `json:"ticket"` // of opOpen
	Topic  string `json:"topic"`  // of opSubscribe and opUnsubscribe
	Epoch  string `json:"epoch"`  // of opSubscribe: where to resume
	Seq    uint64 `json:"seq"`    // of opSubscribe: where to resume
}

// decode reads a page's message. It is strict, so that a page which means
// something else is told so.
func decode(message []byte) (request, error) {
	var r request
	if len(message) > maxMessage {
		return r, errors.New("the message is too long")
	}
	if !utf8.Valid(message) {
		return r, errors.New("the message is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(message))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return request{}, errors.New("the message is not a JSON object of known members")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return request{}, errors.New("the message goes on after its object")
	}
	return r, r.check()
}

// check holds the members against the operation.
func (r *request) check() error {
	switch r.Op {
	case opOpen:
		if r.Ticket == "" || r.Topic != "" || r.Epoch != "" || r.Seq != 0 {
			return errors.New("open takes a ticket")
		}
	case opSubscribe:
		if r.Topic == "" || r.Ticket != "" {
			return errors.New("subscribe takes a topic, and an epoch and a seq to resume")
		}
	case opUnsubscribe:
		if r.Topic == "" || r.Ticket != "" || r.Epoch != "" || r.Seq != 0 {
			return errors.New("unsubscribe takes a topic")
		}
	default:
		return errors.New("the operation is unknown")
	}
	return nil
}

// ticketFrame hands a page the ticket for its next connection.
func ticketFrame(op string, t account.Ticket, life time.Duration) []byte {
	frame, _ := json.Marshal(struct {
		Op        string `json:"op"`
		Ticket    string `json:"ticket"`
		ExpiresIn int64  `json:"expires_in"`
	}{op, string(t), int64(life / time.Second)}) // strings and a number cannot fail
	return frame
}

// errorFrame tells a page what ended its connection; nil for an ending without
// a word.
func errorFrame(e *ending) []byte {
	if e.word == "" {
		return nil
	}
	frame, _ := json.Marshal(struct {
		Op   string `json:"op"`
		Code string `json:"code"`
		Text string `json:"text"`
	}{"error", e.word, e.text}) // strings cannot fail
	return frame
}

// header is what stands before the members of an update in a frame.
type header struct {
	topic, epoch string
	seq          uint64
	reset, more  bool
}

// frame returns the whole message around the members in part.
func (h header) frame(part []byte) []byte {
	b := make([]byte, 0, len(part)+128)
	b = append(b, `{"op":"topic","topic":"`...)
	b = append(b, h.topic...)
	b = append(b, `","epoch":"`...)
	b = append(b, h.epoch...)
	b = append(b, `","seq":`...)
	b = strconv.AppendUint(b, h.seq, 10)
	if h.reset {
		b = append(b, `,"reset":true`...)
	}
	if h.more {
		b = append(b, `,"more":true`...)
	}
	b = append(b, ',')
	b = append(b, part...)
	return append(b, '}')
}
