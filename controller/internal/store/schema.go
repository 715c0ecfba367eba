package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Migration changes what the store holds from the form of one version of the
// schema to that of the next. A crash may end it anywhere, and it is then called
// again: it must be able to go on from what it finds, and must not undo what it did.
// It stops when ctx ends.
type Migration func(ctx context.Context, s *Store) error

const (
	schemaKey = "schema"
	// leaseTTL is how long other controllers wait for one that died while migrating.
	leaseTTL = 15 * time.Second
	// leasePause is how often they look whether it has finished.
	leasePause = 200 * time.Millisecond
)

// migrate brings the store to the version after the last migration. The version is
// written after each migration, so that one that was not finished is repeated.
func (s *Store) migrate(ctx context.Context, migrations []Migration) error {
	meta, err := s.Bucket(ctx, BucketConfig{Name: "meta"})
	if err != nil {
		return err
	}
	newest := 1 + len(migrations)
	_, err = meta.Create(ctx, schemaKey, strconv.AppendInt(nil, int64(newest), 10))
	if !errors.Is(err, ErrExists) {
		return err // nil: the store is new
	}
	version, _, err := readVersion(ctx, meta, newest)
	if err != nil || version == newest {
		return err
	}
	ctx, release, err := s.lease(ctx)
	if err != nil {
		return err
	}
	defer release()
	// Another controller may have migrated while this one waited for the lease.
	version, revision, err := readVersion(ctx, meta, newest)
	for ; err == nil && version < newest; version++ {
		s.log.Info("store: migrating", "from", version, "to", version+1)
		if err := migrations[version-1](ctx, s); err != nil {
			return fmt.Errorf("migrate from schema %d to %d: %w", version, version+1, errors.Join(err, context.Cause(ctx)))
		}
		revision, err = meta.Update(ctx, schemaKey, strconv.AppendInt(nil, int64(version+1), 10), revision)
	}
	return err
}

// readVersion returns the version of the store, 1 to newest, and its revision.
func readVersion(ctx context.Context, meta Bucket, newest int) (version int, revision uint64, err error) {
	e, err := meta.Get(ctx, schemaKey)
	if err != nil {
		return 0, 0, err
	}
	version, err = strconv.Atoi(string(e.Value))
	switch {
	case err != nil || version < 1:
		return 0, 0, ErrDamaged
	case version > newest:
		return 0, 0, ErrNewer
	}
	return version, e.Revision, nil
}

// errLeaseLost is the cause of the end of a lease's context.
var errLeaseLost = errors.New("another controller has taken over")

// lease waits until no other controller migrates. The context that it returns ends
// when the lease is lost. A folder's lock is lease enough: its holder is alone.
func (s *Store) lease(ctx context.Context) (held context.Context, release func(), err error) {
	if s.lock != nil {
		return ctx, func() {}, nil
	}
	b, err := s.Bucket(ctx, BucketConfig{Name: "lease", TTL: s.leaseTTL})
	if err != nil {
		return nil, nil, err
	}
	l := lease{b: b, holder: []byte(rand.Text()), ttl: s.leaseTTL}
	for {
		l.revision, err = b.Create(ctx, leaseKey, l.holder)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrExists) {
			return nil, nil, err
		}
		if err := pause(ctx, leasePause); err != nil {
			return nil, nil, err
		}
	}
	held, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cancel(l.keep(held))
	}()
	return held, func() {
		cancel(nil)
		<-ended
		// When this fails the lease runs out by itself.
		_ = b.Delete(context.WithoutCancel(ctx), leaseKey, l.revision)
	}, nil
}

const leaseKey = "migration"

// lease is the right to migrate.
type lease struct {
	b        Bucket
	holder   []byte
	ttl      time.Duration
	revision uint64
}

// keep renews the lease until ctx ends, or returns errLeaseLost.
func (l *lease) keep(ctx context.Context) error {
	renewed := time.Now()
	for pause(ctx, l.ttl/4) == nil {
		revision, err := l.b.Update(ctx, leaseKey, l.holder, l.revision)
		switch {
		case err == nil:
			l.revision, renewed = revision, time.Now()
		case errors.Is(err, ErrConflict), time.Since(renewed) > l.ttl*3/4:
			return errLeaseLost
		}
	}
	return nil
}
