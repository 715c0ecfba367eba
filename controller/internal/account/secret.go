package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// secretLen is the length of every token and ticket in bytes: 256 bits.
const secretLen = 32

// strict refuses the spare bits at the end of a secret, so that it has one form.
var strict = base64.RawURLEncoding.Strict()

// digest is the SHA-256 of a secret: all that is kept of it, and its key in the store.
type digest = [sha256.Size]byte

// newSecret returns 43 characters that nobody can guess.
func newSecret() string {
	b := make([]byte, secretLen)
	_, _ = rand.Read(b) // never fails: it ends the process instead
	return strict.EncodeToString(b)
}

// hashSecret returns what the store keeps of a secret: its SHA-256. 256 random
// bits need no slower hash. It reports false for what newSecret cannot have made.
func hashSecret(text string) (hash digest, ok bool) {
	if len(text) != strict.EncodedLen(secretLen) {
		return hash, false
	}
	b, err := strict.DecodeString(text)
	if err != nil || len(b) != secretLen {
		return hash, false
	}
	return sha256.Sum256(b), true
}
