package account

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"image/png"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// RFC 6238 as every authenticator app knows it: SHA-1, six digits, 30 seconds,
// 160 bits (RFC 4226, section 4).
const (
	totpPeriod = 30
	totpSecret = 20 // bytes
	totpSkew   = 1  // periods that a clock may be off, either way (RFC 6238, section 5.2)

	enrolLife = 15 * time.Minute // between the picture and the first code
	qrSize    = 240              // pixels, each way
)

// issuer is what an authenticator shows above the codes.
const issuer = "Offing"

// totpKey is how the store holds a confirmed authenticator. The secret must be
// computed with, so that it is kept as it is, in the encrypted store.
type totpKey struct {
	Secret string `json:"secret"` // base32
	Last   int64  `json:"last"`   // the period of the last code that was accepted: none counts twice
}

// enrolment is an authenticator that has not shown a code yet.
type enrolment struct {
	Secret  string    `json:"secret"`
	Expires time.Time `json:"expires"`
}

// Enrolment is what an authenticator app has to be given.
type Enrolment struct {
	Secret FactorSecret // base32, for who types it
	URI    FactorSecret // otpauth://totp/...
	QR     FactorSecret // the URI as a picture: data:image/png;base64,...
}

// EnrolTOTP begins to set up an authenticator, which counts once ConfirmTOTP has
// seen a code of it. It returns ErrWrongPassword, ErrHasTOTP or a RetryError.
func (a *Accounts) EnrolTOTP(ctx context.Context, p Principal, password string, from From) (Enrolment, error) {
	known, err := a.confirm(ctx, p, password, from)
	if err != nil {
		return Enrolment{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: known.Name, SecretSize: totpSecret})
	if err != nil {
		return Enrolment{}, fmt.Errorf("make an authenticator's key: %w", err)
	}
	picture, err := qr(key)
	if err != nil {
		return Enrolment{}, err
	}
	_, err = a.change(ctx, p.User, func(who *person) error {
		if who.TOTP != nil {
			return ErrHasTOTP
		}
		who.Enrolling = &enrolment{Secret: key.Secret(), Expires: a.now().Add(enrolLife)}
		return nil
	})
	if err != nil {
		return Enrolment{}, err
	}
	return Enrolment{FactorSecret(key.Secret()), FactorSecret(key.URL()), picture}, nil
}

func qr(key *otp.Key) (FactorSecret, error) {
	image, err := key.Image(qrSize, qrSize)
	if err != nil {
		return "", fmt.Errorf("draw an authenticator's key: %w", err)
	}
	var file bytes.Buffer
	if err := png.Encode(&file, image); err != nil {
		return "", fmt.Errorf("draw an authenticator's key: %w", err)
	}
	return FactorSecret("data:image/png;base64," + base64.StdEncoding.EncodeToString(file.Bytes())), nil
}

// ConfirmTOTP makes the authenticator count, and returns new recovery codes, which
// void those of before. It returns ErrBadCode, ErrNotEnrolling or a RetryError.
func (a *Accounts) ConfirmTOTP(ctx context.Context, p Principal, code string, from From) ([]FactorSecret, error) {
	attempt, err := a.throttle.begin("second "+string(p.User), from.Address)
	if err != nil {
		return nil, err
	}
	codes, hashes := newRecovery()
	_, err = a.change(ctx, p.User, func(who *person) error {
		if who.Enrolling == nil || !a.now().Before(who.Enrolling.Expires) {
			return ErrNotEnrolling
		}
		key := &totpKey{Secret: who.Enrolling.Secret}
		if err := key.accept(code, a.now()); err != nil {
			return err
		}
		who.TOTP, who.Enrolling, who.Recovery = key, nil, hashes
		return nil
	})
	if err := attempt.end(err); err != nil {
		return nil, err
	}
	a.tell(ctx, p.User, kindFactor, "An authenticator was added to your account%s.", by(from))
	return codes, nil
}

// RemoveTOTP takes the authenticator away. It returns ErrWrongPassword,
// ErrNoFactor or a RetryError.
func (a *Accounts) RemoveTOTP(ctx context.Context, p Principal, password string, from From) error {
	return a.dropFactor(ctx, p, password, from, "Your authenticator was removed%s.", func(who *person) error {
		if who.TOTP == nil {
			return ErrNoFactor
		}
		who.TOTP = nil
		return nil
	})
}

// accept takes a code of now, of the period before or of the one after, but none
// of a period from which, or from after which, one was accepted.
func (k *totpKey) accept(code string, now time.Time) error {
	code = strings.ReplaceAll(code, " ", "")
	present := now.Unix() / totpPeriod
	accepted := int64(0)
	for period := present - totpSkew; period <= present+totpSkew; period++ {
		want, err := totp.GenerateCode(k.Secret, time.Unix(period*totpPeriod, 0))
		if err != nil {
			return fmt.Errorf("compute a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(code), []byte(want)) == 1 && period > k.Last {
			accepted = period
		}
	}
	if accepted == 0 {
		return ErrBadCode
	}
	k.Last = accepted
	return nil
}
