package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// page is how many messages are asked for at once. At their largest they must
	// stay below what the client holds for one subscription, 64 MiB.
	page = 200
	// pageTimeout is for one of them: the consumer may have died with its server.
	pageTimeout = 5 * time.Second
	// lag is how long to wait for a server that is behind the stream's leader.
	lag = 20 * time.Millisecond
)

// Statuses of the server's answers to a request for messages (ADR-13).
const (
	statusNone    = "404" // nothing at all
	statusNoMore  = "408" // nothing more
	messageHeader = "Status"
)

// scan calls f with all messages that c delivers, in their order, up to the end of
// the stream. Whatever was acknowledged before the call is among them. It is to be
// called patiently, and begins anew each time. The client
// library's own ways end early when somebody writes meanwhile, or when a server is
// slow; this one ends when the server says so.
func (s *Store) scan(ctx context.Context, stream jetstream.Stream, c jetstream.ConsumerConfig, f func(*nats.Msg, *nats.MsgMetadata) error) error {
	newest, err := s.newest(ctx, stream, c.FilterSubject)
	if err != nil {
		return err
	}
	c.AckPolicy = jetstream.AckNonePolicy
	c.MemoryStorage = true
	c.Replicas = 1
	c.InactiveThreshold = scanTimeout
	consumer, err := stream.CreateConsumer(ctx, c)
	if err != nil {
		return translate(err)
	}
	info := consumer.CachedInfo()
	defer func() { // when this fails the server forgets it after some time
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
		defer cancel()
		_ = s.js.DeleteConsumer(ctx, info.Stream, info.Name)
	}()
	r := reader{store: s, next: "$JS.API.CONSUMER.MSG.NEXT." + info.Stream + "." + info.Name, f: f}
	for {
		if err := r.readAll(ctx); err != nil {
			return err
		}
		if r.seen >= newest {
			return nil
		}
		// The server of the consumer is behind, or the newest has been removed.
		if newest, err = s.newest(ctx, stream, c.FilterSubject); err != nil {
			return err
		}
		if err := pause(ctx, lag); err != nil {
			return err
		}
	}
}

// newest returns the sequence of the last message of filter that the leader of the
// stream has, or 0. The embedded server leads itself and is never behind.
func (s *Store) newest(ctx context.Context, stream jetstream.Stream, filter string) (uint64, error) {
	if s.replicas == 1 {
		return 0, nil
	}
	m, err := lastOf(ctx, stream, filter)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return m.Sequence, nil
}

// reader reads from one consumer.
type reader struct {
	store *Store
	next  string // the subject to ask for more at
	f     func(*nats.Msg, *nats.MsgMetadata) error
	count uint64 // of the messages so far
	seen  uint64 // the last one's sequence in the stream
}

// readAll reads until the server has nothing more.
func (r *reader) readAll(ctx context.Context) error {
	inbox := r.store.conn.NewInbox()
	sub, err := r.store.conn.SubscribeSync(inbox)
	if err != nil {
		return translate(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	ask, err := json.Marshal(map[string]any{"batch": page, "no_wait": true})
	if err != nil {
		return err
	}
	for more := true; more; {
		if err := r.store.conn.PublishRequest(r.next, inbox, ask); err != nil {
			return translate(err)
		}
		if more, err = r.readPage(ctx, sub); err != nil {
			return err
		}
	}
	return nil
}

// readPage reads the answer to one request, and reports whether there is more.
func (r *reader) readPage(ctx context.Context, sub *nats.Subscription) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	for range page {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return false, translate(err)
		}
		switch status := m.Header.Get(messageHeader); status {
		case "":
		case statusNone, statusNoMore:
			return false, nil
		default:
			return false, fmt.Errorf("%w: %s %s", errLost, status, m.Header.Get("Description"))
		}
		meta, err := m.Metadata()
		if err != nil {
			return false, translate(err)
		}
		if r.count++; meta.Sequence.Consumer != r.count {
			return false, errLost
		}
		if err := r.f(m, meta); err != nil {
			return false, err
		}
		r.seen = meta.Sequence.Stream
	}
	return true, nil
}
