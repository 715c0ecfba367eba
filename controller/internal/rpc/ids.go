package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"offing/controller/internal/account"
	"offing/controller/internal/owners"
	"offing/controller/internal/store"
	"offing/tunnel/state"
)

// perChunk is how many numbers are kept in one value of the store, which has room for
// the names of their boxes, however long.
const perChunk = 500

// maxChunks bounds one batch of the store, and so what one request may number anew.
const maxChunks = 900

// ids keeps the number that each torrent has for each person. A person's first torrent
// is 1; numbers go up, and are never used again. It is safe for concurrent use.
type ids struct {
	bucket store.Bucket // USER/CHUNK → numbered

	mu sync.Mutex
	of map[account.User]*numbers
}

// numbers are those of one person.
type numbers struct {
	mu     sync.Mutex
	loaded bool
	gone   bool                            // forgotten: somebody else may have the name
	keys   []owners.Key                    // number n is that of keys[n-1]
	boxes  map[string]map[state.Hash]int64 // the other way round
	last   uint64                          // revision of the last chunk, 0 when there is none, or it is full
}

// numbered is a chunk in the store.
type numbered struct {
	Torrents []string `json:"torrents"` // BOX/HASH, in the order of their numbers
}

func newIDs(b store.Bucket) *ids { return &ids{bucket: b, of: map[account.User]*numbers{}} }

// view calls f with the numbers of u, which f may read until it returns.
func (x *ids) view(ctx context.Context, u account.User, f func(*numbers)) error {
	n := x.person(u)
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := x.loadLocked(ctx, u, n); err != nil {
		return err
	}
	f(n)
	return nil
}

func (x *ids) person(u account.User) *numbers {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := x.of[u]
	if n == nil {
		n = &numbers{boxes: map[string]map[state.Hash]int64{}}
		x.of[u] = n
	}
	return n
}

// number gives a number to each of the keys that has none, on the disk before it
// returns, all of them with few writes.
func (x *ids) number(ctx context.Context, u account.User, keys []owners.Key) error {
	n := x.person(u)
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := x.loadLocked(ctx, u, n); err != nil {
		return err
	}
	before := len(n.keys)
	for _, k := range keys {
		if n.find(k) == 0 && len(n.keys)-before < perChunk*(maxChunks-1) {
			n.add(k)
		}
	}
	if len(n.keys) == before {
		return nil
	}
	if err := x.writeLocked(ctx, u, n, before); err != nil {
		n.resetLocked() // to read again what there is
		return fmt.Errorf("number torrents: %w", err)
	}
	return nil
}

func (n *numbers) resetLocked() {
	n.loaded, n.keys, n.boxes, n.last = false, nil, map[string]map[state.Hash]int64{}, 0
}

// find returns the number of a torrent, or 0.
func (n *numbers) find(k owners.Key) int64 { return n.boxes[k.Box][k.Hash] }

// key returns the torrent of a number.
func (n *numbers) key(id int64) (owners.Key, bool) {
	if id < 1 || id > int64(len(n.keys)) {
		return owners.Key{}, false
	}
	return n.keys[id-1], true
}

func (n *numbers) add(k owners.Key) {
	n.keys = append(n.keys, k)
	box := n.boxes[k.Box]
	if box == nil {
		box = map[state.Hash]int64{}
		n.boxes[k.Box] = box
	}
	box[k.Hash] = int64(len(n.keys))
}

// writeLocked writes the chunks from the one on that the number after before is in.
func (x *ids) writeLocked(ctx context.Context, u account.User, n *numbers, before int) error {
	if n.gone {
		return account.ErrNoPerson
	}
	var writes []store.Write
	for first := before / perChunk * perChunk; first < len(n.keys); first += perChunk {
		var c numbered
		for _, k := range n.keys[first:min(first+perChunk, len(n.keys))] {
			c.Torrents = append(c.Torrents, k.Box+"/"+k.Hash.String())
		}
		value, err := json.Marshal(c)
		if err != nil {
			return err
		}
		w := store.Write{Op: store.Create, Key: chunkKey(u, first/perChunk), Value: value}
		if first < before {
			w.Op, w.Revision = store.Update, n.last
		}
		writes = append(writes, w)
	}
	last := writes[len(writes)-1]
	switch {
	case len(writes) == 1 && last.Op == store.Update:
		revision, err := x.bucket.Update(ctx, last.Key, last.Value, last.Revision)
		n.last = revision
		return err
	case len(writes) == 1:
		revision, err := x.bucket.Create(ctx, last.Key, last.Value)
		n.last = revision
		return err
	}
	if err := x.bucket.Batch(ctx, writes); err != nil {
		return err
	}
	e, err := x.bucket.Get(ctx, last.Key)
	n.last = e.Revision
	return err
}

func chunkKey(u account.User, chunk int) string { return fmt.Sprintf("%s/%d", string(u), chunk) }

func (x *ids) loadLocked(ctx context.Context, u account.User, n *numbers) error {
	if n.loaded {
		return nil
	}
	for chunk := 0; ; chunk++ {
		e, err := x.bucket.Get(ctx, chunkKey(u, chunk))
		if errors.Is(err, store.ErrNotFound) {
			n.loaded = true
			return nil
		}
		if err == nil {
			err = n.loadChunk(e.Value, chunk)
		}
		if err != nil {
			n.resetLocked()
			return fmt.Errorf("read the numbers of torrents: %w", err)
		}
		n.last = e.Revision
	}
}

func (n *numbers) loadChunk(value []byte, chunk int) error {
	var c numbered
	if json.Unmarshal(value, &c) != nil || len(c.Torrents) == 0 || len(c.Torrents) > perChunk || len(n.keys) != chunk*perChunk {
		return fmt.Errorf("%w: the numbers of torrents cannot be decoded", store.ErrDamaged)
	}
	for _, name := range c.Torrents {
		slash := strings.LastIndexByte(name, '/')
		h, err := state.ParseHash(name[slash+1:])
		if slash < 1 || err != nil {
			return fmt.Errorf("%w: the name of a torrent cannot be decoded", store.ErrDamaged)
		}
		n.add(owners.Key{Box: name[:slash], Hash: h})
	}
	return nil
}

// forget removes the numbers of u. Whoever holds them still cannot write them down.
func (x *ids) forget(ctx context.Context, u account.User) error {
	n := x.person(u)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.gone = true
	x.mu.Lock()
	if x.of[u] == n {
		delete(x.of, u)
	}
	x.mu.Unlock()
	// The first goes last: what a crash leaves is found again.
	var revisions []uint64
	for {
		e, err := x.bucket.Get(ctx, chunkKey(u, len(revisions)))
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			return fmt.Errorf("forget the numbers of torrents: %w", err)
		}
		revisions = append(revisions, e.Revision)
	}
	for chunk, revision := range slices.Backward(revisions) {
		if err := x.bucket.Delete(ctx, chunkKey(u, chunk), revision); err != nil {
			return fmt.Errorf("forget the numbers of torrents: %w", err)
		}
	}
	return nil
}
