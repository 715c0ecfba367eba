// Package account owns people: the one-time setup of the first administrator,
// passwords, sessions, and the one-time tickets that open WebSockets. Secrets
// are kept as hashes only, and every type that carries one redacts itself.
package account

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/alexedwards/argon2id"

	"offing/controller/internal/store"
)

// Role is what a person may do.
type Role string

// The roles. The words are kept in the store.
const (
	RoleAdmin Role = "admin" // sees and does everything
	RoleUser  Role = "user"  // sees their own torrents
)

// Principal is who asks: the person and the session they ask in.
type Principal struct {
	User    User
	Role    Role
	Session SessionID // zero on the controller's own socket
}

// Config holds what Accounts needs.
type Config struct {
	Store *store.Store
	Log   *slog.Logger
	Now   func() time.Time // nil = time.Now
	Cost  *argon2id.Params // of hashing a password; nil = what this version thinks right
}

// Accounts keeps people, sessions and tickets. Its methods may be called by many goroutines.
type Accounts struct {
	log *slog.Logger
	now func() time.Time

	people   store.Bucket // user → person
	setup    store.Bucket // setupKey → hash of the setup token
	sessions store.Bucket // hash of the session token → session
	tickets  store.Bucket // hash of the ticket → ticket

	passwords *passwords
	throttle  *throttle
	endings   endings
	hasAdmin  atomic.Bool // once true it stays so
}

// person is how the store holds one.
type person struct {
	Name     string    `json:"name"` // as its owner wrote it
	Role     Role      `json:"role"`
	Password string    `json:"password"` // argon2id hash with its parameters, in the encoded form
	Created  time.Time `json:"created"`
}

// Open opens the accounts in c.Store.
func Open(ctx context.Context, c Config) (*Accounts, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Cost == nil {
		c.Cost = presentCost()
	}
	a := &Accounts{
		log: c.Log, now: c.Now,
		passwords: newPasswords(c.Cost), throttle: newThrottle(c.Now),
		endings: endings{of: map[SessionID]chan struct{}{}},
	}
	for _, b := range []struct {
		bucket *store.Bucket
		name   string
		ttl    time.Duration
	}{
		{&a.people, "people", 0},
		{&a.setup, "setup", 0},
		{&a.sessions, "sessions", SessionLife},
		{&a.tickets, "tickets", ticketMemory},
	} {
		bucket, err := c.Store.Bucket(ctx, store.BucketConfig{Name: b.name, TTL: b.ttl})
		if err != nil {
			return nil, fmt.Errorf("open accounts: %w", err)
		}
		*b.bucket = bucket
	}
	return a, nil
}

// load reads the value under key into v and returns its revision.
func load(ctx context.Context, b store.Bucket, key string, v any) (uint64, error) {
	e, err := b.Get(ctx, key)
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal(e.Value, v); err != nil {
		return 0, fmt.Errorf("%w: a value cannot be decoded", store.ErrDamaged)
	}
	return e.Revision, nil
}

// encode is for the records of this package, all of which can be encoded.
func encode(record any) []byte {
	value, err := json.Marshal(record)
	if err != nil {
		panic(err)
	}
	return value
}
