package tunnel

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"offing/tunnel/tor"
)

// The written form: "offing1-" and groups of eight characters.
const (
	codeWord   = "offing"
	codePrefix = "offing1-"
	codeGroup  = 8
	// maxCode bounds what ParsePairing looks at, in bytes: a code with a line
	// break in every group is far shorter.
	maxCode = 4096
)

// Why ParsePairing refused a code, to be told apart with errors.Is.
var (
	ErrNotPairing       = errors.New("not a pairing code")
	ErrPairingNewer     = errors.New("pairing code of a newer Offing")
	ErrPairingTruncated = errors.New("pairing code is not complete")
	ErrPairingMistyped  = errors.New("pairing code is mistyped")
)

// codeChars is the length of a code without its prefix and hyphens.
var codeChars = lowerBase32.EncodedLen(codeSize)

// Code returns the pairing code: the one secret string that an operator carries
// from a box to home.
func (p Pairing) Code() string {
	var raw bytes.Buffer
	raw.WriteByte(pairingVersion)
	address, _ := lowerBase32.DecodeString(string(p.Address)) // NewPairing and ParsePairing have checked it
	raw.Write(address)
	raw.Write(p.HostKey)
	raw.Write(p.Secret[:])
	raw.Write(checksum(raw.Bytes()))
	text := lowerBase32.EncodeToString(raw.Bytes())
	var b strings.Builder
	b.WriteString(codePrefix)
	for i := 0; i < len(text); i += codeGroup {
		if i > 0 {
			b.WriteByte('-')
		}
		b.WriteString(text[i:min(i+codeGroup, len(text))])
	}
	return b.String()
}

// ParsePairing reads a pairing code. Upper case, spaces, line breaks and hyphens
// of any kind are forgiven. The errors never repeat any of the code.
func ParsePairing(code string) (Pairing, error) {
	body, err := codeBody(code)
	if err != nil {
		return Pairing{}, err
	}
	raw, err := decodeBody(body)
	if err != nil {
		return Pairing{}, err
	}
	return parsePayload(raw)
}

// codeBody strips what people and terminals put into a code, and its prefix.
func codeBody(code string) (string, error) {
	if len(code) > maxCode {
		return "", fmt.Errorf("%w: it is far too long", ErrNotPairing)
	}
	text := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.In(r, unicode.Pd, unicode.Cf) {
			return -1
		}
		return unicode.ToLower(r)
	}, code)
	versioned, ok := strings.CutPrefix(text, codeWord)
	if !ok {
		return "", fmt.Errorf("%w: one begins with %q; `offing-agent pair` on the box prints one", ErrNotPairing, codePrefix)
	}
	// The first byte of the body is the version again, so that the body begins
	// with a letter and the digits end where they should.
	body := strings.TrimLeft(versioned, "0123456789")
	switch version := versioned[:len(versioned)-len(body)]; version {
	case "1":
		return body, nil
	case "":
		return "", fmt.Errorf("%w: one begins with %q", ErrNotPairing, codePrefix)
	}
	return "", fmt.Errorf("%w: update Offing on this machine", ErrPairingNewer)
}

// decodeBody undoes base32 and verifies the checksum.
func decodeBody(body string) ([]byte, error) {
	for i, r := range body {
		if (r < 'a' || r > 'z') && (r < '2' || r > '7') {
			return nil, fmt.Errorf("%w: character %d after %q is none of a to z and 2 to 7", ErrPairingMistyped, i+1, codePrefix)
		}
	}
	if len(body) < codeChars {
		return nil, fmt.Errorf("%w: %d of %d characters; copy all of it", ErrPairingTruncated, len(body), codeChars)
	}
	if len(body) > codeChars {
		return nil, fmt.Errorf("%w: %d characters, %d too many", ErrPairingMistyped, len(body), len(body)-codeChars)
	}
	raw, err := lowerBase32.DecodeString(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPairingMistyped, err)
	}
	payload := raw[:payloadSize]
	if !bytes.Equal(checksum(payload), raw[payloadSize:]) {
		return nil, fmt.Errorf("%w: the checksum does not fit; copy it again", ErrPairingMistyped)
	}
	return payload, nil
}

// parsePayload reads the bytes under the checksum.
func parsePayload(raw []byte) (Pairing, error) {
	if raw[0] != pairingVersion {
		return Pairing{}, fmt.Errorf("%w: update Offing on this machine", ErrPairingNewer)
	}
	raw = raw[1:]
	address, err := tor.ParseAddress(lowerBase32.EncodeToString(raw[:addressSize]))
	if err != nil {
		return Pairing{}, fmt.Errorf("%w: its address is %w", ErrPairingMistyped, err)
	}
	raw = raw[addressSize:]
	return Pairing{
		Address: address,
		HostKey: ed25519.PublicKey(bytes.Clone(raw[:ed25519.PublicKeySize])),
		Secret:  [secretSize]byte(raw[ed25519.PublicKeySize:]),
	}, nil
}

func checksum(payload []byte) []byte {
	sum := sha256.Sum256(payload)
	return sum[:checksumSize]
}
