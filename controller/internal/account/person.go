package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"offing/controller/internal/store"
)

// person is how the store holds one. People of the first version lack what
// stands below the blank line.
type person struct {
	Name     string    `json:"name"` // as its owner wrote it
	Role     Role      `json:"role"`
	Password string    `json:"password"` // argon2id hash with its parameters, in the encoded form
	Created  time.Time `json:"created"`

	// Life is random, and tokens hold it too: who gets the name of a removed
	// person inherits nothing of theirs.
	Life string `json:"life,omitempty"`
	// Epoch is random, and sessions hold it too. A new one ends all of them in one
	// write, whatever happens to the controller in the next moment.
	Epoch    string `json:"epoch,omitempty"`
	Disabled bool   `json:"disabled,omitempty"`

	TOTP      *totpKey   `json:"totp,omitempty"`
	Enrolling *enrolment `json:"enrolling,omitempty"` // a TOTP key that no code has confirmed yet
	Recovery  [][]byte   `json:"recovery,omitempty"`  // SHA-256 of each recovery code that is left
	Handle    []byte     `json:"handle,omitempty"`    // by which passkeys know their owner; random
	Passkeys  []passkey  `json:"passkeys,omitempty"`
}

// newPerson returns the record of somebody new.
func (a *Accounts) newPerson(name string, role Role, hash string) person {
	return person{Name: name, Role: role, Password: hash, Created: a.now(), Life: newSecret(), Epoch: newSecret()}
}

// secondFactor reports whether a password alone does not sign this person in.
func (who *person) secondFactor() bool { return who.TOTP != nil || len(who.Passkeys) > 0 }

// endSessions makes every session of before void.
func (who *person) endSessions() { who.Epoch = newSecret() }

// person returns who has that name, or ErrNoPerson.
func (a *Accounts) person(ctx context.Context, name User) (person, error) {
	var who person
	if _, err := load(ctx, a.people, string(name), &who); errors.Is(err, store.ErrNotFound) {
		return person{}, ErrNoPerson
	} else if err != nil {
		return person{}, fmt.Errorf("look up a person: %w", err)
	}
	return who, nil
}

// change gives f the record of a person, stores what f makes of it, and returns
// that. It begins anew when another was faster, so of any number of callers each
// sees what the one before has done. An error of f changes nothing.
func (a *Accounts) change(ctx context.Context, name User, f func(*person) error) (person, error) {
	for {
		var who person
		revision, err := load(ctx, a.people, string(name), &who)
		if errors.Is(err, store.ErrNotFound) {
			return person{}, ErrNoPerson
		} else if err != nil {
			return person{}, fmt.Errorf("look up a person: %w", err)
		}
		if err := f(&who); err != nil {
			return person{}, err
		}
		_, err = a.people.Update(ctx, string(name), encode(who), revision)
		if err == nil {
			return who, nil
		} else if !errors.Is(err, store.ErrConflict) {
			return person{}, fmt.Errorf("change a person: %w", err)
		}
	}
}

// printable returns text without what cannot be shown, cut to at most limit
// characters. Browsers, and people, may have written anything.
func printable(text string, limit int) string {
	kept := strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	kept = strings.TrimSpace(kept)
	n := 0
	for i := range kept {
		if n++; n > limit {
			return strings.TrimSpace(kept[:i])
		}
	}
	return kept
}
