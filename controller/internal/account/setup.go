package account

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"offing/controller/internal/store"
)

// setupKey is the only key of its bucket: there is one setup token at a time.
const setupKey = "token"

// SetupNeeded reports whether there is no administrator yet.
func (a *Accounts) SetupNeeded(ctx context.Context) (bool, error) {
	if a.hasAdmin.Load() {
		return false, nil
	}
	people, err := a.people.Keys(ctx)
	if err != nil {
		return false, fmt.Errorf("look for an administrator: %w", err)
	}
	if len(people) > 0 { // the first is always an administrator
		a.hasAdmin.Store(true)
	}
	return len(people) == 0, nil
}

// NewSetupToken makes the token for the first administrator and voids the one
// before it. Once there is an administrator needed is false and no token is made.
func (a *Accounts) NewSetupToken(ctx context.Context) (token SetupToken, needed bool, err error) {
	if needed, err = a.SetupNeeded(ctx); err != nil || !needed {
		return "", false, err
	}
	secret := newSecret()
	hash, _ := hashSecret(secret)
	if _, err := a.setup.Put(ctx, setupKey, hash[:]); err != nil {
		return "", false, fmt.Errorf("keep the setup token: %w", err)
	}
	return SetupToken(secret), true, nil
}

// Setup makes the first administrator with the setup token, which is then spent,
// and signs them in. It returns ErrSetupRefused, ErrBadUser, ErrBadPassword or a
// RetryError; after the last three the token is still good.
func (a *Accounts) Setup(ctx context.Context, token, user, password string, from From) (SessionToken, error) {
	revision, err := a.checkSetup(ctx, token)
	if err != nil {
		return "", err
	}
	name, err := parseUser(user)
	if err == nil {
		err = checkPassword(password)
	}
	if err != nil {
		return "", err
	}
	hash, err := a.passwords.hash(ctx, password)
	if err != nil {
		return "", err
	}
	if err := a.setup.Delete(ctx, setupKey, revision); errors.Is(err, store.ErrConflict) {
		return "", ErrSetupRefused // another was faster
	} else if err != nil {
		return "", fmt.Errorf("spend the setup token: %w", err)
	}
	admin := a.newPerson(user, RoleAdmin, hash)
	if _, err := a.people.Create(ctx, string(name), encode(admin)); err != nil {
		return "", fmt.Errorf("make the administrator: %w", err)
	}
	a.hasAdmin.Store(true)
	a.log.Info("the first administrator was made")
	return a.newSession(ctx, name, admin, from)
}

// checkSetup returns the revision at which token is the one setup token.
func (a *Accounts) checkSetup(ctx context.Context, token string) (uint64, error) {
	hash, ok := hashSecret(token)
	if !ok {
		return 0, ErrSetupRefused
	}
	if needed, err := a.SetupNeeded(ctx); err != nil {
		return 0, err
	} else if !needed {
		return 0, ErrSetupRefused
	}
	e, err := a.setup.Get(ctx, setupKey)
	if errors.Is(err, store.ErrNotFound) {
		return 0, ErrSetupRefused
	} else if err != nil {
		return 0, fmt.Errorf("look up the setup token: %w", err)
	}
	if subtle.ConstantTimeCompare(hash[:], e.Value) != 1 {
		return 0, ErrSetupRefused
	}
	return e.Revision, nil
}
