package control

import (
	"cmp"
	"slices"
	"sync"

	"offing/controller/internal/account"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// Bounds of what is kept of one person.
const (
	maxWaiting      = 200      // orders that have not ended
	maxWaitingBytes = 64 << 20 // of their commands
	maxEnded        = 1000     // orders that have ended
	maxEndedBytes   = 16 << 20 // of their results
	maxListed       = 200      // torrents that an ended order still names
	orderOverhead   = 1 << 10  // bytes that an order counts beside its command or result
)

// order is an Order and what belongs to it. What is not kept in the store is
// guarded by Control.mu, and the rest is written by whoever has it alone.
type order struct {
	Order
	plan
	seq     uint64           // place among all orders
	cmd     *command.Command // nil once ended, and when nothing goes out
	resumed bool             // it was in the store when Control was opened: an earlier life may have sent it

	size    int             // bytes that count against the bounds
	version uint64          // of its last change
	with    *command.Outbox // to which it was given
	waiters int             // calls of Wait
	waited  bool            // for the line
	asked   bool            // the box was asked to give it up
	ending  *ending         // how it ends, until that is on the disk
	over    chan struct{}   // closed once it has ended

	finishing sync.Mutex // held while it changes on the disk; comes after deciding and before mu
}

func (o *order) compare(other *order) int { return cmp.Compare(o.seq, other.seq) }

// plan is what has to be known of an order when it ends. It is kept in the store.
type plan struct {
	Admin   bool       `json:"admin,omitempty"`   // an administrator asked: torrents of others are theirs too
	Gone    bool       `json:"gone,omitempty"`    // whose it was to be was removed: it is nobody's, and need not go out
	Target  string     `json:"target,omitempty"`  // Add: whose it is to be
	Hash    state.Hash `json:"hash,omitzero"`     // Add: zero when it is not known
	Name    string     `json:"name,omitempty"`    // Add: top-level name, empty when it is not known
	Bytes   int64      `json:"bytes,omitempty"`   // Add: as far as they are known
	Old     int64      `json:"old,omitempty"`     // Add: state.Torrent.Added of another under Hash at that time
	Claimed bool       `json:"claimed,omitempty"` // Add: Target got it by this order
	Had     bool       `json:"had,omitempty"`     // Add: Target could see it before
	Settled int        `json:"settled,omitempty"` // torrents with which it was done without the box
	Refused int        `json:"refused,omitempty"` // torrents that the person lost while it waited
}

func (p *plan) target() account.User { return account.User(p.Target) }

// ending is how an order ends.
type ending struct {
	state   State
	result  command.Result
	settled bool // the owners know
}

// desk is what there is of one person.
type desk struct {
	waiting, waitingBytes int
	ended, endedBytes     int
	watchers              map[*func()]struct{}
}

func (c *Control) deskLocked(u account.User) *desk {
	d := c.desks[u]
	if d == nil {
		d = &desk{watchers: make(map[*func()]struct{})}
		c.desks[u] = d
	}
	return d
}

func (c *Control) tidyLocked(u account.User) {
	if d := c.desks[u]; d != nil && d.waiting == 0 && d.ended == 0 && len(d.watchers) == 0 {
		delete(c.desks, u)
	}
}

// reserve makes room for orders of one person, or returns ErrTooMany.
func (c *Control) reserve(u account.User, orders []*order) error {
	size := 0
	for _, o := range orders {
		size += o.size
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.deskLocked(u)
	if d.waiting+len(orders) > maxWaiting || d.waitingBytes+size > maxWaitingBytes {
		c.tidyLocked(u)
		return ErrTooMany
	}
	d.waiting += len(orders)
	d.waitingBytes += size
	return nil
}

// release gives back what reserve took.
func (c *Control) release(u account.User, orders []*order) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range orders {
		d := c.deskLocked(u)
		d.waiting--
		d.waitingBytes -= o.size
	}
	c.tidyLocked(u)
}

// addLocked makes an order known that counts for nobody yet.
func (c *Control) addLocked(o *order) {
	d := c.deskLocked(o.User)
	if o.State.Ended() {
		d.ended++
		d.endedBytes += o.size
		close(o.over)
	} else {
		d.waiting++
		d.waitingBytes += o.size
	}
	c.orders[o.ID] = o
	c.seq = max(c.seq, o.seq)
	c.touchLocked(o)
}

// touchLocked notes that an order is otherwise.
func (c *Control) touchLocked(o *order) {
	c.version++
	o.version = c.version
}

// tell calls who watches these people.
func (c *Control) tell(users ...account.User) {
	slices.Sort(users)
	var all []*func()
	c.mu.Lock()
	for _, u := range slices.Compact(users) {
		if d := c.desks[u]; d != nil {
			for f := range d.watchers {
				all = append(all, f)
			}
		}
	}
	c.mu.Unlock()
	for _, f := range all {
		(*f)()
	}
}

// shownLocked returns the order as people are told of it.
func (c *Control) shownLocked(o *order) Order {
	s := o.Order
	if s.State.Ended() {
		return s
	}
	switch l := c.lines[o.Box]; {
	case !l.up:
		s.Why = l.why(o.Box)
	case s.State == Waiting:
		s.Why = "other commands for the box are before it"
	}
	return s
}

// unendedLocked returns the orders of a box that have not ended, in their order;
// of all boxes when it is empty.
func (c *Control) unendedLocked(box string) []*order {
	var all []*order
	for _, o := range c.orders {
		if !o.State.Ended() && (box == "" || o.Box == box) {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, (*order).compare)
	return all
}

func (o *order) key() owners.Key { return owners.Key{Box: o.Box, Hash: o.Hash} }
