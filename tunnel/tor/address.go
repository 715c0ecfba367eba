package tor

import (
	"crypto/sha3"
	"encoding/base32"
	"errors"
	"log/slog"
	"strings"
)

// Constants of rend-spec-v3, section "Encoding onion addresses [ONIONADDRESS]".
const (
	addressLen      = 56
	addressVersion  = 3
	addressChecksum = ".onion checksum"
	addressSuffix   = ".onion"
)

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Address is the name of a version 3 onion service: 56 lower-case base32
// characters, without ".onion". Whoever knows it can look for the service, so
// it prints redacted; Host gives it in full.
type Address string

// ParseAddress reads an address with or without ".onion", in either case, and
// verifies its checksum.
func ParseAddress(s string) (Address, error) {
	name := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), addressSuffix)
	if len(name) != addressLen {
		return "", errors.New("not an onion address: it must be 56 characters before .onion")
	}
	raw, err := lowerBase32.DecodeString(name)
	if err != nil {
		return "", errors.New("not an onion address: it may hold only the letters a to z and the digits 2 to 7")
	}
	// Encoding the key again covers the checksum and the version byte.
	if a := addressOf([32]byte(raw[:32])); string(a) != name {
		return "", errors.New("not an onion address: its checksum is wrong, look for a mistyped character")
	}
	return Address(name), nil
}

// addressOf returns the address of an ed25519 public key.
func addressOf(public [32]byte) Address {
	h := sha3.New256()
	h.Write([]byte(addressChecksum))
	h.Write(public[:])
	h.Write([]byte{addressVersion})
	raw := append(public[:], h.Sum(nil)[:2]...)
	return Address(lowerBase32.EncodeToString(append(raw, addressVersion)))
}

// Host returns the address as a host name, with ".onion".
func (a Address) Host() string { return string(a) + addressSuffix }

// String returns the first four characters, enough to tell services apart in a
// log and too little to find one.
func (a Address) String() string {
	if len(a) < addressLen {
		return "(no address)"
	}
	return string(a[:4]) + "…" + addressSuffix
}

// GoString redacts, as String does.
func (a Address) GoString() string { return a.String() }

// LogValue redacts, as String does.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.String()) }
