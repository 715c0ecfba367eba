package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"offing/controller/internal/store"
)

// Person is somebody with an account, as administrators see them.
type Person struct {
	User         User
	Name         string // as its owner wrote it
	Role         Role
	Disabled     bool
	Created      time.Time
	Seen         time.Time // last use of an open session; zero when there is none
	SecondFactor bool
	Sessions     int // open ones
}

// People returns everybody, by name.
func (a *Accounts) People(ctx context.Context) ([]Person, error) {
	users, err := a.people.Keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	people := make([]Person, 0, len(users))
	for _, user := range users {
		p, err := a.Person(ctx, User(user))
		if errors.Is(err, ErrNoPerson) {
			continue // removed just now
		} else if err != nil {
			return nil, err
		}
		people = append(people, p)
	}
	slices.SortFunc(people, func(a, b Person) int { return strings.Compare(string(a.User), string(b.User)) })
	return people, nil
}

// Person returns one of them, or ErrNoPerson.
func (a *Accounts) Person(ctx context.Context, user User) (Person, error) {
	who, err := a.person(ctx, user)
	if err != nil {
		return Person{}, err
	}
	sessions, err := a.openSessions(ctx, user, who, SessionID{})
	if err != nil {
		return Person{}, err
	}
	p := Person{
		User: user, Name: who.Name, Role: who.Role, Disabled: who.Disabled, Created: who.Created,
		SecondFactor: who.secondFactor(), Sessions: len(sessions),
	}
	if len(sessions) > 0 {
		p.Seen = sessions[0].Seen
	}
	return p, nil
}

// Find returns how the person is known who has that name in any case, or
// ErrNoPerson.
func (a *Accounts) Find(ctx context.Context, name string) (User, error) {
	user, err := parseUser(name)
	if err != nil {
		return "", ErrNoPerson
	}
	_, err = a.person(ctx, user)
	return user, err
}

// Standing returns the role of a person as it is now, or "" for who is disabled or not
// there.
func (a *Accounts) Standing(ctx context.Context, user User) (Role, error) {
	who, err := a.person(ctx, user)
	if errors.Is(err, ErrNoPerson) || err == nil && who.Disabled {
		return "", nil
	}
	return who.Role, err
}

// Exists tells whether there is such a person.
func (a *Accounts) Exists(ctx context.Context, user User) (bool, error) {
	_, err := a.Find(ctx, string(user))
	if errors.Is(err, ErrNoPerson) {
		return false, nil
	}
	return err == nil, err
}

// Add makes a person. It returns ErrBadUser, ErrBadPassword, ErrBadRole, ErrTaken
// or a RetryError.
func (a *Accounts) Add(ctx context.Context, name string, role Role, password string) error {
	user, hash, err := a.checkNew(ctx, name, role, password)
	if err != nil {
		return err
	}
	return a.create(ctx, user, a.newPerson(name, role, hash))
}

// checkNew checks what a person is to be made of, and hashes the password.
func (a *Accounts) checkNew(ctx context.Context, name string, role Role, password string) (User, string, error) {
	user, err := parseUser(name)
	if err == nil {
		err = errors.Join(checkRole(role), checkPassword(password))
	}
	if err != nil {
		return "", "", err
	}
	if _, err := a.person(ctx, user); err == nil {
		return "", "", ErrTaken
	} else if !errors.Is(err, ErrNoPerson) {
		return "", "", err
	}
	hash, err := a.passwords.hash(ctx, password)
	return user, hash, err
}

func (a *Accounts) create(ctx context.Context, user User, who person) error {
	_, err := a.people.Create(ctx, string(user), encode(who))
	if errors.Is(err, store.ErrExists) {
		return ErrTaken
	} else if err != nil {
		return fmt.Errorf("make a person: %w", err)
	}
	return nil
}

