package owners

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"offing/controller/internal/account"
	"offing/controller/internal/store"
)

// index is what the store holds, in memory. It is safe for concurrent use.
type index struct {
	mu     sync.RWMutex
	shards map[shardName]shard
	users  map[account.User]map[shardName]int // how many torrents of which shards they were given
}

// shard is one value of the store as it was at one revision, 0 when there is none.
type shard struct {
	revision uint64
	torrents torrents
}

func newIndex() index {
	return index{shards: map[shardName]shard{}, users: map[account.User]map[shardName]int{}}
}

func (x *index) shard(n shardName) shard {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.shards[n]
}

// get returns what is kept under k, or the zero record.
func (x *index) get(k Key) record { return x.shard(k.shard()).torrents[k.Hash] }

// of returns all that u was given. It looks through the shards in which there is
// some of it: a list for each person would take more memory than all else.
func (x *index) of(u account.User) []Key {
	x.mu.RLock()
	names := slices.Collect(maps.Keys(x.users[u]))
	x.mu.RUnlock()
	var keys []Key
	for _, n := range names {
		for h, r := range x.shard(n).torrents {
			if AccessOf(r.grants, u) != None {
				keys = append(keys, Key{n.box, h})
			}
		}
	}
	return keys
}

// box returns all that was given of a box.
func (x *index) box(name string) []Key {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var keys []Key
	for first := range 256 {
		n := shardName{name, byte(first)}
		for h := range x.shards[n].torrents {
			keys = append(keys, Key{name, h})
		}
	}
	return keys
}

// put replaces a shard, and returns the keys of what is now otherwise.
func (x *index) put(n shardName, next shard) []Key {
	x.mu.Lock()
	defer x.mu.Unlock()
	before := x.shards[n].torrents
	var changed []Key
	for h, r := range before {
		if now := next.torrents[h]; !now.equal(r) {
			changed = append(changed, Key{n.box, h})
			x.countLocked(n, r.grants, -1)
			x.countLocked(n, now.grants, 1)
		}
	}
	for h, r := range next.torrents {
		if _, ok := before[h]; !ok {
			changed = append(changed, Key{n.box, h})
			x.countLocked(n, r.grants, 1)
		}
	}
	if next.revision == 0 {
		delete(x.shards, n)
	} else {
		x.shards[n] = next
	}
	return changed
}

// countLocked counts a torrent of a shard to those who have it, or off.
func (x *index) countLocked(n shardName, grants []Grant, times int) {
	for _, g := range grants {
		of := x.users[g.User]
		if of == nil {
			of = map[shardName]int{}
			x.users[g.User] = of
		}
		if of[n] += times; of[n] == 0 {
			delete(of, n)
		}
		if len(of) == 0 {
			delete(x.users, g.User)
		}
	}
}

// loadGrants reads all shards.
func (o *Owners) loadGrants(ctx context.Context) error {
	items, err := o.buckets.grants.All(ctx)
	if err != nil {
		return err
	}
	names := map[string]account.User{}
	for _, item := range items {
		n, err := parseShardName(item.Key)
		if err != nil {
			return err
		}
		ts, err := decodeTorrents(n, item.Value, names)
		if err != nil {
			return err
		}
		o.index.put(n, shard{item.Revision, ts})
	}
	return nil
}

// readShard returns a shard as the store has it.
func (o *Owners) readShard(ctx context.Context, n shardName, names map[string]account.User) (shard, error) {
	e, err := o.buckets.grants.Get(ctx, n.String())
	if errors.Is(err, store.ErrNotFound) {
		return shard{}, nil
	}
	if err != nil {
		return shard{}, err
	}
	ts, err := decodeTorrents(n, e.Value, names)
	return shard{e.Revision, ts}, err
}
