package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// duplicates is how long the server remembers the id of a message. We send none.
	duplicates = 2 * time.Minute
	// unbounded says "as many as there are" to the server.
	unbounded = -1
)

// streamName is what the server takes as the name of a stream.
var streamName = regexp.MustCompile(`^[A-Za-z]+_[A-Za-z0-9_-]{1,64}$`)

// stream opens a stream as c describes it, and creates it when there is none.
func (s *Store) stream(ctx context.Context, c jetstream.StreamConfig) (jetstream.Stream, error) {
	if !streamName.MatchString(c.Name) {
		return nil, errors.New("a name has letters, digits, - and _ only")
	}
	c.Storage = jetstream.FileStorage
	c.Replicas = s.replicas
	c.MaxMsgSize = maxValue + maxHeader
	c.Duplicates = duplicates
	if c.MaxAge > 0 {
		c.Duplicates = min(c.Duplicates, c.MaxAge)
	}
	ctx, cancel := within(ctx, openTimeout)
	defer cancel()
	var stream jetstream.Stream
	// Looked at once: what a try of ours leaves behind, which a slow disk made too long,
	// is no damage.
	there := s.onDisk(c.Name)
	// A cluster does not answer when two open the same stream at the same moment.
	err := patiently(ctx, openTry, func(ctx context.Context) (err error) {
		stream, err = s.tryStream(ctx, c, there)
		return err
	})
	if err != nil {
		return nil, explain(err)
	}
	// An older server passes over what it does not know of.
	if c.AllowAtomicPublish && !stream.CachedInfo().Config.AllowAtomicPublish {
		return nil, errors.New("the cluster's servers are too old: nats-server 2.12 or later is needed")
	}
	return stream, nil
}

func (s *Store) tryStream(ctx context.Context, c jetstream.StreamConfig, there bool) (jetstream.Stream, error) {
	stream, err := s.js.Stream(ctx, c.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if there {
			return nil, ErrDamaged
		}
		return s.js.CreateStream(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	// What is the same already is left alone: an update writes it to the disk anew.
	have := stream.CachedInfo().Config
	if want := overlay(have, c); !reflect.DeepEqual(have, want) {
		return s.js.UpdateStream(ctx, want)
	}
	return stream, nil
}

// overlay returns have with all that this package has a say in from c.
func overlay(have, c jetstream.StreamConfig) jetstream.StreamConfig {
	have.Subjects, have.Storage, have.Replicas = c.Subjects, c.Storage, c.Replicas
	have.MaxMsgs, have.MaxMsgsPerSubject, have.MaxMsgSize = c.MaxMsgs, c.MaxMsgsPerSubject, c.MaxMsgSize
	have.MaxAge, have.Duplicates, have.Discard = c.MaxAge, c.Duplicates, c.Discard
	have.AllowRollup, have.DenyDelete, have.AllowDirect = c.AllowRollup, c.DenyDelete, c.AllowDirect
	have.AllowMsgTTL, have.SubjectDeleteMarkerTTL = c.AllowMsgTTL, c.SubjectDeleteMarkerTTL
	have.AllowAtomicPublish = c.AllowAtomicPublish
	return have
}

// explain says what to do about a cluster that cannot hold a stream.
func explain(err error) error {
	if c := code(err); c == noPeers || c == notClustered {
		return fmt.Errorf("%w: the cluster must have as many servers with JetStream as store.replicas says", err)
	}
	return err
}

// onDisk reports whether the embedded server's folder has a stream that was
// created in full.
func (s *Store) onDisk(name string) bool {
	if s.server == nil {
		return false
	}
	meta := filepath.Join(s.dir, server.JetStreamStoreDir, "$G", "streams", name, server.JetStreamMetaFile)
	_, err := os.Stat(meta)
	return !errors.Is(err, fs.ErrNotExist)
}
