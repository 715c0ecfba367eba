package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// maxBatch is how many writes the server takes in one batch.
const maxBatch = 1000

// Op says what a Write does, each as the method of a Bucket with that name.
type Op string

// The kinds of writes.
const (
	Put    Op = "put"
	Create Op = "create"
	Update Op = "update"
	Delete Op = "delete"
)

// Write is one write of a batch.
type Write struct {
	Op       Op
	Key      string
	Value    []byte // not of Delete
	Revision uint64 // of Update and Delete: the one that must be the present one
}

func (b *bucket) Put(ctx context.Context, key string, value []byte) (uint64, error) {
	return b.write(ctx, []Write{{Put, key, value, 0}})
}

func (b *bucket) Create(ctx context.Context, key string, value []byte) (uint64, error) {
	revision, err := b.write(ctx, []Write{{Create, key, value, 0}})
	if errors.Is(err, ErrConflict) { // another creates it at this moment
		err = ErrExists
	}
	return revision, err
}

func (b *bucket) Update(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	return b.write(ctx, []Write{{Update, key, value, revision}})
}

func (b *bucket) Delete(ctx context.Context, key string, revision uint64) error {
	_, err := b.write(ctx, []Write{{Delete, key, nil, revision}})
	return err
}

func (b *bucket) Batch(ctx context.Context, writes []Write) error {
	if len(writes) == 0 {
		return nil
	}
	if len(writes) > maxBatch {
		return fmt.Errorf("store: %d writes in one batch; %d are possible", len(writes), maxBatch)
	}
	keys := make(map[string]bool, len(writes))
	for _, w := range writes {
		if keys[w.Key] {
			return errors.New("store: a batch writes the same key twice")
		}
		keys[w.Key] = true
	}
	_, err := b.write(ctx, writes)
	return err
}

// write does all writes or none, and returns the revision of the last.
func (b *bucket) write(ctx context.Context, writes []Write) (uint64, error) {
	ctx, cancel := within(ctx, writeTimeout)
	defer cancel()
	markers := map[string]uint64{}
	for {
		msgs, err := b.messages(writes, markers)
		if err != nil {
			return 0, err
		}
		revision, err := b.store.publish(ctx, msgs)
		if !errors.Is(err, ErrConflict) {
			return revision, err
		}
		// A deleted key leaves a marker with a revision, and may be created anew.
		found, err := b.markers(ctx, writes)
		if err != nil {
			return 0, err
		}
		if maps.Equal(found, markers) {
			return 0, ErrConflict
		}
		markers = found
	}
}

// markers returns the revisions of the markers that stand where writes create
// something, or ErrExists when a value stands there.
func (b *bucket) markers(ctx context.Context, writes []Write) (map[string]uint64, error) {
	markers := map[string]uint64{}
	for _, w := range writes {
		if w.Op != Create {
			continue
		}
		m, err := b.last(ctx, w.Key)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return nil, err
		case !isMarker(m.Header):
			return nil, ErrExists
		default:
			markers[w.Key] = m.Sequence
		}
	}
	return markers, nil
}

// messages returns what says the writes to the server.
func (b *bucket) messages(writes []Write, markers map[string]uint64) ([]*nats.Msg, error) {
	msgs := make([]*nats.Msg, len(writes))
	for i, w := range writes {
		key, err := encode(w.Key)
		if err != nil {
			return nil, err
		}
		if len(w.Value) > maxValue {
			return nil, fmt.Errorf("store: a value of %d bytes; %d are possible", len(w.Value), maxValue)
		}
		m := nats.NewMsg(b.prefix + key)
		m.Data = w.Value
		switch w.Op {
		case Put:
		case Create:
			expect(m, markers[w.Key])
		case Update, Delete:
			if w.Revision == 0 { // to the server: create, or whatever is there
				return nil, ErrConflict
			}
			expect(m, w.Revision)
		default:
			return nil, fmt.Errorf("store: there is no write %q", w.Op)
		}
		if w.Op == Delete {
			b.mark(m)
		}
		msgs[i] = m
	}
	return msgs, nil
}

// expect makes m conditional: revision is the present one of its key; 0 = none.
func expect(m *nats.Msg, revision uint64) {
	m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(revision, 10))
}

// mark makes m the marker of a deleted key (ADR-8).
func (b *bucket) mark(m *nats.Msg) {
	m.Data = nil
	m.Header.Set(operation, "PURGE")
	m.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	if b.markerTTL > 0 {
		m.Header.Set(jetstream.MsgTTLHeader, b.markerTTL.String())
	}
}

// operation is the header of a marker (ADR-8).
const operation = "KV-Operation"

// isMarker reports whether a message with these headers says that a key has no
// value: one of ours, or one that the server made of a value that expired.
func isMarker(h nats.Header) bool {
	return h.Get(operation) != "" || h.Get(jetstream.MarkerReasonHeader) != ""
}
