package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"offing/controller/internal/store"
)

// Lifetimes and number of invitations.
const (
	usualInvitation = 72 * time.Hour
	maxInvitation   = 30 * 24 * time.Hour
	maxInvitations  = 500
)

// Invitation is one that nobody has accepted yet.
type Invitation struct {
	ID      string // 16 hexadecimal digits; opens nothing
	Role    Role   // of who accepts it
	Created time.Time
	Expires time.Time
}

// invitation is how the store holds one.
type invitation struct {
	Role    Role      `json:"role"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`

	By     string `json:"by,omitempty"`      // who invites; empty: somebody at the controller's own socket
	ByLife string `json:"by_life,omitempty"` // of that person
}

// Invite makes an invitation by an administrator, who may have no name, that is
// good once, for life, or for three days when life is 0, and while they are one.
// It returns ErrBadRole, ErrBadLife or ErrTooMany. Nobody can ask for the token
// again.
func (a *Accounts) Invite(ctx context.Context, by User, role Role, life time.Duration) (InvitationToken, Invitation, error) {
	if err := checkRole(role); err != nil {
		return "", Invitation{}, err
	}
	if life == 0 {
		life = usualInvitation
	}
	if life < time.Minute || life > maxInvitation {
		return "", Invitation{}, ErrBadLife
	}
	if keys, err := a.invitations.Keys(ctx); err != nil {
		return "", Invitation{}, fmt.Errorf("invite: %w", err)
	} else if len(keys) >= maxInvitations {
		return "", Invitation{}, ErrTooMany
	}
	i := invitation{Role: role, Created: a.now(), Expires: a.now().Add(life), By: string(by)}
	if by != "" {
		who, err := a.person(ctx, by)
		if err != nil {
			return "", Invitation{}, err
		}
		i.ByLife = who.Life
	}
	text := newSecret()
	id, _ := hashSecret(text)
	if _, err := a.invitations.Create(ctx, string(id[:]), encode(i)); err != nil {
		return "", Invitation{}, fmt.Errorf("invite: %w", err)
	}
	return InvitationToken(text), i.shown(id), nil
}

func (i invitation) shown(id digest) Invitation {
	return Invitation{ID: shortID(id), Role: i.Role, Created: i.Created, Expires: i.Expires}
}

// stands tells whether who has invited is still an administrator: one who was
// removed, disabled or made a user leaves no door open.
func (a *Accounts) stands(ctx context.Context, i invitation) (bool, error) {
	if i.By == "" {
		return true, nil
	}
	who, err := a.person(ctx, User(i.By))
	if errors.Is(err, ErrNoPerson) {
		return false, nil
	}
	return err == nil && who.Role == RoleAdmin && !who.Disabled && who.Life == i.ByLife, err
}

// Invitations returns what is open, oldest first.
func (a *Accounts) Invitations(ctx context.Context) ([]Invitation, error) {
	open := []Invitation{}
	err := a.eachInvitation(ctx, func(id digest, i invitation, _ uint64) error {
		stands, err := a.stands(ctx, i)
		if stands && a.now().Before(i.Expires) {
			open = append(open, i.shown(id))
		}
		return err
	})
	slices.SortFunc(open, func(a, b Invitation) int { return a.Created.Compare(b.Created) })
	return open, err
}

// Uninvite makes an invitation void, or returns ErrNoInvitation when there is none
// with that ID.
func (a *Accounts) Uninvite(ctx context.Context, id string) error {
	found := false
	err := a.eachInvitation(ctx, func(key digest, _ invitation, revision uint64) error {
		if shortID(key) != id {
			return nil
		}
		found = true
		return a.invitations.Delete(ctx, string(key[:]), revision)
	})
	if errors.Is(err, store.ErrConflict) || err == nil && !found {
		return ErrNoInvitation
	}
	return err
}

func (a *Accounts) eachInvitation(ctx context.Context, f func(digest, invitation, uint64) error) error {
	items, err := a.invitations.All(ctx)
	if err != nil {
		return fmt.Errorf("list invitations: %w", err)
	}
	for _, item := range items {
		var i invitation
		if json.Unmarshal(item.Value, &i) != nil {
			return fmt.Errorf("look at an invitation: %w: a value cannot be decoded", store.ErrDamaged)
		}
		if len(item.Key) != len(digest{}) {
			continue
		}
		if err := f(digest([]byte(item.Key)), i, item.Revision); err != nil {
			return fmt.Errorf("look at an invitation: %w", err)
		}
	}
	return nil
}

// CheckInvitation says what somebody is invited to be, or returns
// ErrInviteRefused.
func (a *Accounts) CheckInvitation(ctx context.Context, token string) (Invitation, error) {
	id, i, _, err := a.loadInvitation(ctx, token)
	return i.shown(id), err
}

func (a *Accounts) loadInvitation(ctx context.Context, token string) (id digest, i invitation, revision uint64, err error) {
	id, ok := hashSecret(token)
	if !ok {
		return id, i, 0, ErrInviteRefused
	}
	revision, err = load(ctx, a.invitations, string(id[:]), &i)
	if errors.Is(err, store.ErrNotFound) || err == nil && !a.now().Before(i.Expires) {
		return id, invitation{}, 0, ErrInviteRefused
	} else if err != nil {
		return id, i, 0, fmt.Errorf("look up an invitation: %w", err)
	}
	if stands, err := a.stands(ctx, i); err != nil {
		return id, i, 0, err
	} else if !stands {
		return id, invitation{}, 0, ErrInviteRefused
	}
	return id, i, revision, nil
}

// AcceptInvitation makes the person who was invited, and signs them in. It returns
// ErrInviteRefused, ErrBadUser, ErrBadPassword, ErrTaken or a RetryError; after
// the last four the invitation is still good.
func (a *Accounts) AcceptInvitation(ctx context.Context, token, name, password string, from From) (SessionToken, error) {
	id, i, revision, err := a.loadInvitation(ctx, token)
	if err != nil {
		return "", err
	}
	user, hash, err := a.checkNew(ctx, name, i.Role, password)
	if err != nil {
		return "", err
	}
	if err := a.invitations.Delete(ctx, string(id[:]), revision); errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
		return "", ErrInviteRefused // another was faster
	} else if err != nil {
		return "", fmt.Errorf("spend an invitation: %w", err)
	}
	who := a.newPerson(name, i.Role, hash)
	if err := a.create(ctx, user, who); err != nil {
		// The name was taken in this very moment: nobody shall need another invitation for that.
		_, again := a.invitations.Create(ctx, string(id[:]), encode(i))
		return "", errors.Join(err, again)
	}
	return a.newSession(ctx, user, who, from)
}
