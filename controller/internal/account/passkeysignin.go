package account

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"offing/controller/internal/store"
)

// AskPasskey returns what a browser needs to use a passkey in the second step, a
// PublicKeyCredentialRequestOptionsJSON (WebAuthn, section 5.1). It returns
// ErrNoPasskeyHere, ErrStepRefused or ErrNoFactor.
func (a *Accounts) AskPasskey(ctx context.Context, text string, from From) (json.RawMessage, error) {
	party, err := from.Site.party()
	if err != nil {
		return nil, err
	}
	id, s, err := a.loadStep(ctx, text)
	if err != nil {
		return nil, err
	}
	who, err := a.person(ctx, User(s.User))
	if errors.Is(err, ErrNoPerson) || err == nil && !s.isOf(&who) {
		return nil, ErrStepRefused
	} else if err != nil {
		return nil, err
	}
	if len(who.passkeysAt(from.Site)) == 0 {
		return nil, ErrNoFactor
	}
	request, challenge, err := party.BeginLogin(&holder{User(s.User), who, from.Site})
	if err != nil {
		return nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	if _, err := a.tryStep(ctx, id, challenge); err != nil {
		return nil, err
	}
	return encode(request.Response), nil
}

// AskAnyPasskey begins a sign-in with nothing but a passkey, which says who it is
// and stands for both factors: it must have verified its user. FinishSignIn ends
// it. It returns ErrNoPasskeyHere or a RetryError.
func (a *Accounts) AskAnyPasskey(ctx context.Context, from From) (StepToken, json.RawMessage, error) {
	party, err := from.Site.party()
	if err != nil {
		return "", nil, err
	}
	// Strangers may ask, and each question takes room for some minutes.
	if err := a.throttle.knock("passkey", from.Address); err != nil {
		return "", nil, err
	}
	request, challenge, err := party.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return "", nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	token, err := a.newStep(ctx, step{Expires: a.now().Add(stepLife), Challenge: challenge})
	return token, encode(request.Response), err
}

// checkPasskey returns whose passkey has answered the challenge of s.
func (a *Accounts) checkPasskey(ctx context.Context, s step, credential []byte, from From) (User, person, error) {
	party, err := from.Site.party()
	if err != nil {
		return "", person{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(credential)
	if err != nil || s.Challenge == nil {
		return User(s.User), person{}, ErrBadPasskey
	}
	h, used, err := a.answered(ctx, party, s, parsed, from.Site)
	if err != nil {
		return User(s.User), person{}, err
	}
	count := parsed.Response.AuthenticatorData.Counter
	who, err := a.change(ctx, h.name, func(who *person) error {
		k := who.passkey(used.ID)
		if k == nil || who.Disabled || s.User != "" && !s.isOf(who) || !bytes.Equal(who.Handle, h.who.Handle) {
			return ErrBadPasskey
		}
		// A counter that does not grow means that somebody has a copy (WebAuthn, section
		// 6.1.1). Looking at it here, and not before, sees what another sign-in has just stored.
		k.Credential.Authenticator.UpdateCounter(count)
		if k.Credential.Authenticator.CloneWarning {
			return ErrPasskeyCloned
		}
		k.Credential.Flags = used.Flags
		k.Used = a.now()
		return nil
	})
	if errors.Is(err, ErrPasskeyCloned) {
		a.tell(ctx, h.name, kindFactor, "A sign-in%s with a passkey of yours was refused: its counter says that there is a copy of it. Remove the passkey.", by(from))
	}
	if err == nil && s.User == "" {
		a.throttle.forgive("passkey", from.Address)
	}
	return h.name, who, err
}

// answered returns who has answered the challenge of s, and with which passkey.
// What is wrong with an answer is ErrBadPasskey.
func (a *Accounts) answered(ctx context.Context, party *webauthn.WebAuthn, s step, parsed *protocol.ParsedCredentialAssertionData, site Site) (*holder, *webauthn.Credential, error) {
	var (
		h      *holder
		failed error // of the store
	)
	find := func(name User) (*holder, error) {
		who, err := a.person(ctx, name)
		if err != nil && !errors.Is(err, ErrNoPerson) {
			failed = err
		}
		return &holder{name, who, site}, err
	}
	var used *webauthn.Credential
	var err error
	if s.User == "" {
		_, used, err = party.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
			if len(handle) != handleLen {
				return nil, ErrBadPasskey
			}
			e, err := a.handles.Get(ctx, string(handle))
			if err == nil {
				h, err = find(User(e.Value))
			} else if !errors.Is(err, store.ErrNotFound) {
				failed = err
			}
			return h, err
		}, *s.Challenge, parsed)
	} else if h, err = find(User(s.User)); err == nil {
		used, err = party.ValidateLogin(h, *s.Challenge, parsed)
	}
	if failed != nil {
		return nil, nil, fmt.Errorf("look up a passkey: %w", failed)
	}
	if err != nil {
		return nil, nil, ErrBadPasskey // what the library says may quote the answer
	}
	return h, used, nil
}
