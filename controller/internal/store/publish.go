package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Headers of the messages of a batch (ADR-50).
const (
	batchID       = "Nats-Batch-Id"
	batchSequence = "Nats-Batch-Sequence"
	batchCommit   = "Nats-Batch-Commit"
)

// publish writes all messages, which must go to one stream, or none, and returns
// the sequence of the last.
func (s *Store) publish(ctx context.Context, msgs []*nats.Msg) (sequence uint64, err error) {
	err = again(ctx, untouched, func() error {
		if len(msgs) > 1 {
			sequence, err = s.publishBatch(ctx, msgs)
			return err
		}
		a, err := s.ask(ctx, msgs[0])
		sequence = a.Sequence
		return err
	})
	return sequence, err
}

// publishBatch writes at least two messages. The server keeps them aside until the
// last has come, checks what they expect, and then writes them.
func (s *Store) publishBatch(ctx context.Context, msgs []*nats.Msg) (uint64, error) {
	id := rand.Text()
	last := len(msgs) - 1
	for i, m := range msgs {
		m.Header.Set(batchID, id)
		m.Header.Set(batchSequence, strconv.Itoa(i+1))
	}
	msgs[last].Header.Set(batchCommit, "1")
	// The answer to the first tells whether the server takes a batch at all.
	if _, err := s.ask(ctx, msgs[0]); err != nil {
		return 0, err
	}
	for _, m := range msgs[1:last] {
		if err := s.conn.PublishMsg(m); err != nil {
			return 0, translate(err)
		}
	}
	a, err := s.ask(ctx, msgs[last])
	if err == nil && a.Count != len(msgs) {
		err = fmt.Errorf("store: the server wrote %d of a batch of %d", a.Count, len(msgs))
	}
	return a.Sequence, err
}

// ack is the server's answer to a message; empty to those of a batch before the last.
type ack struct {
	Sequence uint64              `json:"seq"`
	Count    int                 `json:"count"` // of the messages of a batch
	Error    *jetstream.APIError `json:"error"`
}

// ask sends a message to a stream and waits for the answer.
func (s *Store) ask(ctx context.Context, m *nats.Msg) (ack, error) {
	answer, err := s.conn.RequestMsgWithContext(ctx, m)
	if err != nil {
		return ack{}, translate(err)
	}
	var a ack
	if len(answer.Data) == 0 {
		return a, nil
	}
	if err := json.Unmarshal(answer.Data, &a); err != nil {
		return ack{}, fmt.Errorf("store: the server's answer: %w", err)
	}
	if a.Error != nil {
		return ack{}, translate(a.Error)
	}
	return a, nil
}
