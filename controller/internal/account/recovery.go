package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"slices"
	"strings"
)

// Recovery codes: ten of 80 random bits, written as four groups of four letters
// and digits. 80 random bits need no slow hash.
const (
	recoveryCodes = 10
	recoveryBytes = 10
	recoveryGroup = 4 // characters
)

var recoveryText = base32.StdEncoding.WithPadding(base32.NoPadding)

// newRecovery returns recovery codes and their hashes.
func newRecovery() (codes []FactorSecret, hashes [][]byte) {
	for range recoveryCodes {
		secret := make([]byte, recoveryBytes)
		_, _ = rand.Read(secret) // never fails: it ends the process instead
		text := recoveryText.EncodeToString(secret)
		groups := slices.Collect(slices.Chunk([]byte(text), recoveryGroup))
		words := make([]string, len(groups))
		for i, group := range groups {
			words[i] = string(group)
		}
		codes = append(codes, FactorSecret(strings.Join(words, "-")))
		hash, _ := hashRecovery(text)
		hashes = append(hashes, hash)
	}
	return codes, hashes
}

// hashRecovery returns what the store keeps of a recovery code, in whatever case
// and with whatever hyphens and spaces it was typed. It reports false for what
// cannot be one.
func hashRecovery(code string) ([]byte, bool) {
	if len(code) > 64 {
		return nil, false
	}
	code = strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))
	secret, err := recoveryText.DecodeString(code)
	if err != nil || len(secret) != recoveryBytes || recoveryText.EncodeToString(secret) != code {
		return nil, false
	}
	hash := sha256.Sum256(secret)
	return hash[:], true
}

// spendRecovery takes a recovery code away from who has it, or returns ErrBadCode.
func (who *person) spendRecovery(code string) error {
	hash, ok := hashRecovery(code)
	if !ok {
		return ErrBadCode
	}
	found := -1
	for i, kept := range who.Recovery {
		if subtle.ConstantTimeCompare(hash, kept) == 1 {
			found = i
		}
	}
	if found < 0 {
		return ErrBadCode
	}
	who.Recovery = slices.Delete(who.Recovery, found, found+1)
	return nil
}

// NewRecovery makes new recovery codes, which void those of before. It returns
// ErrWrongPassword, ErrNoFactor when there is no second factor that they could
// stand in for, or a RetryError.
func (a *Accounts) NewRecovery(ctx context.Context, p Principal, password string, from From) ([]FactorSecret, error) {
	if _, err := a.confirm(ctx, p, password, from); err != nil {
		return nil, err
	}
	codes, hashes := newRecovery()
	_, err := a.change(ctx, p.User, func(who *person) error {
		if !who.secondFactor() {
			return ErrNoFactor
		}
		who.Recovery = hashes
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.tell(ctx, p.User, kindFactor, "New recovery codes were made%s; those of before are void.", by(from))
	return codes, nil
}
