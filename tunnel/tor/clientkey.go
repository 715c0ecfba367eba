package tor

import (
	"crypto/ecdh"
	"fmt"
	"log/slog"
)

// ClientKey is the x25519 private key with which a client decrypts the
// descriptor of an onion service (rend-spec-v3, "Client authorization"). It
// prints redacted.
type ClientKey [32]byte

// ClientPublicKey is the other half of a ClientKey; the service authorizes it.
// It prints redacted, because it tells clients apart.
type ClientPublicKey [32]byte

const redacted = "(redacted)"

// Public returns the key that a service has to authorize.
func (k ClientKey) Public() ClientPublicKey {
	private, err := ecdh.X25519().NewPrivateKey(k[:])
	if err != nil {
		panic("tor: 32 bytes refused as an x25519 key: " + err.Error()) // crypto/ecdh documents that any 32 bytes are one
	}
	return ClientPublicKey(private.PublicKey().Bytes())
}

// Format redacts, whatever the verb.
func (ClientKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue redacts.
func (ClientKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format redacts, whatever the verb.
func (ClientPublicKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue redacts.
func (ClientPublicKey) LogValue() slog.Value { return slog.StringValue(redacted) }
