// Package store owns what the controller remembers between runs. It is the only
// package that knows NATS: an embedded JetStream, synced at every write and
// encrypted at rest, or a cluster outside, behind buckets of keys and values and
// journals of records in our own terms.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Errors that callers branch on.
var (
	ErrNotFound = errors.New("no such key")
	ErrExists   = errors.New("the key exists already")
	ErrConflict = errors.New("changed by another since it was read")
	ErrKey      = errors.New("a key has 1 to 256 bytes")
	ErrLocked   = errors.New("another controller uses this store: stop it, or give this one a state folder of its own")
	ErrWrongKey = errors.New("the key does not open this store: put back the key file that was made with it")
	ErrDamaged  = errors.New("the store is damaged: put back a copy of its folder")
	ErrNewer    = errors.New("the store was written by a newer controller: run that version")
)

// Config says where the store lives: in a folder, or in a cluster of NATS servers
// with JetStream. A cluster looks after its own disks and their encryption.
type Config struct {
	Dir     string // the store's own folder, made 0700
	KeyFile string // the encryption key, made 0600 at the first start; may be a systemd credential

	URL         string // of the cluster, servers separated by commas, instead of Dir and KeyFile; tls:// for TLS
	Credentials string // file with the user's JWT and seed for the cluster; empty for none
	Replicas    int    // how many of the cluster's servers keep each value: 1 or 3

	// Migrations[i] leads from version i+1 of the schema to i+2. A new store begins at
	// the newest version.
	Migrations []Migration

	Log *slog.Logger
}

// Store is an open store. Its methods may be called by many goroutines.
type Store struct {
	dir      string
	log      *slog.Logger
	lock     *os.File       // nil with a cluster
	server   *server.Server // nil with a cluster
	conn     *nats.Conn
	js       jetstream.JetStream
	replicas int
	leaseTTL time.Duration
}

// Open opens the store, and creates it at the first start. It returns ErrLocked,
// ErrWrongKey, ErrDamaged or ErrNewer, wrapped, when it must not be used.
func Open(ctx context.Context, c Config) (*Store, error) {
	s := &Store{dir: c.Dir, log: c.Log, replicas: 1, leaseTTL: leaseTTL}
	if err := s.open(ctx, c); err != nil {
		return nil, fmt.Errorf("open store %s: %w", place(c), errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, c Config) (err error) {
	if c.URL != "" {
		s.replicas = max(c.Replicas, 1)
		s.conn, err = connect(c)
	} else {
		err = s.embed(c)
	}
	if err != nil {
		return err
	}
	if s.js, err = jetstream.New(s.conn); err != nil {
		return fmt.Errorf("use jetstream: %w", err)
	}
	return s.migrate(ctx, c.Migrations)
}

// embed starts the embedded server on c.Dir and connects to it.
func (s *Store) embed(c Config) error {
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
	if err := repairSums(c.Dir); err != nil {
		return err
	}
	if s.server, err = startServer(c.Dir, key, c.Log); err != nil {
		return err
	}
	if s.conn, err = nats.Connect("", nats.InProcessServer(s.server)); err != nil {
		return fmt.Errorf("connect to the embedded server: %w", err)
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

// place says where the store is, without the address of a cluster.
func place(c Config) string {
	if c.URL != "" {
		return "in the cluster"
	}
	return c.Dir
}
