package store

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// markerTTL is how long a deleted key leaves a trace in a bucket without a TTL.
	markerTTL = time.Hour
	// maxKey keeps a key, encoded, well within what the server takes as a subject.
	maxKey = 256
)

// Entry is one value as it was at one revision.
type Entry struct {
	Value    []byte
	Revision uint64 // at least 1; grows with every write to the bucket
}

// BucketConfig describes a bucket.
type BucketConfig struct {
	Name string        // letters, digits, - and _
	TTL  time.Duration // how long a value lives after its last write, at least a second; 0 = for good
}

// Bucket is a set of values under keys of any content, 1 to 256 bytes. A write that returned is
// on the disk. A write that failed for another reason than the errors named here
// may have happened nevertheless; Create and Update can be repeated safely, since
// the repetition then says ErrExists or ErrConflict. Contexts without a deadline
// get one of five seconds.
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
	// Keys returns the keys that have a value, in no order.
	Keys(ctx context.Context) ([]string, error)
}

// Bucket opens a bucket, and creates it when there is none. It returns
// ErrDamaged when the disk has one that cannot be read: making a new one in its
// place would lose it without a word.
func (s *Store) Bucket(ctx context.Context, c BucketConfig) (Bucket, error) {
	_, err := s.js.KeyValue(ctx, c.Name)
	if err != nil && !errors.Is(err, jetstream.ErrBucketNotFound) {
		return nil, fmt.Errorf("open bucket %s: %w", c.Name, err)
	}
	if err != nil && s.onDisk(c.Name) {
		return nil, fmt.Errorf("open bucket %s: %w", c.Name, ErrDamaged)
	}
	config := jetstream.KeyValueConfig{Bucket: c.Name, TTL: c.TTL, MaxValueSize: maxValue}
	if c.TTL == 0 {
		config.LimitMarkerTTL = markerTTL
	}
	kv, err := s.js.CreateOrUpdateKeyValue(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("create bucket %s: %w", c.Name, err)
	}
	return &bucket{kv, config.LimitMarkerTTL}, nil
}

// onDisk reports whether the server's folder has a bucket that was created in full.
func (s *Store) onDisk(name string) bool {
	meta := filepath.Join(s.dir, server.JetStreamStoreDir, "$G", "streams", "KV_"+name, server.JetStreamMetaFile)
	_, err := os.Stat(meta)
	return !errors.Is(err, fs.ErrNotExist)
}

type bucket struct {
	kv        jetstream.KeyValue
	markerTTL time.Duration // 0 = the bucket's own TTL removes markers
}

// encoding makes a key of any content safe for a NATS subject.
var encoding = base32.HexEncoding.WithPadding(base32.NoPadding)

// encode returns the key as the server knows it. What is out of bounds becomes
// empty, which the client refuses; a long subject would cost it the connection.
func encode(key string) string {
	if len(key) > maxKey {
		return ""
	}
	return encoding.EncodeToString([]byte(key))
}

func (b *bucket) Get(ctx context.Context, key string) (Entry, error) {
	e, err := b.kv.Get(ctx, encode(key))
	if err != nil {
		return Entry{}, translate(err)
	}
	return Entry{e.Value(), e.Revision()}, nil
}

func (b *bucket) Put(ctx context.Context, key string, value []byte) (uint64, error) {
	revision, err := b.kv.Put(ctx, encode(key), value)
	return revision, translate(err)
}

func (b *bucket) Create(ctx context.Context, key string, value []byte) (uint64, error) {
	revision, err := b.kv.Create(ctx, encode(key), value)
	if err = translate(err); errors.Is(err, ErrConflict) {
		err = ErrExists
	}
	return revision, err
}

func (b *bucket) Update(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	if revision == 0 { // to the server: create
		return 0, ErrConflict
	}
	revision, err := b.kv.Update(ctx, encode(key), value, revision)
	return revision, translate(err)
}

func (b *bucket) Delete(ctx context.Context, key string, revision uint64) error {
	if revision == 0 { // to the server: whatever is there
		return ErrConflict
	}
	opts := []jetstream.KVDeleteOpt{jetstream.LastRevision(revision)}
	if b.markerTTL > 0 {
		opts = append(opts, jetstream.PurgeTTL(b.markerTTL))
	}
	return translate(b.kv.Purge(ctx, encode(key), opts...))
}

func (b *bucket) Keys(ctx context.Context) ([]string, error) {
	keys, err := b.kv.Keys(ctx)
	if errors.Is(err, jetstream.ErrNoKeysFound) {
		return nil, nil
	}
	if err != nil {
		return nil, translate(err)
	}
	for i, encoded := range keys {
		key, err := encoding.DecodeString(encoded)
		if err != nil {
			return nil, ErrDamaged
		}
		keys[i] = string(key)
	}
	return keys, nil
}

// translate says an error of the server in this package's words.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrKeyNotFound): // also of deleted keys
		return ErrNotFound
	case errors.Is(err, jetstream.ErrKeyExists), errors.Is(err, jetstream.ErrKeyRevisionMismatch), wrongSequence(err):
		return ErrConflict
	}
	return fmt.Errorf("store: %w", err)
}

func wrongSequence(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}
