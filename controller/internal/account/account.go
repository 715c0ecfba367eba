// Package account owns people: the one-time setup of the first administrator,
// invitations, passwords, second factors, sessions, API tokens, and the one-time
// tickets that open WebSockets. What a secret is only compared with is kept as a
// hash, and every type that carries a secret redacts itself.
package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
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

// Scope is what an API token may do. Each includes those before it.
type Scope string

// The scopes. The words are kept in the store.
const (
	ScopeRead    Scope = "read"
	ScopeControl Scope = "control" // change torrents too
	ScopeAdmin   Scope = "admin"   // what only administrators may
)

// Principal is who asks, and how they have proved it.
type Principal struct {
	User    User // empty on the controller's own socket
	Role    Role
	Session SessionID // zero on the controller's own socket, and for an API token
	Scope   Scope     // of an API token; empty otherwise, which limits nothing
}

// May reports whether p may do what needs scope.
func (p Principal) May(scope Scope) bool {
	return p.Scope == "" || scopeRank[p.Scope] >= scopeRank[scope]
}

var scopeRank = map[Scope]int{ScopeRead: 1, ScopeControl: 2, ScopeAdmin: 3}

// Config holds what Accounts needs.
type Config struct {
	Store *store.Store
	Log   *slog.Logger
	Now   func() time.Time // nil = time.Now
	Cost  *argon2id.Params // of hashing a password; nil = what this version thinks right

	// Notify tells a person what they should know of their account; nil tells nobody.
	Notify func(ctx context.Context, user User, kind, text string)
	// Removing takes away what others keep of a person who is being removed, so that
	// the next who gets that name inherits nothing. It may be called again after an
	// error, and may be nil.
	Removing func(ctx context.Context, user User) error
	// Changed is told of each who has got another role or was disabled, once it is so.
	// It does not block, and may be nil.
	Changed func(user User)
}

// Accounts keeps people, sessions and tickets. Its methods may be called by many
// goroutines, of one controller at a time.
type Accounts struct {
	log      *slog.Logger
	now      func() time.Time
	notify   func(ctx context.Context, user User, kind, text string)
	removing func(ctx context.Context, user User) error
	changed  func(user User)

	people      store.Bucket // user → person
	setup       store.Bucket // setupKey → hash of the setup token
	sessions    store.Bucket // hash of the session token → session
	tickets     store.Bucket // hash of the ticket → ticket
	tokens      store.Bucket // hash of the API token → apiToken
	steps       store.Bucket // hash of the step's token → step
	invitations store.Bucket // hash of the invitation's token → invitation
	handles     store.Bucket // person.Handle → user

	sessionsOf *index
	tokensOf   *index
	passwords  *passwords
	throttle   *throttle
	endings    endings
	hasAdmin   atomic.Bool // once true it stays so

	// admins is held by what may leave the controller without an administrator:
	// whether there is another one is a question about several records, which no
	// compare-and-swap answers. One controller has the store, so this is enough.
	admins sync.Mutex
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
		log: c.Log, now: c.Now, notify: c.Notify, removing: c.Removing, changed: c.Changed,
		passwords: newPasswords(c.Cost), throttle: newThrottle(c.Now),
		endings: endings{of: map[SessionID][]*waiting{}},
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
		{&a.tokens, "tokens", 0},
		{&a.steps, "steps", stepLife},
		{&a.invitations, "invitations", maxInvitation},
		{&a.handles, "handles", 0},
	} {
		bucket, err := c.Store.Bucket(ctx, store.BucketConfig{Name: b.name, TTL: b.ttl})
		if err != nil {
			return nil, fmt.Errorf("open accounts: %w", err)
		}
		*b.bucket = bucket
	}
	for _, x := range []struct {
		index  **index
		bucket store.Bucket
	}{{&a.sessionsOf, a.sessions}, {&a.tokensOf, a.tokens}} {
		index, err := openIndex(ctx, x.bucket)
		if err != nil {
			return nil, fmt.Errorf("open accounts: %w", err)
		}
		*x.index = index
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

// touch keeps record, which says when it was used last. A conflict means that another
// request did so, or that what was used has ended.
func touch(ctx context.Context, b store.Bucket, key string, record any, revision uint64) error {
	if _, err := b.Update(ctx, key, encode(record), revision); !errors.Is(err, store.ErrConflict) {
		return err
	}
	return nil
}

// remove removes what is under key, whatever it is now. What is not there has
// been removed.
func remove(ctx context.Context, b store.Bucket, key string) error {
	for {
		e, err := b.Get(ctx, key)
		if err == nil {
			err = b.Delete(ctx, key, e.Revision)
		}
		switch {
		case err == nil, errors.Is(err, store.ErrNotFound):
			return nil
		case !errors.Is(err, store.ErrConflict):
			return err
		}
	}
}

// encode is for the records of this package, all of which can be encoded.
func encode(record any) []byte {
	value, err := json.Marshal(record)
	if err != nil {
		panic(err)
	}
	return value
}
