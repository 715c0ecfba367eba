package account

import (
	"context"
	"time"
)

// Factors is what somebody has besides the password.
type Factors struct {
	TOTP         bool
	RecoveryLeft int
	Passkeys     []Passkey
}

// Passkey is one of somebody's passkeys, as they see it.
type Passkey struct {
	ID      string // 16 hexadecimal digits
	Name    string
	Created time.Time
	Used    time.Time // last use; zero before the first
}

// Factors returns what user has besides the password.
func (a *Accounts) Factors(ctx context.Context, user User) (Factors, error) {
	who, err := a.person(ctx, user)
	if err != nil {
		return Factors{}, err
	}
	f := Factors{TOTP: who.TOTP != nil, RecoveryLeft: len(who.Recovery), Passkeys: []Passkey{}}
	for _, k := range who.Passkeys {
		f.Passkeys = append(f.Passkeys, Passkey{k.id(), k.Name, k.Created, k.Used})
	}
	return f, nil
}

// RemoveFactors takes every second factor away from somebody who has lost theirs,
// as an administrator does, and ends all their sessions. It returns ErrNoPerson.
func (a *Accounts) RemoveFactors(ctx context.Context, user User) error {
	_, err := a.change(ctx, user, func(who *person) error {
		who.TOTP, who.Enrolling, who.Recovery, who.Passkeys = nil, nil, nil, nil
		who.endSessions()
		return nil
	})
	if err != nil {
		return err
	}
	a.tell(ctx, user, kindFactor, "An administrator removed your second factors, and ended your sessions. Add new ones.")
	return a.EndSessions(ctx, user, SessionID{})
}

// dropFactor takes a second factor away with take, once p has said the password.
// Recovery codes go with the last one.
func (a *Accounts) dropFactor(ctx context.Context, p Principal, password string, from From, told string, take func(*person) error) error {
	if _, err := a.confirm(ctx, p, password, from); err != nil {
		return err
	}
	_, err := a.change(ctx, p.User, func(who *person) error {
		if err := take(who); err != nil {
			return err
		}
		if !who.secondFactor() {
			who.Recovery = nil
		}
		return nil
	})
	if err == nil {
		a.tell(ctx, p.User, kindFactor, told+" If it was not you, change your password.", by(from))
	}
	return err
}