// SetRole changes what a person may do, and ends their sessions when that is
// something else than before. It returns ErrNoPerson, ErrBadRole or ErrLastAdmin.
func (a *Accounts) SetRole(ctx context.Context, user User, role Role) error {
	if err := checkRole(role); err != nil {
		return err
	}
	a.admins.Lock()
	defer a.admins.Unlock()
	changed := false
	err := a.governLocked(ctx, user, func(who *person) {
		if changed = who.Role != role; changed {
			who.Role = role
			who.endSessions()
		}
	})
	if err != nil || !changed {
		return err
	}
	a.changedTo(user)
	a.tell(ctx, user, kindRole, "An administrator changed what you may do: you are now %s.",
		map[Role]string{RoleAdmin: "an administrator", RoleUser: "a user"}[role])
	return a.EndSessions(ctx, user, SessionID{})
}

// SetDisabled lets a person in no more, or again. Disabling ends their sessions
// and revokes their API tokens. It returns ErrNoPerson or ErrLastAdmin.
func (a *Accounts) SetDisabled(ctx context.Context, user User, disabled bool) error {
	a.admins.Lock()
	defer a.admins.Unlock()
	return a.setDisabledLocked(ctx, user, disabled)
}

func (a *Accounts) setDisabledLocked(ctx context.Context, user User, disabled bool) error {
	if !disabled { // whatever a controller that was killed while it disabled has left
		if who, err := a.person(ctx, user); err != nil || !who.Disabled {
			return err
		}
		if err := a.endEverything(ctx, user); err != nil {
			return err
		}
	}
	err := a.governLocked(ctx, user, func(who *person) {
		who.Disabled = disabled
		if disabled {
			who.endSessions()
		}
	})
	if err != nil || !disabled {
		return err
	}
	a.changedTo(user)
	return a.endEverything(ctx, user)
}

func (a *Accounts) changedTo(user User) {
	if a.changed != nil {
		a.changed(user)
	}
}

// Remove removes a person with all that is theirs. It returns ErrNoPerson or
// ErrLastAdmin.
func (a *Accounts) Remove(ctx context.Context, user User) error {
	a.admins.Lock()
	defer a.admins.Unlock()
	if err := a.setDisabledLocked(ctx, user, true); err != nil {
		return err
	}
	if a.removing != nil {
		if err := a.removing(ctx, user); err != nil {
			return fmt.Errorf("remove what a person has: %w", err)
		}
	}
	who, err := a.person(ctx, user)
	if err == nil && len(who.Handle) > 0 {
		err = remove(ctx, a.handles, string(who.Handle))
	}
	if err == nil {
		err = remove(ctx, a.people, string(user))
	}
	if err != nil {
		return fmt.Errorf("remove a person: %w", err)
	}
	if a.removing != nil { // once more: of what was given meanwhile a namesake shall have nothing
		if err := a.removing(ctx, user); err != nil {
			return fmt.Errorf("remove what a person has: %w", err)
		}
	}
	return a.endEverything(ctx, user) // what was made in the meantime opens nothing, and goes too
}

// governLocked changes a person unless that leaves no administrator who can sign
// in.
func (a *Accounts) governLocked(ctx context.Context, user User, f func(*person)) error {
	_, err := a.change(ctx, user, func(who *person) error {
		was := who.Role == RoleAdmin && !who.Disabled
		f(who)
		if is := who.Role == RoleAdmin && !who.Disabled; is || !was {
			return nil
		}
		return a.needOtherAdmin(ctx, user)
	})
	return err
}

// needOtherAdmin returns ErrLastAdmin when nobody but user is an administrator
// who can sign in.
func (a *Accounts) needOtherAdmin(ctx context.Context, user User) error {
	users, err := a.people.Keys(ctx)
	if err != nil {
		return fmt.Errorf("look for an administrator: %w", err)
	}
	for _, other := range users {
		if User(other) == user {
			continue
		}
		who, err := a.person(ctx, User(other))
		if err == nil && who.Role == RoleAdmin && !who.Disabled {
			return nil
		} else if err != nil && !errors.Is(err, ErrNoPerson) {
			return err
		}
	}
	return ErrLastAdmin
}

// endEverything ends every session of a person and revokes every API token.
func (a *Accounts) endEverything(ctx context.Context, user User) error {
	return errors.Join(a.EndSessions(ctx, user, SessionID{}), a.revokeTokens(ctx, user))
}

func checkRole(role Role) error {
	if role != RoleAdmin && role != RoleUser {
		return ErrBadRole
	}
	return nil
}
