package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"offing/controller/internal/store"
)

const (
	stepLife = 5 * time.Minute // between a password and the second factor
	maxTries = 10              // of one step; asking for a passkey's challenge is one
)

// Method is a kind of second factor.
type Method string

// The methods. The words go over the wire.
const (
	MethodTOTP     Method = "totp"
	MethodRecovery Method = "recovery"
	MethodPasskey  Method = "passkey"
)

// Second is what a sign-in lacks when the password was right.
type Second struct {
	Step    StepToken
	Methods []Method // any one of them will do
}

// Proof is what somebody shows in the second step.
type Proof struct {
	Method     Method
	Code       string // of an authenticator, or a recovery code
	Credential []byte // the AuthenticationResponseJSON of a passkey (WebAuthn, section 5.1)
}

// step is how the store holds a sign-in that lacks its second step, or a passkey
// that is being made.
type step struct {
	User      string                `json:"user,omitempty"` // empty when only the passkey will say who it is
	Life      string                `json:"life,omitempty"` // of the person
	Epoch     string                `json:"epoch,omitempty"`
	Expires   time.Time             `json:"expires"`
	Tries     int                   `json:"tries,omitempty"`
	Challenge *webauthn.SessionData `json:"challenge,omitempty"`
}

// isOf reports whether who is the one who began the step, unchanged since in what
// ends sessions.
func (s *step) isOf(who *person) bool {
	return !who.Disabled && s.Life == who.Life && s.Epoch == who.Epoch
}

func (a *Accounts) stepOf(name User, who person, challenge *webauthn.SessionData) step {
	return step{User: string(name), Life: who.Life, Epoch: who.Epoch, Expires: a.now().Add(stepLife), Challenge: challenge}
}

// askSecond opens the second step for somebody who knew the password. It returns
// ErrFactorElsewhere when none of their factors works at this site.
func (a *Accounts) askSecond(ctx context.Context, name User, who person, from From) (*Second, error) {
	methods := who.methods(from.Site)
	if len(methods) == 0 {
		return nil, ErrFactorElsewhere
	}
	token, err := a.newStep(ctx, a.stepOf(name, who, nil))
	return &Second{token, methods}, err
}

func (who *person) methods(site Site) []Method {
	var methods []Method
	if who.TOTP != nil {
		methods = append(methods, MethodTOTP)
	}
	if len(who.passkeysAt(site)) > 0 {
		methods = append(methods, MethodPasskey)
	}
	if len(who.Recovery) > 0 {
		methods = append(methods, MethodRecovery)
	}
	return methods
}

func (a *Accounts) newStep(ctx context.Context, s step) (StepToken, error) {
	text := newSecret()
	id, _ := hashSecret(text)
	if _, err := a.steps.Create(ctx, string(id[:]), encode(s)); err != nil {
		return "", fmt.Errorf("open the second step: %w", err)
	}
	return StepToken(text), nil
}

// FinishSignIn opens a session for whoever has passed the first step and shows a
// proof for the second. It returns ErrStepRefused, ErrBadCode, ErrBadPasskey,
// ErrPasskeyCloned or a RetryError.
func (a *Accounts) FinishSignIn(ctx context.Context, text string, proof Proof, from From) (SessionToken, error) {
	id, s, err := a.loadStep(ctx, text)
	if err != nil {
		return "", err
	}
	name, who, err := a.trySecond(ctx, id, s, proof, from)
	if err == nil {
		err = a.spendStep(ctx, id)
	}
	if err != nil {
		return "", err
	}
	return a.welcome(ctx, name, who, from)
}

// trySecond lets an attempt in, unless there were too many wrong ones, and checks
// the proof. Who has yet to say who they are sends a signature, which nobody guesses.
func (a *Accounts) trySecond(ctx context.Context, id digest, s step, proof Proof, from From) (User, person, error) {
	if s.User == "" {
		return a.checkProof(ctx, id, proof, from)
	}
	attempt, err := a.throttle.begin("second "+s.User, from.Address)
	if err != nil {
		return "", person{}, err
	}
	name, who, err := a.checkProof(ctx, id, proof, from)
	return name, who, attempt.end(err)
}

