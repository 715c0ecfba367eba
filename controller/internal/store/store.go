// Package store owns what the controller remembers between runs. It is the only
// package that knows NATS: an embedded JetStream, synced at every write and
// encrypted at rest, behind buckets of keys and values in our own terms.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// schema is the version of everything that the buckets hold. A controller that
// changes the form of a value raises it and migrates.
const schema = 1

// Errors that callers branch on.
var (
	ErrNotFound = errors.New("no such key")
	ErrExists   = errors.New("the key exists already")
	ErrConflict = errors.New("changed by another since it was read")
	ErrLocked   = errors.New("another controller uses this store: stop it, or give this one a state folder of its own")
	ErrWrongKey = errors.New("the key does not open this store: put back the key file that was made with it")
	ErrDamaged  = errors.New("the store is damaged: put back a copy of its folder")
	ErrNewer    = errors.New("the store was written by a newer controller: run that version")
)

// Config says where the store lives.
type Config struct {
	Dir     string // the store's own folder, made 0700
	KeyFile string // the encryption key, made 0600 at the first start; may be a systemd credential
	Log     *slog.Logger
}

// Store is an open store. Its methods may be called by many goroutines.
type Store struct {
	dir    string
	lock   *os.File
	server *server.Server
	conn   *nats.Conn
	js     jetstream.JetStream
}

// Open opens the store in c.Dir, and creates it at the first start. It returns
// ErrLocked, ErrWrongKey, ErrDamaged or ErrNewer, wrapped, when it must not be used.
func Open(ctx context.Context, c Config) (*Store, error) {
	s := &Store{dir: c.Dir}
	if err := s.open(ctx, c); err != nil {
		return nil, fmt.Errorf("open store %s: %w", c.Dir, errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, c Config) error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	var err error
	if s.lock, err = lock(filepath.Join(c.Dir, "lock")); err != nil {
		return err
	}
	key, err := loadKey(c.KeyFile, filepath.Join(c.Dir, "key.check"))
	if err != nil {
		return err
	}
	if s.server, err = startServer(c.Dir, key, c.Log); err != nil {
		return err
	}
	if s.conn, err = nats.Connect("", nats.InProcessServer(s.server)); err != nil {
		return fmt.Errorf("connect to the embedded server: %w", err)
	}
	if s.js, err = jetstream.New(s.conn); err != nil {
		return fmt.Errorf("use jetstream: %w", err)
	}
	return s.checkSchema(ctx)
}

// checkSchema writes the schema version at the first start and refuses a later one.
func (s *Store) checkSchema(ctx context.Context) error {
	meta, err := s.Bucket(ctx, BucketConfig{Name: "meta"})
	if err != nil {
		return err
	}
	_, err = meta.Create(ctx, "schema", strconv.AppendInt(nil, schema, 10))
	if !errors.Is(err, ErrExists) {
		return err
	}
	e, err := meta.Get(ctx, "schema")
	if err != nil {
		return err
	}
	switch version, err := strconv.Atoi(string(e.Value)); {
	case err != nil || version < 1:
		return ErrDamaged
	case version > schema:
		return ErrNewer
	}
	return nil
}

// Close stops the store and returns when everything is on disk and the folder is free.
func (s *Store) Close() error {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.server != nil {
		s.server.Shutdown()
		s.server.WaitForShutdown()
	}
	if s.lock != nil {
		return s.lock.Close()
	}
	return nil
}
