package account

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"offing/controller/internal/store"
)

const (
	maxPasskeys = 20 // of one person
	handleLen   = 32 // bytes; up to 64 are allowed (WebAuthn, section 5.4.3)
)

// Site is the origin of a page at which passkeys work. A passkey knows the site
// that it was made at, and is of no use at another. The zero Site is one without
// passkeys.
type Site struct {
	Origin string // such as https://seedbox.example.org
	ID     string // its host without a port: what WebAuthn calls the relying party's ID
}

// passkey is how the store holds one.
type passkey struct {
	Name       string              `json:"name"`
	Site       string              `json:"site"` // Site.ID
	Created    time.Time           `json:"created"`
	Used       time.Time           `json:"used,omitzero"`
	Credential webauthn.Credential `json:"credential"` // the public key and the counter
}

func (k *passkey) id() string {
	return shortID(sha256.Sum256(k.Credential.ID))
}

// passkeysAt returns what works at a site.
func (who *person) passkeysAt(site Site) []webauthn.Credential {
	var credentials []webauthn.Credential
	for _, k := range who.Passkeys {
		if site.ID != "" && k.Site == site.ID {
			credentials = append(credentials, k.Credential)
		}
	}
	return credentials
}

// holder shows a person to the library.
type holder struct {
	name User
	who  person
	site Site
}

func (h *holder) WebAuthnID() []byte                         { return h.who.Handle }
func (h *holder) WebAuthnName() string                       { return h.who.Name }
func (h *holder) WebAuthnDisplayName() string                { return h.who.Name }
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.who.passkeysAt(h.site) }

// party is the relying party at a site, or ErrNoPasskeyHere.
func (s Site) party() (*webauthn.WebAuthn, error) {
	if s.ID == "" || protocol.ValidateRPID(s.ID) != nil {
		return nil, ErrNoPasskeyHere
	}
	party, err := webauthn.New(&webauthn.Config{
		RPID: s.ID, RPDisplayName: issuer, RPOrigins: []string{s.Origin},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("use passkeys: %w", err)
	}
	return party, nil
}

// NewPasskey begins to make a passkey, which FinishPasskey ends in the same
// session. The options are a PublicKeyCredentialCreationOptionsJSON (WebAuthn,
// section 5.1). It returns ErrNoPasskeyHere, ErrWrongPassword, ErrTooMany or a
// RetryError.
func (a *Accounts) NewPasskey(ctx context.Context, p Principal, password string, from From) (json.RawMessage, error) {
	party, err := from.Site.party()
	if err != nil {
		return nil, err
	}
	if _, err := a.confirm(ctx, p, password, from); err != nil {
		return nil, err
	}
	who, err := a.giveHandle(ctx, p.User)
	if err != nil {
		return nil, err
	}
	if len(who.Passkeys) >= maxPasskeys {
		return nil, ErrTooMany
	}
	h := &holder{p.User, who, from.Site}
	creation, challenge, err := party.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return nil, fmt.Errorf("begin a passkey: %w", err)
	}
	if _, err := a.steps.Put(ctx, makingKey(p.Session), encode(a.stepOf(p.User, who, challenge))); err != nil {
		return nil, fmt.Errorf("begin a passkey: %w", err)
	}
	return encode(creation.Response), nil
}

// makingKey is where the challenge for a new passkey is: one for each session.
func makingKey(id SessionID) string { return "making a passkey " + string(id[:]) }

// giveHandle returns the person with a handle, by which a passkey that is used
// without a name finds them again.
func (a *Accounts) giveHandle(ctx context.Context, name User) (person, error) {
	handle := make([]byte, handleLen)
	_, _ = rand.Read(handle) // never fails: it ends the process instead
	who, err := a.change(ctx, name, func(who *person) error {
		if len(who.Handle) == 0 {
			who.Handle = handle
		}
		return nil
	})
	if err != nil {
		return person{}, err
	}
	if _, err := a.handles.Put(ctx, string(who.Handle), []byte(name)); err != nil {
		return person{}, fmt.Errorf("keep whose passkeys there are: %w", err)
	}
	return who, nil
}

// FinishPasskey keeps the passkey that p's browser has made, under a name.
// credential is its RegistrationResponseJSON (WebAuthn, section 5.1). It returns
// ErrNoPasskeyHere, ErrBadLabel, ErrBadPasskey or ErrTooMany.
func (a *Accounts) FinishPasskey(ctx context.Context, p Principal, label string, credential []byte, from From) error {
	party, err := from.Site.party()
	if err == nil {
		err = checkLabel(label)
	}
	if err != nil {
		return err
	}
	s, err := a.takeMaking(ctx, p.Session)
	if err != nil {
		return err
	}
	who, err := a.person(ctx, p.User)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil || s.User != string(p.User) || !s.isOf(&who) {
		return ErrBadPasskey
	}
	made, err := party.CreateCredential(&holder{p.User, who, from.Site}, *s.Challenge, parsed)
	if err != nil {
		return ErrBadPasskey
	}
	made.Attestation = webauthn.CredentialAttestation{} // nobody asks who built it
	k := passkey{Name: label, Site: s.Challenge.RelyingPartyID, Created: a.now(), Credential: *made}
	_, err = a.change(ctx, p.User, func(who *person) error {
		switch {
		case !s.isOf(who), who.passkey(made.ID) != nil:
			return ErrBadPasskey
		case len(who.Passkeys) >= maxPasskeys:
			return ErrTooMany
		}
		who.Passkeys = append(who.Passkeys, k)
		return nil
	})
	if err == nil {
		a.tell(ctx, p.User, kindFactor, "A passkey was added to your account%s: %s.", by(from), label)
	}
	return err
}

// takeMaking returns the challenge for the passkey that a session is making, once.
func (a *Accounts) takeMaking(ctx context.Context, id SessionID) (step, error) {
	var s step
	revision, err := load(ctx, a.steps, makingKey(id), &s)
	if err == nil {
		err = a.steps.Delete(ctx, makingKey(id), revision)
	}
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrConflict):
		return s, ErrBadPasskey
	case err != nil:
		return s, fmt.Errorf("finish a passkey: %w", err)
	case s.Challenge == nil, !a.now().Before(s.Expires):
		return s, ErrBadPasskey
	}
	return s, nil
}

// passkey returns the one with that credential ID, or nil.
func (who *person) passkey(id []byte) *passkey {
	for i := range who.Passkeys {
		if bytes.Equal(who.Passkeys[i].Credential.ID, id) {
			return &who.Passkeys[i]
		}
	}
	return nil
}

// RemovePasskey takes a passkey away. It returns ErrWrongPassword, ErrNoFactor or
// a RetryError.
func (a *Accounts) RemovePasskey(ctx context.Context, p Principal, id, password string, from From) error {
	return a.dropFactor(ctx, p, password, from, "A passkey was removed from your account%s.", func(who *person) error {
		left := slices.DeleteFunc(slices.Clone(who.Passkeys), func(k passkey) bool { return k.id() == id })
		if len(left) == len(who.Passkeys) {
			return ErrNoFactor
		}
		who.Passkeys = left
		return nil
	})
}