// checkProof counts a try of the step, and returns whose proof it is. A code that
// was right is spent.
func (a *Accounts) checkProof(ctx context.Context, id digest, proof Proof, from From) (User, person, error) {
	s, err := a.tryStep(ctx, id, nil)
	if err != nil {
		return "", person{}, err
	}
	if proof.Method == MethodPasskey {
		return a.checkPasskey(ctx, s, proof.Credential, from)
	}
	if s.User == "" {
		return "", person{}, ErrStepRefused // only a passkey says who it is
	}
	name := User(s.User)
	who, err := a.change(ctx, name, func(who *person) error { return s.checkCode(who, proof, a.now()) })
	switch {
	case errors.Is(err, ErrNoPerson):
		err = ErrStepRefused
	case errors.Is(err, ErrBadCode) && s.Tries == maxTries:
		a.tell(ctx, name, kindSignIn, "Somebody who knows your password gave wrong codes for your second factor. If it was not you, change your password.")
	case err == nil && proof.Method == MethodRecovery:
		a.tell(ctx, name, kindFactor, "A recovery code was used to sign in%s; %d are left.", by(from), len(who.Recovery))
	}
	return name, who, err
}

// checkCode spends a code of who, or returns ErrBadCode or ErrStepRefused.
func (s *step) checkCode(who *person, proof Proof, now time.Time) error {
	switch {
	case !s.isOf(who):
		return ErrStepRefused
	case proof.Method == MethodTOTP && who.TOTP != nil:
		return who.TOTP.accept(proof.Code, now)
	case proof.Method == MethodRecovery:
		return who.spendRecovery(proof.Code)
	}
	return ErrBadCode
}

func (a *Accounts) loadStep(ctx context.Context, text string) (digest, step, error) {
	var s step
	id, ok := hashSecret(text)
	if !ok {
		return id, s, ErrStepRefused
	}
	_, err := load(ctx, a.steps, string(id[:]), &s)
	if errors.Is(err, store.ErrNotFound) || err == nil && !a.now().Before(s.Expires) {
		return id, s, ErrStepRefused
	} else if err != nil {
		return id, s, fmt.Errorf("look up a sign-in: %w", err)
	}
	return id, s, nil
}

// tryStep counts a try before it is known how it goes, so that many at once are
// no way around the count, and keeps a new challenge if there is one.
func (a *Accounts) tryStep(ctx context.Context, id digest, challenge *webauthn.SessionData) (step, error) {
	for {
		var s step
		revision, err := load(ctx, a.steps, string(id[:]), &s)
		if errors.Is(err, store.ErrNotFound) || err == nil && s.Tries >= maxTries {
			return s, ErrStepRefused
		} else if err != nil {
			return s, fmt.Errorf("look up a sign-in: %w", err)
		}
		s.Tries++
		if challenge != nil {
			s.Challenge = challenge
		}
		_, err = a.steps.Update(ctx, string(id[:]), encode(s), revision)
		if err == nil {
			return s, nil
		} else if !errors.Is(err, store.ErrConflict) {
			return s, fmt.Errorf("try a sign-in: %w", err)
		}
	}
}

// spendStep ends a step. Of any number of callers exactly one gets nil.
func (a *Accounts) spendStep(ctx context.Context, id digest) error {
	for {
		e, err := a.steps.Get(ctx, string(id[:]))
		if err == nil {
			err = a.steps.Delete(ctx, string(id[:]), e.Revision)
		}
		switch {
		case err == nil:
			return nil
		case errors.Is(err, store.ErrNotFound):
			return ErrStepRefused
		case !errors.Is(err, store.ErrConflict): // else another try was counted
			return fmt.Errorf("finish a sign-in: %w", err)
		}
	}
}
