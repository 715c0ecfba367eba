package account

import (
	"context"
	"errors"
)

// SetPassword gives a person another password, as an administrator does, and ends
// all their sessions. It returns ErrNoPerson, ErrBadPassword or a RetryError.
func (a *Accounts) SetPassword(ctx context.Context, user User, password string) error {
	if err := checkPassword(password); err != nil {
		return err
	}
	if _, err := a.person(ctx, user); err != nil {
		return err
	}
	hash, err := a.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	_, err = a.change(ctx, user, func(who *person) error {
		who.Password = hash
		who.endSessions()
		return nil
	})
	if err != nil {
		return err
	}
	a.tell(ctx, user, kindPassword, "An administrator gave you another password, and ended your sessions.")
	return a.EndSessions(ctx, user, SessionID{})
}

// ChangePassword gives p another password for the old one, ends all their
// sessions, and returns a new one. It returns ErrWrongPassword, ErrBadPassword or
// a RetryError.
func (a *Accounts) ChangePassword(ctx context.Context, p Principal, old, password string, from From) (SessionToken, error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	known, err := a.confirm(ctx, p, old, from)
	if err != nil {
		return "", err
	}
	hash, err := a.passwords.hash(ctx, password)
	if err != nil {
		return "", err
	}
	who, err := a.change(ctx, p.User, func(who *person) error {
		if who.Password != known.Password { // changed while we looked
			return ErrWrongPassword
		}
		who.Password = hash
		who.endSessions()
		return nil
	})
	if err != nil {
		return "", err
	}
	a.tell(ctx, p.User, kindPassword, "Your password was changed%s. If it was not you, ask an administrator for help.", by(from))
	if err := a.EndSessions(ctx, p.User, SessionID{}); err != nil {
		return "", err
	}
	return a.newSession(ctx, p.User, who, from)
}

// confirm has somebody who is signed in say their password again. It returns
// ErrWrongPassword or a RetryError.
func (a *Accounts) confirm(ctx context.Context, p Principal, password string, from From) (person, error) {
	who, err := a.prove(ctx, p.User, password, from, true)
	if errors.Is(err, ErrBadCredentials) {
		err = ErrWrongPassword
	}
	return who, err
}
