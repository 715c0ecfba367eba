package account

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
)

// Bounds of a password in characters.
const (
	minPassword = 10
	maxPassword = 256
)

// Bounds of the work: each hash holds Cost.Memory while it is made.
const (
	hashesAtOnce  = 2
	hashesWaiting = 16 // of strangers, and as many of those who are known
)

// presentCost is one of the settings of OWASP's password storage cheat sheet
// (19 MiB, two passes) with one pass more. The memory is what a small machine
// has to spare.
func presentCost() *argon2id.Params {
	return &argon2id.Params{Memory: 19 * 1024, Iterations: 3, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// passwords hashes and checks, a few at a time. However many strangers ask, there
// is room for those who have a session, an invitation, or signed in from the same
// address before.
type passwords struct {
	cost      *argon2id.Params
	nobody    string // a hash that no password has
	strangers queue
	known     queue
	working   queue
}

// queue has room for so many at once.
type queue chan struct{}

func newPasswords(cost *argon2id.Params) *passwords {
	return &passwords{
		cost: cost, nobody: hashOfNobody(cost),
		strangers: make(queue, hashesWaiting), known: make(queue, hashesWaiting), working: make(queue, hashesAtOnce),
	}
}

// hashOfNobody makes checking the password of somebody who does not exist cost
// what it costs for anybody else.
func hashOfNobody(cost *argon2id.Params) string {
	random := func(n uint32) string {
		b := make([]byte, n)
		_, _ = rand.Read(b)
		return base64.RawStdEncoding.EncodeToString(b)
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		cost.Memory, cost.Iterations, cost.Parallelism, random(cost.SaltLength), random(cost.KeyLength))
}

// hash returns the encoded hash of password, parameters and salt included. No
// stranger gets as far as this.
func (p *passwords) hash(ctx context.Context, password string) (hash string, err error) {
	err = p.work(ctx, p.known, func() error {
		hash, err = argon2id.CreateHash(password, p.cost)
		return err
	})
	return hash, err
}

// check reports whether password has that hash, and whether the hash was made at
// less than the present cost.
func (p *passwords) check(ctx context.Context, password, hash string, known bool) (match, weak bool, err error) {
	waiting := p.strangers
	if known {
		waiting = p.known
	}
	err = p.work(ctx, waiting, func() error {
		ok, cost, err := argon2id.CheckHash(password, hash)
		if err != nil {
			return fmt.Errorf("check a password: %w", err)
		}
		match, weak = ok, below(cost, p.cost)
		return nil
	})
	return match, weak, err
}

func below(a, b *argon2id.Params) bool {
	return a.Memory < b.Memory || a.Iterations < b.Iterations || a.SaltLength < b.SaltLength || a.KeyLength < b.KeyLength
}

// work runs f when it is its turn. A queue that is full says RetryError.
func (p *passwords) work(ctx context.Context, waiting queue, f func() error) error {
	select {
	case waiting <- struct{}{}:
	default:
		return &RetryError{After: time.Second}
	}
	defer func() { <-waiting }()
	select {
	case p.working <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.working }()
	return f()
}

func checkPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword || !utf8.ValidString(password) {
		return ErrBadPassword
	}
	return nil
}

// parseUser returns the name by which a person is known: names that differ in
// case only are the same.
func parseUser(name string) (User, error) {
	if len(name) < 1 || len(name) > 32 {
		return "", ErrBadUser
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(".-_", rune(c)) {
			return "", ErrBadUser
		}
	}
	if strings.ContainsRune(".-_", rune(name[0])) { // "..": browsers take it for a step up in an address
		return "", ErrBadUser
	}
	return User(strings.ToLower(name)), nil
}
