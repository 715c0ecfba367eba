package account

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"offing/controller/internal/store"
)

// Lifetimes of tickets.
const (
	pageTicket   = time.Minute      // between a page's request and its socket
	nextTicket   = 10 * time.Minute // in the hands of a page whose socket is open
	ticketMemory = time.Hour        // how long a used ticket is known to be used
)

// ticket is how the store holds one.
type ticket struct {
	User    string    `json:"user"`
	Session string    `json:"session"` // in hexadecimal
	Expires time.Time `json:"expires"`
	Used    bool      `json:"used,omitempty"`
}

// IssuePageTicket makes the ticket that a page asks for over HTTP, and returns
// how long it is good for. The error is ErrSignedOut when the session has ended.
func (a *Accounts) IssuePageTicket(ctx context.Context, p Principal) (Ticket, time.Duration, error) {
	return a.issue(ctx, p, pageTicket)
}

// IssueTicket makes the ticket that an accepted socket is handed for its
// reconnect, and returns how long it is good for. The error is ErrSignedOut when
// the session has ended.
func (a *Accounts) IssueTicket(ctx context.Context, p Principal) (Ticket, time.Duration, error) {
	return a.issue(ctx, p, nextTicket)
}

func (a *Accounts) issue(ctx context.Context, p Principal, life time.Duration) (Ticket, time.Duration, error) {
	if _, err := a.use(ctx, p.Session); err != nil {
		return "", 0, err
	}
	text := newSecret()
	key, _ := hashSecret(text)
	record := ticket{User: string(p.User), Session: hex.EncodeToString(p.Session[:]), Expires: a.now().Add(life)}
	if _, err := a.tickets.Create(ctx, string(key[:]), encode(record)); err != nil {
		return "", 0, fmt.Errorf("issue a ticket: %w", err)
	}
	return Ticket(text), life, nil
}

// OpenTicket spends a ticket and says whose it was. It returns ErrTicketRefused,
// or ErrTicketReused after it has ended the session of a ticket that was used
// before: one of the two users is not its owner.
func (a *Accounts) OpenTicket(ctx context.Context, text string) (Principal, error) {
	key, ok := hashSecret(text)
	if !ok {
		return Principal{}, ErrTicketRefused
	}
	var t ticket
	revision, err := load(ctx, a.tickets, string(key[:]), &t)
	if errors.Is(err, store.ErrNotFound) {
		return Principal{}, ErrTicketRefused
	} else if err != nil {
		return Principal{}, fmt.Errorf("look up a ticket: %w", err)
	}
	id, err := parseSession(t.Session)
	if err != nil {
		return Principal{}, err
	}
	if t.Used {
		return Principal{}, a.reused(ctx, id, User(t.User))
	}
	if !a.now().Before(t.Expires) {
		return Principal{}, ErrTicketRefused
	}
	// The session is looked at before the ticket is spent: of two that race, the
	// loser ends the session, and the winner shall hear of it through OnEnd.
	p, err := a.use(ctx, id)
	if errors.Is(err, ErrSignedOut) || err == nil && subtle.ConstantTimeCompare([]byte(p.User), []byte(t.User)) != 1 {
		return Principal{}, ErrTicketRefused
	} else if err != nil {
		return Principal{}, err
	}
	t.Used = true
	if _, err := a.tickets.Update(ctx, string(key[:]), encode(t), revision); errors.Is(err, store.ErrConflict) {
		return Principal{}, a.reused(ctx, id, User(t.User))
	} else if err != nil {
		return Principal{}, fmt.Errorf("spend a ticket: %w", err)
	}
	return p, nil
}

// reused ends the session of a ticket that was used twice, and tells its owner.
func (a *Accounts) reused(ctx context.Context, id SessionID, owner User) error {
	a.log.Warn("a ticket was used twice; its session was ended")
	if a.sessionsOf.has(id) { // else it was told already
		a.tell(ctx, owner, kindTicketReused, "A page's ticket was used twice, so that its session was ended. "+
			"If a page of yours was signed out, sign in again; if you see sessions that are not yours, end them and change your password.")
	}
	return errors.Join(ErrTicketReused, a.SignOut(ctx, id))
}

func parseSession(text string) (id SessionID, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(id) {
		return id, store.ErrDamaged
	}
	return SessionID(b), nil
}
