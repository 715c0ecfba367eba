package account

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"offing/controller/internal/store"
)

const (
	maxTokens    = 50 // of one person
	maxTokenLife = 10 * 365 * 24 * time.Hour
	maxLabel     = 64 // characters of the name of a token or a passkey
)

// Token is an API token as its owner sees it.
type Token struct {
	ID      string // 16 hexadecimal digits; opens nothing
	Name    string
	Scope   Scope
	Created time.Time
	Used    time.Time // last use, to within some minutes; zero before the first
	Expires time.Time // zero = not by itself
}

// apiToken is how the store holds one.
type apiToken struct {
	User    string    `json:"user"`
	Life    string    `json:"life,omitempty"` // of the person
	Name    string    `json:"name"`
	Scope   Scope     `json:"scope"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"`
	Expires time.Time `json:"expires,omitzero"`
}

// NewToken makes an API token of p's own that is good for life, or until it is
// revoked when life is 0. It returns ErrBadLabel, ErrBadScope, ErrBadLife or
// ErrTooMany. Nobody can ask for the token again.
func (a *Accounts) NewToken(ctx context.Context, p Principal, name string, scope Scope, life time.Duration) (APIToken, error) {
	if err := checkLabel(name); err != nil {
		return "", err
	}
	if scopeRank[scope] == 0 || scope == ScopeAdmin && p.Role != RoleAdmin {
		return "", ErrBadScope
	}
	if life < 0 || life > maxTokenLife {
		return "", ErrBadLife
	}
	who, err := a.person(ctx, p.User)
	if err != nil {
		return "", err
	}
	if len(a.tokensOf.list(p.User)) >= maxTokens {
		return "", ErrTooMany
	}
	text := newSecret()
	id, _ := hashSecret(text)
	t := apiToken{User: string(p.User), Life: who.Life, Name: name, Scope: scope, Created: a.now()}
	if life > 0 {
		t.Expires = t.Created.Add(life)
	}
	if _, err := a.tokens.Create(ctx, string(id[:]), encode(t)); err != nil {
		return "", fmt.Errorf("make an API token: %w", err)
	}
	a.tokensOf.add(p.User, id, t.Created)
	a.tell(ctx, p.User, kindToken, "An API token was made: %s. If it was not you, revoke it and change your password.", name)
	return APIToken(text), nil
}

// Tokens returns the API tokens of a person, oldest first, those that have run
// out included.
func (a *Accounts) Tokens(ctx context.Context, user User) ([]Token, error) {
	who, err := a.person(ctx, user)
	if err != nil {
		return nil, err
	}
	tokens := []Token{}
	for _, id := range a.tokensOf.list(user) {
		var t apiToken
		_, err := load(ctx, a.tokens, string(id[:]), &t)
		if errors.Is(err, store.ErrNotFound) || err == nil && t.Life != who.Life {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("list API tokens: %w", err)
		}
		tokens = append(tokens, Token{
			ID: shortID(id), Name: t.Name, Scope: t.Scope, Created: t.Created, Used: t.Used, Expires: t.Expires,
		})
	}
	return tokens, nil
}

// RevokeToken ends the API token of user that has that ID, or returns ErrNoToken.
func (a *Accounts) RevokeToken(ctx context.Context, user User, id string) error {
	found, ok := a.tokensOf.find(user, id)
	if !ok {
		return ErrNoToken
	}
	if err := a.deleteToken(ctx, found); err != nil {
		return err
	}
	a.tell(ctx, user, kindToken, "An API token was revoked.")
	return nil
}

// revokeTokens ends all API tokens of a person.
func (a *Accounts) revokeTokens(ctx context.Context, user User) error {
	var failed error
	for _, id := range a.tokensOf.list(user) {
		failed = errors.Join(failed, a.deleteToken(ctx, id))
	}
	return failed
}

func (a *Accounts) deleteToken(ctx context.Context, id digest) error {
	if err := remove(ctx, a.tokens, string(id[:])); err != nil {
		return fmt.Errorf("revoke an API token: %w", err)
	}
	a.tokensOf.remove(id)
	return nil
}

// AuthenticateToken says whose API token it is and what it may do. It returns
// ErrTokenRefused, or a RetryError at an address where wrong ones were shown, but
// not for a token that was right there before.
func (a *Accounts) AuthenticateToken(ctx context.Context, text string, from netip.Addr) (Principal, error) {
	id, ok := hashSecret(text)
	name := "token " + string(id[:])
	known := ok && a.throttle.knows(name, from)
	if !known {
		if err := a.throttle.knock("token", from); err != nil {
			return Principal{}, err
		}
	}
	if !ok {
		return Principal{}, ErrTokenRefused
	}
	p, err := a.useToken(ctx, id)
	if !known && !errors.Is(err, ErrTokenRefused) {
		a.throttle.forgive("token", from)
	}
	if err == nil && !known {
		a.throttle.remember(name, from)
	}
	return p, err
}

// PeekToken is AuthenticateToken for a decision that gives nothing away yet, such as
// how much of a request to read before it is looked at. It counts nobody's guesses.
func (a *Accounts) PeekToken(ctx context.Context, text string) (Principal, error) {
	id, ok := hashSecret(text)
	if !ok {
		return Principal{}, ErrTokenRefused
	}
	return a.useToken(ctx, id)
}

// useToken returns whose API token it is, and keeps when it was used.
func (a *Accounts) useToken(ctx context.Context, id digest) (Principal, error) {
	var t apiToken
	revision, err := load(ctx, a.tokens, string(id[:]), &t)
	if errors.Is(err, store.ErrNotFound) {
		return Principal{}, ErrTokenRefused
	} else if err != nil {
		return Principal{}, fmt.Errorf("look up an API token: %w", err)
	}
	who, err := a.person(ctx, User(t.User))
	if err != nil && !errors.Is(err, ErrNoPerson) {
		return Principal{}, err
	}
	now := a.now()
	if err != nil || who.Disabled || who.Life != t.Life || !t.Expires.IsZero() && !now.Before(t.Expires) {
		return Principal{}, ErrTokenRefused
	}
	if now.Sub(t.Used) >= touchEvery {
		t.Used = now
		if err := touch(ctx, a.tokens, string(id[:]), t, revision); err != nil {
			return Principal{}, fmt.Errorf("use an API token: %w", err)
		}
	}
	p := Principal{User: User(t.User), Role: who.Role, Scope: t.Scope}
	if p.Role != RoleAdmin && p.Scope == ScopeAdmin {
		p.Scope = ScopeControl // its owner was an administrator once
	}
	return p, nil
}

func checkLabel(label string) error {
	if label == "" || printable(label, maxLabel) != label {
		return ErrBadLabel
	}
	return nil
}
