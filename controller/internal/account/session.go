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
	Agent   string    `json:"agent,omitempty"`
	Epoch   string    `json:"epoch,omitempty"` // of the person at sign-in
}

// From is where a request comes from.
type From struct {
	Address netip.Addr
	Agent   string // what the browser calls itself; cut and cleaned before it is kept
	Site    Site   // the origin of the page
}

// SignIn opens a session for whoever knows the password, or for somebody with a
// second factor says how to go on: then the session token is empty, and Second is
// not nil. It returns ErrBadCredentials or a RetryError, after the same work
// whether or not there is such a person; who knows the password may get
// ErrDisabled or ErrFactorElsewhere.
func (a *Accounts) SignIn(ctx context.Context, user, password string, from From) (SessionToken, *Second, error) {
	name, err := parseUser(user)
	if err != nil {
		name = "?" // nobody has it, which only the store shall say
	}
	who, err := a.prove(ctx, name, password, from, false)
	if err != nil {
		return "", nil, err
	}
	if who.Disabled {
		return "", nil, ErrDisabled
	}
	if who.secondFactor() {
		second, err := a.askSecond(ctx, name, who, from)
		return "", second, err
	}
	token, err := a.welcome(ctx, name, who, from)
	return token, nil, err
}

// welcome opens a session for who has proved everything, and tells its owner.
func (a *Accounts) welcome(ctx context.Context, name User, who person, from From) (SessionToken, error) {
	token, err := a.newSession(ctx, name, who, from)
	if err == nil {
		a.tell(ctx, name, kindSignIn, "You signed in%s. If it was not you, change your password.", by(from))
	}
	return token, err
}

// prove returns the record of whoever has that name and password, or
// ErrBadCredentials or a RetryError. Who is signed in need not queue with strangers.
func (a *Accounts) prove(ctx context.Context, name User, password string, from From, signedIn bool) (person, error) {
	attempt, err := a.throttle.begin(string(name), from.Address)
	if err != nil {
		return person{}, err
	}
	who, err := a.checkCredentials(ctx, name, password, signedIn || attempt.known)
	return who, attempt.end(err)
}

func (a *Accounts) checkCredentials(ctx context.Context, name User, password string, known bool) (person, error) {
	who := person{Password: a.passwords.nobody}
	revision, err := load(ctx, a.people, string(name), &who)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return person{}, fmt.Errorf("look up a person: %w", err)
	}
	match, weak, err := a.passwords.check(ctx, password, who.Password, known)
	if err != nil {
		return person{}, err
	}
	if !match || revision == 0 {
		return person{}, ErrBadCredentials
	}
	if weak {
		who.Password = a.strengthen(ctx, name, who, revision, password)
	}
	return who, nil
}

// strengthen hashes a password anew at the present cost, and returns the hash
// that is stored then. If that fails, the next sign-in does it.
func (a *Accounts) strengthen(ctx context.Context, name User, who person, revision uint64, password string) string {
	old := who.Password
	hash, err := a.passwords.hash(ctx, password)
	if err == nil {
		who.Password = hash
		_, err = a.people.Update(ctx, string(name), encode(who), revision)
	}
	if err != nil {
		a.log.Warn("a password could not be hashed anew", "err", err)
		return old
	}
	return hash
}

func (a *Accounts) newSession(ctx context.Context, name User, who person, from From) (SessionToken, error) {
	token := newSecret()
	id, _ := hashSecret(token)
	now := a.now()
	record := session{User: string(name), Created: now, Seen: now, Agent: printable(from.Agent, maxAgent), Epoch: who.Epoch}
	if _, err := a.sessions.Create(ctx, string(id[:]), encode(record)); err != nil {
		return "", fmt.Errorf("open a session: %w", err)
	}
	a.sessionsOf.add(name, id, now)
	if ids := a.sessionsOf.list(name); len(ids) > maxSessions {
		for _, oldest := range ids[:len(ids)-maxSessions] {
			if err := a.SignOut(ctx, oldest); err != nil {
				return "", err
			}
		}
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
		a.sessionsOf.remove(id)
		a.endings.end(id)
		return Principal{}, ErrSignedOut
	} else if err != nil {
		return Principal{}, fmt.Errorf("look up a session: %w", err)
	}
	who, err := a.person(ctx, User(s.User))
	if err != nil && !errors.Is(err, ErrNoPerson) {
		return Principal{}, err
	}
	if err != nil || !a.isOpen(s, who) {
		return Principal{}, errors.Join(ErrSignedOut, a.SignOut(ctx, id))
	}
	if now := a.now(); now.Sub(s.Seen) >= touchEvery {
		s.Seen = now
		if err := touch(ctx, a.sessions, string(id[:]), s, revision); err != nil {
			return Principal{}, fmt.Errorf("use a session: %w", err)
		}
	}
	return Principal{User: User(s.User), Role: who.Role, Session: id}, nil
}

// SignOut ends a session and every socket in it. A session that is not there has ended.
func (a *Accounts) SignOut(ctx context.Context, id SessionID) error {
	defer a.endings.end(id)
	if err := remove(ctx, a.sessions, string(id[:])); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	a.sessionsOf.remove(id)
	return nil
}
