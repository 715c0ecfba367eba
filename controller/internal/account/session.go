package account

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"offing/controller/internal/store"
)

// SessionLife is how long a session lasts from sign-in, however much it is used.
const SessionLife = 30 * 24 * time.Hour

const (
	sessionIdle = 7 * 24 * time.Hour // without a request or an open page
	touchEvery  = 5 * time.Minute    // how exactly the last use is kept
)

// session is how the store holds one.
type session struct {
	User    string    `json:"user"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
}

// SignIn opens a session for whoever knows the password. It returns
// ErrBadCredentials or a RetryError, after the same work whether or not there is
// such a person.
func (a *Accounts) SignIn(ctx context.Context, user, password string, from netip.Addr) (SessionToken, error) {
	name, err := parseUser(user)
	if err != nil {
		name = "?" // nobody has it, which only the store shall say
	}
	attempt, err := a.throttle.begin(string(name), from)
	if err != nil {
		return "", err
	}
	err = a.checkSignIn(ctx, name, password)
	switch {
	case err == nil:
		attempt.succeeded()
		return a.newSession(ctx, name)
	case !errors.Is(err, ErrBadCredentials):
		attempt.abandoned()
	}
	return "", err
}

func (a *Accounts) checkSignIn(ctx context.Context, name User, password string) error {
	who := person{Password: a.passwords.nobody}
	revision, err := load(ctx, a.people, string(name), &who)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("look up a person: %w", err)
	}
	match, weak, err := a.passwords.check(ctx, password, who.Password)
	if err != nil {
		return err
	}
	if !match || revision == 0 {
		return ErrBadCredentials
	}
	if weak {
		a.strengthen(ctx, name, who, revision, password)
	}
	return nil
}

// strengthen hashes a password anew at the present cost. If that fails, the next
// sign-in does it.
func (a *Accounts) strengthen(ctx context.Context, name User, who person, revision uint64, password string) {
	hash, err := a.passwords.hash(ctx, password)
	if err == nil {
		who.Password = hash
		_, err = a.people.Update(ctx, string(name), encode(who), revision)
	}
	if err != nil {
		a.log.Warn("a password could not be hashed anew", "err", err)
	}
}

func (a *Accounts) newSession(ctx context.Context, name User) (SessionToken, error) {
	token := newSecret()
	id, _ := hashSecret(token)
	now := a.now()
	if _, err := a.sessions.Create(ctx, string(id[:]), encode(session{string(name), now, now})); err != nil {
		return "", fmt.Errorf("open a session: %w", err)
	}
	return SessionToken(token), nil
}

// Authenticate says whose session token it is, or ErrSignedOut.
func (a *Accounts) Authenticate(ctx context.Context, token string) (Principal, error) {
	id, ok := hashSecret(token)
	if !ok {
		return Principal{}, ErrSignedOut
	}
	return a.use(ctx, id)
}

// use returns whose session it is, or ErrSignedOut, and keeps it from going idle.
func (a *Accounts) use(ctx context.Context, id SessionID) (Principal, error) {
	var s session
	revision, err := load(ctx, a.sessions, string(id[:]), &s)
	if errors.Is(err, store.ErrNotFound) {
		a.endings.end(id)
		return Principal{}, ErrSignedOut
	} else if err != nil {
		return Principal{}, fmt.Errorf("look up a session: %w", err)
	}
	now := a.now()
	if now.Sub(s.Created) >= SessionLife || now.Sub(s.Seen) >= sessionIdle {
		return Principal{}, errors.Join(ErrSignedOut, a.SignOut(ctx, id))
	}
	var who person
	if _, err := load(ctx, a.people, s.User, &who); errors.Is(err, store.ErrNotFound) {
		return Principal{}, errors.Join(ErrSignedOut, a.SignOut(ctx, id))
	} else if err != nil {
		return Principal{}, fmt.Errorf("look up a person: %w", err)
	}
	if now.Sub(s.Seen) >= touchEvery {
		s.Seen = now
		// A conflict means that another request did it, or that the session ended.
		if _, err := a.sessions.Update(ctx, string(id[:]), encode(s), revision); err != nil && !errors.Is(err, store.ErrConflict) {
			return Principal{}, fmt.Errorf("use a session: %w", err)
		}
	}
	return Principal{User: User(s.User), Role: who.Role, Session: id}, nil
}

// SignOut ends a session and every socket in it. A session that is not there has ended.
func (a *Accounts) SignOut(ctx context.Context, id SessionID) error {
	defer a.endings.end(id)
	for {
		e, err := a.sessions.Get(ctx, string(id[:]))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			err = a.sessions.Delete(ctx, string(id[:]), e.Revision)
		}
		if !errors.Is(err, store.ErrConflict) {
			if err != nil {
				return fmt.Errorf("end a session: %w", err)
			}
			return nil
		}
	}
}
