package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"offing/controller/internal/store"
)

// maxSessions is how many sessions a person has at most. One more ends the oldest.
const maxSessions = 50

// maxAgent bounds what is kept of what a browser calls itself, in characters.
const maxAgent = 160

// Session is one that is open, as its owner sees it.
type Session struct {
	ID      string // 16 hexadecimal digits; opens nothing
	Created time.Time
	Seen    time.Time // last use, to within some minutes
	Agent   string    // what the browser called itself at sign-in; may be empty or a lie
	Current bool      // it is the one that asks
}

// Sessions returns the open sessions of a person, the last used first. current
// may be zero.
func (a *Accounts) Sessions(ctx context.Context, user User, current SessionID) ([]Session, error) {
	who, err := a.person(ctx, user)
	if err != nil {
		return nil, err
	}
	return a.openSessions(ctx, user, who, current)
}

func (a *Accounts) openSessions(ctx context.Context, user User, who person, current SessionID) ([]Session, error) {
	sessions := []Session{}
	for _, id := range a.sessionsOf.list(user) {
		var s session
		_, err := load(ctx, a.sessions, string(id[:]), &s)
		if err == nil && a.isOpen(s, who) {
			sessions = append(sessions, Session{
				ID: shortID(id), Created: s.Created, Seen: s.Seen, Agent: s.Agent, Current: id == current,
			})
			continue
		} else if err == nil || errors.Is(err, store.ErrNotFound) {
			err = a.SignOut(ctx, id) // tidy up
		}
		if err != nil {
			return nil, fmt.Errorf("list sessions: %w", err)
		}
	}
	slices.SortStableFunc(sessions, func(a, b Session) int { return b.Seen.Compare(a.Seen) })
	return sessions, nil
}

// isOpen reports whether s, a session of who, has neither ended nor gone idle.
func (a *Accounts) isOpen(s session, who person) bool {
	now := a.now()
	return now.Sub(s.Created) < SessionLife && now.Sub(s.Seen) < sessionIdle && s.Epoch == who.Epoch && !who.Disabled
}

// EndSession ends the session of user that has that ID, or returns ErrNoSession.
func (a *Accounts) EndSession(ctx context.Context, user User, id string) error {
	found, ok := a.sessionsOf.find(user, id)
	if !ok {
		return ErrNoSession
	}
	return a.SignOut(ctx, found)
}

// EndSessions ends all sessions of user but one, which may be zero.
func (a *Accounts) EndSessions(ctx context.Context, user User, except SessionID) error {
	var failed error
	for _, id := range a.sessionsOf.list(user) {
		if id != except {
			failed = errors.Join(failed, a.SignOut(ctx, id))
		}
	}
	return failed
}
