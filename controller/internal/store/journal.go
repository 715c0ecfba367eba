package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// JournalConfig describes a journal. What is over a bound goes, the oldest first.
type JournalConfig struct {
	Name       string        // letters, digits, - and _
	MaxAge     time.Duration // how long a record stays; 0 = no bound
	PerSubject int           // how many records of one subject stay; 0 = no bound
	Max        int           // how many records stay; 0 = no bound
}

// Record is one entry of a journal.
type Record struct {
	Seq     uint64    // at least 1; grows with every record of the journal
	Subject string    // what it is about
	At      time.Time // when the store took it
	Value   []byte
}

// Journal is a list of records to which more are only ever appended. A subject has
// any content of 1 to 256 bytes, a value at most 256 KiB. Contexts without a
// deadline get one: five seconds, and thirty for Last.
type Journal struct {
	store  *Store
	stream jetstream.Stream
	prefix string // of the subjects
}

// Journal opens a journal, and creates it when there is none. It returns
// ErrDamaged as Bucket does.
func (s *Store) Journal(ctx context.Context, c JournalConfig) (*Journal, error) {
	j := &Journal{store: s, prefix: "journal." + c.Name + "."}
	var err error
	j.stream, err = s.stream(ctx, jetstream.StreamConfig{
		Name:              "J_" + c.Name,
		Subjects:          []string{j.prefix + "*"},
		MaxAge:            c.MaxAge,
		MaxMsgsPerSubject: int64(bound(c.PerSubject)),
		MaxMsgs:           int64(bound(c.Max)),
		Discard:           jetstream.DiscardOld,
		DenyDelete:        true,
	})
	if err != nil {
		return nil, fmt.Errorf("open journal %s: %w", c.Name, err)
	}
	return j, nil
}

// bound says "no bound" as the server does.
func bound(n int) int {
	if n == 0 {
		return unbounded
	}
	return n
}

// Append writes a record and returns its Seq. When it returns nil the record is
// on the disk; when it fails the record may have been written nevertheless.
func (j *Journal) Append(ctx context.Context, subject string, value []byte) (uint64, error) {
	encoded, err := encode(subject)
	if err != nil {
		return 0, err
	}
	if len(value) > maxValue {
		return 0, fmt.Errorf("store: a value of %d bytes; %d are possible", len(value), maxValue)
	}
	ctx, cancel := within(ctx, writeTimeout)
	defer cancel()
	m := nats.NewMsg(j.prefix + encoded)
	m.Data = value
	return j.store.publish(ctx, []*nats.Msg{m})
}

// Last returns the last n records of subject, or of all subjects when it is empty,
// the oldest first. What one subject has is read whole to find them.
func (j *Journal) Last(ctx context.Context, subject string, n int) ([]Record, error) {
	if n <= 0 {
		return nil, nil
	}
	ctx, cancel := within(ctx, scanTimeout)
	defer cancel()
	if subject != "" {
		encoded, err := encode(subject)
		if err != nil {
			return nil, err
		}
		return j.read(ctx, j.prefix+encoded, 1, n)
	}
	first, last, err := j.extent(ctx)
	if err != nil {
		return nil, err
	}
	start := max(first, last-min(last, uint64(n))+1)
	records, err := j.read(ctx, j.prefix+"*", start, n)
	if err != nil || len(records) == n || start <= first {
		return records, err
	}
	return j.read(ctx, j.prefix+"*", 1, n) // some were forgotten
}

// extent returns the first and the last Seq of all records.
func (j *Journal) extent(ctx context.Context) (first, last uint64, err error) {
	err = patiently(ctx, readTry, func(ctx context.Context) error {
		info, err := j.stream.Info(ctx)
		if err != nil {
			return translate(err)
		}
		first, last = info.State.FirstSeq, info.State.LastSeq
		return nil
	})
	return first, last, err
}

// read returns the last n records that filter matches, from the sequence start on.
func (j *Journal) read(ctx context.Context, filter string, start uint64, n int) (records []Record, err error) {
	c := jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:   max(start, 1),
		FilterSubject: filter,
	}
	err = patiently(ctx, scanTimeout, func(ctx context.Context) error {
		records = nil
		return j.store.scan(ctx, j.stream, c, func(m *nats.Msg, meta *nats.MsgMetadata) error {
			subject, err := decode(strings.TrimPrefix(m.Subject, j.prefix))
			if err != nil {
				return err
			}
			records = append(records, Record{meta.Sequence.Stream, subject, meta.Timestamp, m.Data})
			if len(records) >= 2*n { // so that no more than twice n are ever held
				records = append(records[:0], records[len(records)-n:]...)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return records[max(0, len(records)-n):], nil
}

// Forget removes all records of subject.
func (j *Journal) Forget(ctx context.Context, subject string) error {
	encoded, err := encode(subject)
	if err != nil {
		return err
	}
	ctx, cancel := within(ctx, writeTimeout)
	defer cancel()
	return patiently(ctx, readTry, func(ctx context.Context) error { // may be repeated, as reading may
		if err := j.stream.Purge(ctx, jetstream.WithPurgeSubject(j.prefix+encoded)); err != nil {
			return translate(err)
		}
		return nil
	})
}
