// Package control owns what people have done to torrents: whether they may, that it
// is on the disk before it goes out, that it is done exactly once, and what came of
// it. It is the only way from a door to a box.
package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/controller/internal/owners"
	"offing/controller/internal/store"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// Errors of Do and its like, beside the *command.Fault of a command that cannot be,
// *owners.QuotaError, owners.Unknown and owners.ErrNotOwner.
var (
	ErrUnknownBox     = errors.New("no such box")
	ErrNotAllowed     = errors.New("only an administrator may do this")
	ErrMayOnlySee     = errors.New("this torrent was shared to be seen only")
	ErrUnknownCommand = errors.New("no such command")
	ErrTooLate        = errors.New("the command has been done, or has begun")
	ErrTooMany        = errors.New("too many commands wait already")
	ErrNameTaken      = errors.New("something else has this name in this folder")
)

// Boxes is what Control needs of the boxes. *fleet.Fleet is it.
type Boxes interface {
	Boxes() []fleet.Box
	Changed() <-chan struct{}
	// Outbox returns where commands for the box of that name go; false when there is
	// no such box. It is the same as long as the box is paired.
	Outbox(box string) (*command.Outbox, bool)
}

// People knows what somebody is now. *account.Accounts is it.
type People interface {
	// Standing returns a person's role, or "" for who is disabled or not there.
	Standing(ctx context.Context, user account.User) (account.Role, error)
}

// Config holds what Control needs.
type Config struct {
	Store  *store.Store
	Boxes  Boxes
	Owners *owners.Owners
	// People tells what those may do whose commands have waited. Nil leaves everybody
	// what they were when they asked.
	People People
	// Notify tells a person what they should know; Audit keeps what was done.
	// Both may be nil.
	Notify func(ctx context.Context, user account.User, kind, text string)
	Audit  func(ctx context.Context, actor account.Principal, action, object string)
	Log    *slog.Logger
	Now    func() time.Time // nil = time.Now
}

// Request is what somebody wants to have done.
type Request struct {
	Command  command.Command // without ID and Torrents
	Torrents []owners.Key    // of any boxes; for kinds that are about torrents
	Box      string          // for the others
	For      account.User    // whose the added torrent is to be; administrators only, empty for the asker
	Life     time.Duration   // after which it is not begun any more; 0 for a day, at most 30
}

// State is how far an Order has come. The words go over the API.
type State string

// The values of State. The last four are for good.
const (
	Waiting   State = "waiting" // for the line, or behind others
	Sent      State = "sent"    // the box has it, or may have
	Done      State = "done"    // see Result for torrents with which it failed
	Failed    State = "failed"  // with all: Result.Fault, or Result.Faults
	Cancelled State = "cancelled"
	Expired   State = "expired"
)

// Ended tells whether s is for good.
func (s State) Ended() bool { return s != Waiting && s != Sent }

// Order is a Request's part for one box.
type Order struct {
	ID       command.ID
	Box      string
	User     account.User // who asked; empty for the command line
	Do       command.Kind
	Torrents []state.Hash
	State    State
	Done     int // torrents with which it is done or has failed
	Of       int
	Why      string // it waits, for a person
	Created  time.Time
	Expires  time.Time
	Ended    time.Time
	Result   command.Result // once State.Ended
}

// Control keeps the commands of all boxes. Its methods may be called by many
// goroutines.
type Control struct {
	cfg     Config
	journal journal
	nudge   chan struct{} // has room for one: Run has something to do

	// deciding is held while it is decided what may be done about content: adds,
	// removals, moves and renamings, from the look at who owns what until the order
	// can be seen by the next. It comes before mu and the locks of Owners.
	deciding sync.Mutex

	mu       sync.Mutex
	orders   map[command.ID]*order
	desks    map[account.User]*desk
	lines    map[string]line
	landings map[landed]landing
	seq      uint64                  // of the newest order
	version  uint64                  // of the newest change of any order
	sweepAt  time.Time               // when what is old is looked for
	trash    map[command.ID]struct{} // heads that may be in the store and shall not be
}

// Open reads what is still to be done from c.Store. Run then does it.
func Open(ctx context.Context, c Config) (*Control, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Notify == nil {
		c.Notify = func(context.Context, account.User, string, string) {}
	}
	if c.Audit == nil {
		c.Audit = func(context.Context, account.Principal, string, string) {}
	}
	bucket, err := c.Store.Bucket(ctx, store.BucketConfig{Name: "orders"})
	if err != nil {
		return nil, fmt.Errorf("open the commands: %w", err)
	}
	k := &Control{
		cfg: c, journal: journal{bucket}, nudge: make(chan struct{}, 1),
		orders: make(map[command.ID]*order), desks: make(map[account.User]*desk),
		lines: make(map[string]line), landings: make(map[landed]landing), trash: make(map[command.ID]struct{}),
	}
	kept, err := k.journal.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the commands: %w", err)
	}
	for _, o := range kept {
		k.addLocked(o) // nobody else knows of k yet
		k.landAgain(o)
	}
	k.look()
	return k, nil
}
