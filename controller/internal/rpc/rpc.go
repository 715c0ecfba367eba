// Package rpc owns the endpoint that speaks Transmission's RPC, so that the apps that
// people have already work with boxes that they cannot reach. What is read comes from
// home's copy of the boxes, and only what the asker may see of it; what is to be done
// goes through control. Both dialects of the published specification are spoken
// (docs/rpc-spec.md of Transmission 4.0 and of 4.1): one form inside, two coders.
// docs/RPC.md says what is otherwise than with a daemon, and why.
package rpc

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/control"
	"offing/controller/internal/fleet"
	"offing/controller/internal/owners"
	"offing/controller/internal/store"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// Accounts knows whose API token it is. *account.Accounts is one.
type Accounts interface {
	AuthenticateToken(ctx context.Context, token string, from netip.Addr) (account.Principal, error)
}

// Boxes are where the torrents come from. *fleet.Fleet is one. Calls do not block.
type Boxes interface {
	Boxes() []fleet.Box
	// Watch makes the box of that name be polled often until release is called.
	Watch(box string) (release func())
	// Open has the details of a torrent kept until release is called, and calls
	// changed when there are newer ones.
	Open(box string, h state.Hash, changed func()) (release func())
	// Detail returns the newest details and when they were true. It is false while
	// there are none.
	Detail(box string, h state.Hash) (state.Detail, time.Time, bool)
}

// Owners knows whose torrents are whose. *owners.Owners is one.
type Owners interface {
	// Grants returns who may see a torrent. The slice is shared and never written to.
	Grants(k owners.Key, added int64) []owners.Grant
	// Watch calls f after each change of a key's grants. f does not block.
	Watch(f func(owners.Key)) (stop func())
}

// Control does what people want to have done. *control.Control is one.
type Control interface {
	Do(ctx context.Context, p account.Principal, r control.Request) ([]control.Order, error)
	Ask(ctx context.Context, p account.Principal, box string, q command.Command) (command.Result, error)
	Wait(ctx context.Context, p account.Principal, id command.ID) (control.Order, error)
	Cancel(ctx context.Context, p account.Principal, id command.ID) error
}

// Config holds what an Endpoint needs.
type Config struct {
	Store    *store.Store
	Accounts Accounts
	Boxes    Boxes
	Owners   Owners
	Control  Control
	// Audit keeps that logins were refused; nil keeps nothing.
	Audit func(ctx context.Context, actor account.Principal, action, object string)
	Log   *slog.Logger
	Now   func() time.Time // nil = time.Now
}

// Endpoint answers requests. Its methods may be called by many goroutines.
type Endpoint struct {
	cfg     Config
	key     [32]byte // of the session ids; of this life of the controller
	started time.Time
	ids     *ids
	windows *windows
	details *openings
	watched *lookers
	answers *answers
	refused refusals
	crowd   crowd
	unwatch func() // the owners
}

// Open reads from c.Store what numbers torrents have. Run then has to run.
func Open(ctx context.Context, c Config) (*Endpoint, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Audit == nil {
		c.Audit = func(context.Context, account.Principal, string, string) {}
	}
	bucket, err := c.Store.Bucket(ctx, store.BucketConfig{Name: "rpc_ids"})
	if err != nil {
		return nil, fmt.Errorf("open the numbers of torrents: %w", err)
	}
	e := &Endpoint{
		cfg: c, started: c.Now(), ids: newIDs(bucket), windows: newWindows(),
		details: newOpenings(c.Boxes, c.Now), watched: newLookers(c.Boxes, c.Now), answers: newAnswers(),
	}
	_, _ = rand.Read(e.key[:]) // never fails, see its documentation
	e.unwatch = c.Owners.Watch(func(k owners.Key) {
		e.answers.grants.Add(1)
		e.windows.granted(k, c.Now())
	})
	return e, nil
}

// upkeep is how often Run looks after what it keeps.
const upkeep = 2 * time.Second

// Run notes how the boxes change, for "recently active", and lets go what nobody has
// asked for lately, until ctx ends.
func (e *Endpoint) Run(ctx context.Context) error {
	defer e.unwatch()
	defer e.details.close()
	defer e.watched.close()
	tick := time.NewTicker(upkeep)
	defer tick.Stop()
	for {
		now := e.cfg.Now()
		e.windows.note(e.cfg.Boxes.Boxes(), now)
		e.details.expire(now)
		e.watched.expire(now)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Forget takes away the numbers that somebody has, who is being removed.
func (e *Endpoint) Forget(ctx context.Context, user account.User) error {
	e.answers.forget(user)
	return e.ids.forget(ctx, user)
}
