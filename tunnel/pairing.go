package tunnel

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"

	"offing/tunnel/tor"
)

// The parts of a pairing code. Together they are a whole number of base32
// groups of five bytes, so that each byte string has exactly one code.
const (
	pairingVersion = 1
	addressSize    = 35 // public key, checksum and version: rend-spec-v3, "Encoding onion addresses"
	secretSize     = 32
	checksumSize   = 5 // of SHA-256 over everything before it
	payloadSize    = 1 + addressSize + ed25519.PublicKeySize + secretSize
	codeSize       = payloadSize + checksumSize
)

// What the secret is used for. Changing a label changes the key.
const (
	labelClientAuth = "offing pairing 1 onion client authorization"
	labelLogin      = "offing pairing 1 ssh login"
)

// redacted is what a Pairing prints as.
const redacted = "(pairing)"

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Pairing is everything that home needs to reach one box: where it is, how to
// recognise it, and a secret from which both sides derive home's keys. The box
// keeps only their public halves. Whoever holds a Pairing controls the box, so
// it prints redacted; Code gives it in full.
type Pairing struct {
	Address tor.Address
	HostKey ed25519.PublicKey
	Secret  [secretSize]byte
}

// NewPairing returns a Pairing with a fresh secret.
func NewPairing(address tor.Address, hostKey ed25519.PublicKey) (Pairing, error) {
	if _, err := tor.ParseAddress(string(address)); err != nil {
		return Pairing{}, fmt.Errorf("pairing: %w", err)
	}
	if len(hostKey) != ed25519.PublicKeySize {
		return Pairing{}, errors.New("pairing: the host key is not an ed25519 public key")
	}
	p := Pairing{Address: address, HostKey: bytes.Clone(hostKey)}
	rand.Read(p.Secret[:]) // documented to never fail
	return p, nil
}

// ClientAuth returns the key with which home's Tor decrypts the descriptor of
// the box's onion service.
func (p Pairing) ClientAuth() tor.ClientKey { return tor.ClientKey(p.derive(labelClientAuth)) }

// Login returns the key with which home logs in.
func (p Pairing) Login() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(p.derive(labelLogin))
}

// derive returns 32 bytes that belong to label alone.
func (p Pairing) derive(label string) []byte {
	key, err := hkdf.Key(sha256.New, p.Secret[:], nil, label, 32)
	if err != nil {
		panic("tunnel: hkdf: " + err.Error()) // only for lengths that are constant here
	}
	return key
}

// Format redacts, whatever the verb.
func (Pairing) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalText redacts, so that no encoder writes the secret by accident.
func (Pairing) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue redacts.
func (Pairing) LogValue() slog.Value { return slog.StringValue(redacted) }
