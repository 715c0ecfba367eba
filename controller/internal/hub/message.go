package hub

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

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
	if len(message) > MaxMessage {
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
