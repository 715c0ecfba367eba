package store

import (
	"context"
	"encoding/base32"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// markerTTL is how long a deleted key leaves a trace in a bucket without a TTL.
	markerTTL = time.Hour
	// maxKey keeps a key, encoded, well within what the server takes as a subject.
	maxKey = 256
	// maxHeader is more than the headers of any message of ours, in bytes.
	maxHeader = 1 << 10
)

// Entry is one value as it was at one revision.
type Entry struct {
	Value    []byte
	Revision uint64 // at least 1; grows with every write to the bucket
}

// Item is an entry and its key.
type Item struct {
	Key string
	Entry
}

// BucketConfig describes a bucket.
type BucketConfig struct {
	Name string        // letters, digits, - and _
	TTL  time.Duration // how long a value lives after its last write, at least a second; 0 = for good
}

// Bucket is a set of values of at most 256 KiB under keys of any content, 1 to 256
// bytes. A write that returned is on the disk. A write that failed for another
// reason than the errors named here may have happened nevertheless; Create and
// Update can be repeated safely, since the repetition then says ErrExists or
// ErrConflict. Contexts without a deadline get one: five seconds, and thirty for
// Keys and All.
type Bucket interface {
	// Get returns the present value, or ErrNotFound.
	Get(ctx context.Context, key string) (Entry, error)
	// Put writes value whatever was there, and returns its revision.
	Put(ctx context.Context, key string, value []byte) (uint64, error)
	// Create writes value when there is none, else ErrExists.
	Create(ctx context.Context, key string, value []byte) (uint64, error)
	// Update writes value when revision is the present one, else ErrConflict.
	Update(ctx context.Context, key string, value []byte, revision uint64) (uint64, error)
	// Delete removes the value when revision is the present one, else ErrConflict.
	// Of any number of callers with the same revision exactly one gets nil.
	Delete(ctx context.Context, key string, revision uint64) error
	// Batch does all of the writes, at most 1000 and each to another key, or none of
	// them. It returns ErrExists or ErrConflict, and has written nothing, when one of
	// them alone would have. No Get sees a part of it; All and Keys may while it is
	// being written. Doing nothing succeeds. The embedded server keeps a batch in a
	// folder of its own at first, so one costs as much as dozens of single writes,
	// however few it has.
	Batch(ctx context.Context, writes []Write) error
	// Keys returns the keys that have a value, in no order.
	Keys(ctx context.Context) ([]string, error)
	// All returns every value with its key, in no order. What has a value all the
	// while is in it, whatever is written meanwhile.
	All(ctx context.Context) ([]Item, error)
}

// Bucket opens a bucket, and creates it when there is none. It returns
// ErrDamaged when the disk has one that cannot be read: making a new one in its
// place would lose it without a word.
func (s *Store) Bucket(ctx context.Context, c BucketConfig) (Bucket, error) {
	b := &bucket{store: s, prefix: "$KV." + c.Name + "."}
	if c.TTL == 0 {
		b.markerTTL = markerTTL
	}
	var err error
	if b.stream, err = s.stream(ctx, b.config(c)); err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", c.Name, err)
	}
	return b, nil
}

// config follows the conventions of NATS for key-value buckets (ADR-8), so that
// its own tools can read one.
func (b *bucket) config(c BucketConfig) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:              "KV_" + c.Name,
		Subjects:          []string{b.prefix + ">"},
		MaxMsgsPerSubject: 1,
		MaxMsgs:           unbounded,
		MaxAge:            c.TTL,
		Discard:           jetstream.DiscardNew,
		AllowRollup:       true,
		DenyDelete:        true,
		// Any server of a cluster would answer a direct question, with what it has so
		// far: a session that was ended could still be seen.
		AllowDirect:            b.store.replicas == 1,
		AllowMsgTTL:            b.markerTTL > 0,
		SubjectDeleteMarkerTTL: b.markerTTL,
		AllowAtomicPublish:     true,
	}
}

type bucket struct {
	store     *Store
	stream    jetstream.Stream
	prefix    string        // of the subjects
	markerTTL time.Duration // 0 = the bucket's own TTL removes markers
}

// encoding makes a key of any content safe for a NATS subject.
var encoding = base32.HexEncoding.WithPadding(base32.NoPadding)

// encode returns the key as the server knows it, or ErrKey: an empty subject means
// something else to the server, and a long one would cost the connection.
func encode(key string) (string, error) {
	if key == "" || len(key) > maxKey {
		return "", ErrKey
	}
	return encoding.EncodeToString([]byte(key)), nil
}

// decode is the inverse of encode, and takes nothing that encode does not make: the
// decoder underneath passes over line breaks and the bits that are left over.
func decode(encoded string) (string, error) {
	key, err := encoding.DecodeString(encoded)
	if err != nil || len(key) == 0 || len(key) > maxKey || encoding.EncodeToString(key) != encoded {
		return "", ErrDamaged
	}
	return string(key), nil
}
