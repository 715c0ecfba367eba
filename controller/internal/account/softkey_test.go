package account

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// Flags of authenticator data (WebAuthn, section 6.1).
const (
	userPresent  = 0x01
	userVerified = 0x04
	hasKey       = 0x40
)

// softKey is an authenticator in software that holds one passkey, and says what
// a test wants it to say.
type softKey struct {
	t       *testing.T
	key     *ecdsa.PrivateKey
	id      []byte
	handle  []byte
	origin  string
	site    string
	flags   byte
	counter uint32
}

func newSoftKey(t *testing.T, site Site) *softKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &softKey{t: t, key: key, id: []byte(newSecret()), origin: site.Origin, site: site.ID, flags: userPresent | userVerified}
}

// options is what the authenticator reads of what it is asked.
type options struct {
	Challenge string `json:"challenge"`
	RPID      string `json:"rpId"`
	User      struct {
		ID string `json:"id"`
	} `json:"user"`
	UserVerification string `json:"userVerification"`
	Allowed          []any  `json:"allowCredentials"`
}

func (k *softKey) read(raw json.RawMessage) options {
	k.t.Helper()
	var o options
	if err := json.Unmarshal(raw, &o); err != nil || o.Challenge == "" {
		k.t.Fatalf("options %s: %v", raw, err)
	}
	return o
}

func (k *softKey) clientData(kind, challenge string) []byte {
	return encode(map[string]any{"type": kind, "challenge": challenge, "origin": k.origin, "crossOrigin": false})
}

func (k *softKey) data(flags byte) []byte {
	site := sha256.Sum256([]byte(k.site))
	return binary.BigEndian.AppendUint32(append(site[:], flags), k.counter)
}

// register makes the passkey, with attestation "none" (WebAuthn, section 8.7).
func (k *softKey) register(raw json.RawMessage) []byte {
	k.t.Helper()
	o := k.read(raw)
	handle, err := base64.RawURLEncoding.DecodeString(o.User.ID)
	if err != nil {
		k.t.Fatal(err)
	}
	k.handle = handle
	point, err := k.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		k.t.Fatal(err)
	}
	public, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}) // RFC 9053, section 7.1
	if err != nil {
		k.t.Fatal(err)
	}
	data := append(k.data(k.flags|hasKey), make([]byte, 16)...)
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(k.id))), k.id...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": append(data, public...)})
	if err != nil {
		k.t.Fatal(err)
	}
	return k.answer(map[string]any{"clientDataJSON": k.clientData("webauthn.create", o.Challenge), "attestationObject": object})
}

// sign answers a challenge.
func (k *softKey) sign(raw json.RawMessage) []byte {
	k.t.Helper()
	client, data := k.clientData("webauthn.get", k.read(raw).Challenge), k.data(k.flags)
	clientHash := sha256.Sum256(client)
	hash := sha256.Sum256(append(append([]byte{}, data...), clientHash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.key, hash[:])
	if err != nil {
		k.t.Fatal(err)
	}
	return k.answer(map[string]any{"clientDataJSON": client, "authenticatorData": data, "signature": signature, "userHandle": k.handle})
}

func (k *softKey) answer(response map[string]any) []byte {
	for name, v := range response {
		if b, ok := v.([]byte); ok {
			response[name] = base64.RawURLEncoding.EncodeToString(b)
		}
	}
	id := base64.RawURLEncoding.EncodeToString(k.id)
	return encode(map[string]any{
		"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": map[string]any{},
	})
}
