package account

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"offing/controller/internal/store"
)

// index knows whose each session is, or each API token, so that nobody has to
// look through all of them. It is read from the store at the start and kept in
// memory from there: one controller has the store.
type index struct {
	mu    sync.Mutex
	of    map[User]map[digest]time.Time // when it was made
	owner map[digest]User
}

// openIndex reads whose is what in b. Each value has the members user and created.
func openIndex(ctx context.Context, b store.Bucket) (*index, error) {
	x := &index{of: map[User]map[digest]time.Time{}, owner: map[digest]User{}}
	items, err := b.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read whose sessions there are: %w", err)
	}
	for _, item := range items {
		var owned struct {
			User    string    `json:"user"`
			Created time.Time `json:"created"`
		}
		if json.Unmarshal(item.Value, &owned) != nil || len(item.Key) != len(digest{}) {
			return nil, fmt.Errorf("read whose sessions there are: %w: a value cannot be decoded", store.ErrDamaged)
		}
		x.add(User(owned.User), digest([]byte(item.Key)), owned.Created)
	}
	return x, nil
}

func (x *index) add(user User, id digest, created time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.of[user] == nil {
		x.of[user] = map[digest]time.Time{}
	}
	x.of[user][id] = created
	x.owner[id] = user
}

func (x *index) remove(id digest) {
	x.mu.Lock()
	defer x.mu.Unlock()
	user, ok := x.owner[id]
	if !ok {
		return
	}
	delete(x.owner, id)
	if delete(x.of[user], id); len(x.of[user]) == 0 {
		delete(x.of, user)
	}
}

func (x *index) has(id digest) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	_, ok := x.owner[id]
	return ok
}

// list returns what user has, oldest first.
func (x *index) list(user User) []digest {
	x.mu.Lock()
	defer x.mu.Unlock()
	ids := make([]digest, 0, len(x.of[user]))
	for id := range x.of[user] {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b digest) int {
		return cmp.Or(x.of[user][a].Compare(x.of[user][b]), slices.Compare(a[:], b[:]))
	})
	return ids
}

// find returns what user has under a short id.
func (x *index) find(user User, short string) (digest, bool) {
	for _, id := range x.list(user) {
		if shortID(id) == short {
			return id, true
		}
	}
	return digest{}, false
}

// shortID is how people and programs name what has id: 16 hexadecimal digits,
// enough among those of one person, and of no use to find the secret.
func shortID(id digest) string { return hex.EncodeToString(id[:8]) }
