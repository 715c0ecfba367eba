package store

import (
	"context"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func (b *bucket) Get(ctx context.Context, key string) (Entry, error) {
	ctx, cancel := within(ctx, readTimeout)
	defer cancel()
	m, err := b.last(ctx, key)
	if err != nil {
		return Entry{}, err
	}
	if isMarker(m.Header) {
		return Entry{}, ErrNotFound
	}
	return Entry{m.Data, m.Sequence}, nil
}

// last returns the present message of key, a marker too, or ErrNotFound.
func (b *bucket) last(ctx context.Context, key string) (*jetstream.RawStreamMsg, error) {
	encoded, err := encode(key)
	if err != nil {
		return nil, err
	}
	return lastOf(ctx, b.stream, b.prefix+encoded)
}

// lastOf returns the last message of a subject, or ErrNotFound.
func lastOf(ctx context.Context, stream jetstream.Stream, subject string) (m *jetstream.RawStreamMsg, err error) {
	err = patiently(ctx, readTry, func(ctx context.Context) error {
		if m, err = stream.GetLastMsgForSubject(ctx, subject); err != nil {
			return translate(err)
		}
		return nil
	})
	return m, err
}

func (b *bucket) Keys(ctx context.Context) ([]string, error) {
	items, err := b.items(ctx, true)
	if err != nil {
		return nil, err
	}
	keys := make([]string, 0, len(items))
	for key := range items {
		keys = append(keys, key)
	}
	return keys, nil
}

func (b *bucket) All(ctx context.Context) ([]Item, error) {
	found, err := b.items(ctx, false)
	if err != nil {
		return nil, err
	}
	items := make([]Item, 0, len(found))
	for key, e := range found {
		items = append(items, Item{key, e})
	}
	return items, nil
}

// items reads the whole bucket, or its keys alone. A key that is written meanwhile
// comes again.
func (b *bucket) items(ctx context.Context, keysOnly bool) (items map[string]Entry, err error) {
	c := jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy,
		FilterSubject: b.prefix + ">",
		HeadersOnly:   keysOnly,
	}
	ctx, cancel := within(ctx, scanTimeout)
	defer cancel()
	err = patiently(ctx, scanTimeout, func(ctx context.Context) error {
		items = map[string]Entry{}
		return b.store.scan(ctx, b.stream, c, func(m *nats.Msg, meta *nats.MsgMetadata) error {
			key, err := decode(strings.TrimPrefix(m.Subject, b.prefix))
			switch {
			case err != nil:
				return err
			case isMarker(m.Header):
				delete(items, key)
			default:
				items[key] = Entry{m.Data, meta.Sequence.Stream}
			}
			return nil
		})
	})
	return items, err
}
