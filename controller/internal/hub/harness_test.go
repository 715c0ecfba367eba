package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offing/controller/internal/account"
)

// ticketLife is how long a door's tickets are good for.
const ticketLife = 10 * time.Minute

var errBroken = errors.New("the store is not there")

var _ Doorman = (*account.Accounts)(nil)

// Sessions of a door.
var (
	ada   = account.Principal{User: "ada", Role: account.RoleAdmin, Session: account.SessionID{1}}
	eve   = account.Principal{User: "eve", Role: account.RoleAdmin, Session: account.SessionID{2}}
	guest = account.Principal{User: "guest", Role: account.RoleUser, Session: account.SessionID{3}}
)

// door is a Doorman that hands out the tickets "ticket-1" to "ticket-N", and
// ends the session of one that is used twice.
type door struct {
	mu     sync.Mutex
	holder map[string]account.Principal // by ticket
	used   map[string]bool
	ended  map[account.SessionID][]func()
	open   error // of OpenTicket
	issue  error // of IssueTicket
}

func newDoor() *door {
	return &door{holder: make(map[string]account.Principal), used: make(map[string]bool), ended: make(map[account.SessionID][]func())}
}

func (d *door) OpenTicket(_ context.Context, ticket string) (account.Principal, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, known := d.holder[ticket]
	switch {
	case d.open != nil:
		return account.Principal{}, d.open
	case !known:
		return account.Principal{}, account.ErrTicketRefused
	case d.used[ticket]:
		go d.end(p)
		return account.Principal{}, errors.Join(account.ErrTicketReused, nil)
	}
	d.used[ticket] = true
	return p, nil
}

func (d *door) IssueTicket(_ context.Context, p account.Principal) (account.Ticket, time.Duration, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.issue != nil {
		return "", 0, d.issue
	}
	ticket := fmt.Sprintf("ticket-%d", len(d.holder)+1)
	d.holder[ticket] = p
	return account.Ticket(ticket), ticketLife, nil
}

func (d *door) OnEnd(id account.SessionID, ended func()) (stop func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended[id] = append(d.ended[id], ended)
	return func() {}
}

// end ends the session of p.
func (d *door) end(p account.Principal) {
	d.mu.Lock()
	ended := d.ended[p.Session]
	d.ended[p.Session] = nil
	d.mu.Unlock()
	for _, f := range ended {
		f()
	}
}

// fail sets the errors of the door.
func (d *door) fail(open, issue error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open, d.issue = open, issue
}

// feeds is a Views with a view for each role. The topics of administrators have
// their own names as keys, those of anybody else "user:" before them.
type feeds map[string]*feed

func (f feeds) View(p account.Principal, _ string) string { return string(p.Role) }

func (f feeds) Feed(p account.Principal, topic string) (Feed, bool) {
	if p.Role != account.RoleAdmin {
		topic = "user:" + topic
	}
	x, ok := f[topic]
	return x, ok
}

// rig is a Hub with feeds and a door, within a synctest bubble.
type rig struct {
	t     *testing.T
	hub   *Hub
	door  *door
	feeds feeds
}

// within runs f in a bubble with a Hub that has the topics.
func within(t *testing.T, f func(*rig), topics ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, door: newDoor(), feeds: make(feeds)}
		for _, name := range topics {
			r.feeds[name] = newFeed()
		}
		r.hub = New(r.feeds, slog.New(slog.DiscardHandler))
		defer r.hub.Close()
		f(r)
	})
}

// connect begins a connection, without a ticket.
func (r *rig) connect() *page {
	p := &page{t: r.t, toHub: make(chan string), fromHub: make(chan []byte), closed: make(chan struct{}), returned: make(chan error, 1)}
	go func() { p.returned <- r.hub.Serve(p, r.door) }()
	return p
}

// ticket returns a fresh ticket.
func (r *rig) ticket(who account.Principal) string {
	r.t.Helper()
	ticket, _, err := r.door.IssueTicket(context.Background(), who)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(ticket)
}

// open begins a connection of ada and has it opened with a fresh ticket.
func (r *rig) open() *page {
	r.t.Helper()
	return r.openAs(ada)
}

func (r *rig) openAs(who account.Principal) *page {
	r.t.Helper()
	p := r.connect()
	p.present(r.ticket(who))
	if f := p.receive(); f.Op != "opened" || f.Ticket == "" || f.ExpiresIn != 600 {
		r.t.Fatalf("the first message is %s", f.raw)
	}
	return p
}
