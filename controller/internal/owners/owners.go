// Package owners owns the answer to who may see and do what with a torrent:
// ownership and shares, the rules that give away what was added outside, and
// quotas. Boxes never learn any of it. All of it is in memory, so that a question
// costs no more than a look; what changes is on the disk before it counts.
package owners

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/store"
	"offing/tunnel/state"
)

// Key names a torrent of a box.
type Key struct {
	Box  string
	Hash state.Hash
}

// Grant is what one person may do with a torrent.
type Grant struct {
	User   account.User
	Access Access // never None
	// Joined is of an owner who added what the box had already: they have not shown
	// that they know the tracker's secret, and are not told it.
	Joined bool
}

// Secrets tells whether whoever has the grant may read what only a member of the
// torrent's tracker should: announce URLs and what is written by trackers.
func (g Grant) Secrets() bool { return g.Access == Own && !g.Joined }

// People knows who exists. *account.Accounts is one.
type People interface {
	Exists(context.Context, account.User) (bool, error)
}

// Config holds what Owners needs.
type Config struct {
	Store  *store.Store
	People People
	// Notify tells a person what they should know; kind is one of notices'. It may be nil.
	Notify func(ctx context.Context, user account.User, kind, text string)
	Log    *slog.Logger
	Now    func() time.Time // nil = time.Now
}

// Owners keeps what was given to whom. Its methods may be called by many goroutines.
type Owners struct {
	people People
	notify func(context.Context, account.User, string, string)
	log    *slog.Logger
	now    func() time.Time

	buckets  buckets
	index    index
	tally    tally
	watchers watchers
	rules    atomic.Pointer[[]Rule] // the slice is never written to
	newRules chan struct{}          // has room for one: the rules have changed

	// writing is held by whoever changes the store. It comes before the locks of
	// index, tally and watchers, of which no two are held together, but that
	// the tally looks into the index and the boxes' states.
	writing sync.Mutex
}

// buckets are where the store keeps it.
type buckets struct {
	grants store.Bucket // name of a shard → shard
	rules  store.Bucket // rulesKey → all rules
	quotas store.Bucket // user → Quota
}

// Open reads all that was given from c.Store. Follow then keeps it in step with
// the boxes.
func Open(ctx context.Context, c Config) (*Owners, error) {
	var b buckets
	for _, open := range []struct {
		bucket *store.Bucket
		name   string
	}{{&b.grants, "grants"}, {&b.rules, "rules"}, {&b.quotas, "quotas"}} {
		bucket, err := c.Store.Bucket(ctx, store.BucketConfig{Name: open.name})
		if err != nil {
			return nil, fmt.Errorf("open ownership: %w", err)
		}
		*open.bucket = bucket
	}
	return load(ctx, b, c)
}

func load(ctx context.Context, b buckets, c Config) (*Owners, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Notify == nil {
		c.Notify = func(context.Context, account.User, string, string) {}
	}
	o := &Owners{
		people: c.People, notify: c.Notify, log: c.Log, now: c.Now,
		buckets: b, index: newIndex(), tally: newTally(), newRules: make(chan struct{}, 1),
	}
	for _, load := range []func(context.Context) error{o.loadGrants, o.loadRules, o.loadQuotas} {
		if err := load(ctx); err != nil {
			return nil, fmt.Errorf("open ownership: %w", err)
		}
	}
	return o, nil
}

// Grants returns who may see the torrent that the box has under k since added,
// sorted by user. The slice is shared and must not be written to. What was given
// of another torrent of the same hash does not count: whoever had one that was
// removed does not inherit what somebody else adds later. An added of 0, on
// either side, is unknown and fits all.
func (o *Owners) Grants(k Key, added int64) []Grant { return o.index.get(k).of(added) }

// Access returns what u may do with the torrent that the box has under k since added.
func (o *Owners) Access(u account.User, k Key, added int64) Access {
	return AccessOf(o.Grants(k, added), u)
}

// Exists tells whether there is a person of that name.
func (o *Owners) Exists(ctx context.Context, u account.User) (bool, error) {
	return o.people.Exists(ctx, u)
}

// Torrents returns all that u was given, in no order. Whether it still counts,
// Access says.
func (o *Owners) Torrents(u account.User) []Key { return o.index.of(u) }

// Watch calls f after each change of what was given of a torrent, until stop is
// called. f must neither block nor change anything here.
func (o *Owners) Watch(f func(Key)) (stop func()) { return o.watchers.add(f) }
