package owners

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"offing/controller/internal/account"
	"offing/controller/internal/store"
)

// maxTries bounds how often a write that another controller was faster with is
// made anew.
const maxTries = 8

// edit turns what is kept of a torrent into what shall be kept; without grants
// nothing is. It may be called several times, and must not write to the grants.
type edit func(Key, record) record

// editLocked applies f to what is kept of each of keys, in the store first and
// then in memory, and tells who watches. It returns how many torrents are now
// otherwise. An error can come after some of them: each is as it was or as it
// shall be, and doing it again does the rest.
func (o *Owners) editLocked(ctx context.Context, keys []Key, f edit) (int, error) {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, compareKeys)
	keys = slices.Compact(keys)
	changed, full := 0, error(nil)
	for len(keys) > 0 {
		n := keys[0].shard()
		end := slices.IndexFunc(keys, func(k Key) bool { return k.shard() != n })
		if end < 0 {
			end = len(keys)
		}
		of, err := o.editShardLocked(ctx, n, keys[:end], f)
		if errors.Is(err, ErrNoRoom) {
			full = err // the others may have some
		} else if err != nil {
			return changed, fmt.Errorf("keep who has a torrent: %w", err)
		}
		changed += of
		keys = keys[end:]
	}
	return changed, full
}

func compareKeys(a, b Key) int {
	return cmp.Or(strings.Compare(a.Box, b.Box), bytes.Compare(a.Hash[:], b.Hash[:]))
}

// editShardLocked is editLocked for keys of one shard.
func (o *Owners) editShardLocked(ctx context.Context, n shardName, keys []Key, f edit) (int, error) {
	for range maxTries {
		before := o.index.shard(n)
		next, changed := before.torrents.edit(keys, f)
		if changed == 0 {
			return 0, nil
		}
		revision, err := o.writeShard(ctx, n, next, before.revision)
		if err == nil {
			o.put(n, shard{revision, next})
			return changed, nil
		}
		if errors.Is(err, ErrNoRoom) {
			return 0, err // nothing was tried
		}
		// Another controller was faster, or what seems to have failed has not: so
		// memory takes what the store has.
		present, unread := o.readShard(ctx, n, map[string]account.User{})
		if unread == nil {
			o.put(n, present)
		}
		if unread != nil || !overtaken(err) {
			return 0, err
		}
	}
	return 0, store.ErrConflict
}

// edit returns what f makes of the torrents, and how many are otherwise then.
func (ts torrents) edit(keys []Key, f edit) (torrents, int) {
	var next torrents
	changed := 0
	for _, k := range keys {
		before := ts[k.Hash]
		now := f(k, before)
		if len(now.grants) == 0 {
			now = record{}
		}
		if now.equal(before) {
			continue
		}
		if next == nil {
			next = make(torrents, len(ts)+1)
			maps.Copy(next, ts)
		}
		changed++
		if len(now.grants) == 0 {
			delete(next, k.Hash)
		} else {
			next[k.Hash] = now
		}
	}
	return next, changed
}

// writeShard writes a shard over the one of that revision, and returns its own.
func (o *Owners) writeShard(ctx context.Context, n shardName, ts torrents, over uint64) (uint64, error) {
	b, key := o.buckets.grants, n.String()
	if len(ts) == 0 {
		return 0, b.Delete(ctx, key, over)
	}
	value, err := ts.encode()
	if err != nil {
		return 0, err
	}
	if over == 0 {
		return b.Create(ctx, key, value)
	}
	return b.Update(ctx, key, value, over)
}

// put takes a shard into memory and tells who watches.
func (o *Owners) put(n shardName, s shard) {
	changed := o.index.put(n, s)
	o.recount(changed)
	for _, k := range changed {
		o.watchers.call(k)
	}
}

// replace writes value under key whatever was there; nil removes it.
func replace(ctx context.Context, b store.Bucket, key string, value []byte) error {
	for range maxTries {
		e, err := b.Get(ctx, key)
		isNew := errors.Is(err, store.ErrNotFound)
		switch {
		case err != nil && !isNew:
			return err
		case isNew && value == nil:
			return nil
		case isNew:
			_, err = b.Create(ctx, key, value)
		case value == nil:
			err = b.Delete(ctx, key, e.Revision)
		default:
			_, err = b.Update(ctx, key, value, e.Revision)
		}
		if !overtaken(err) {
			return err
		}
	}
	return store.ErrConflict
}

// overtaken tells whether a write failed because there was another before it.
func overtaken(err error) bool {
	return errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrExists)
}
