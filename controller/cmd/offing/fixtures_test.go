package main

import (
	"crypto/ed25519"
	"crypto/sha3"
	"encoding/base32"
	"strings"

	"offing/tunnel/tor"
)

// addressOf encodes a key as an onion address (rend-spec-v3, "Encoding onion
// addresses").
func addressOf(key ed25519.PublicKey) tor.Address {
	const version = "\x03"
	sum := sha3.Sum256([]byte(".onion checksum" + string(key) + version))
	raw := string(key) + string(sum[:2]) + version
	return tor.Address(strings.ToLower(base32.StdEncoding.EncodeToString([]byte(raw))))
}
