package account

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// authenticator is somebody's telephone.
type authenticator struct {
	f      *fixture
	secret string
}

// code is what it shows so many periods from now.
func (a authenticator) code(t *testing.T, periods int) string {
	t.Helper()
	code, err := totp.GenerateCode(a.secret, a.f.clock.Now().Add(time.Duration(periods)*totpPeriod*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// enrol gives p an authenticator, and returns it with the recovery codes. The
// code of now is used then.
func (f *fixture) enrol(t *testing.T, p Principal) (authenticator, []FactorSecret) {
	t.Helper()
	e, err := f.EnrolTOTP(t.Context(), p, password, at(home))
	if err != nil {
		t.Fatal(err)
	}
	phone := authenticator{f, string(e.Secret)}
	codes, err := f.ConfirmTOTP(t.Context(), p, phone.code(t, 0), at(home))
	if err != nil || len(codes) != recoveryCodes {
		t.Fatalf("%d recovery codes, %v", len(codes), err)
	}
	return phone, codes
}

// step knows the password, and returns the second step.
func (f *fixture) step(t *testing.T, user User) string {
	t.Helper()
	token, second, err := f.SignIn(t.Context(), string(user), password, at(home))
	if err != nil || token != "" || second == nil {
		t.Fatalf("a session %v, a second step %v, %v", token != "", second != nil, err)
	}
	return string(second.Step)
}

func (f *fixture) finish(t *testing.T, step string, method Method, code string) error {
	t.Helper()
	token, err := f.FinishSignIn(t.Context(), step, Proof{Method: method, Code: code}, at(home))
	if err == nil {
		f.who(t, token)
	} else if token != "" {
		t.Error("a session in spite of an error")
	}
	return err
}

func TestEnrolment(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	if _, err := f.EnrolTOTP(t.Context(), p, wrong, at(home)); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("without the password: %v", err)
	}
	if _, err := f.ConfirmTOTP(t.Context(), p, "000000", at(home)); !errors.Is(err, ErrNotEnrolling) {
		t.Errorf("before it has begun: %v", err)
	}
	e, err := f.EnrolTOTP(t.Context(), p, password, at(home))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(e.URI), "otpauth://totp/Offing:Ada?") || !strings.Contains(string(e.URI), "secret="+string(e.Secret)) || len(e.Secret) != 32 {
		t.Errorf("%s, %d characters", string(e.URI), len(e.Secret))
	}
	picture, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(e.QR), "data:image/png;base64,"))
	if err != nil {
		t.Fatal(err)
	}
	if image, err := png.Decode(bytes.NewReader(picture)); err != nil || image.Bounds().Dx() != qrSize {
		t.Errorf("the picture: %v", err)
	}
	phone := authenticator{f, string(e.Secret)}
	if _, err := f.ConfirmTOTP(t.Context(), p, phone.code(t, 5), at(home)); !errors.Is(err, ErrBadCode) {
		t.Errorf("with a code of another time: %v", err)
	}
	if _, second, err := f.SignIn(t.Context(), "ada", password, at(home)); err != nil || second != nil {
		t.Errorf("it counts before a code has confirmed it: %v", err)
	}
	f.clock.pass(enrolLife)
	if _, err := f.ConfirmTOTP(t.Context(), p, phone.code(t, 0), at(home)); !errors.Is(err, ErrNotEnrolling) {
		t.Errorf("too late: %v", err)
	}
	f.enrol(t, p)
	if _, err := f.EnrolTOTP(t.Context(), p, password, at(home)); !errors.Is(err, ErrHasTOTP) {
		t.Errorf("a second one: %v", err)
	}
	factors, err := f.Factors(t.Context(), "ada")
	if err != nil || !factors.TOTP || factors.RecoveryLeft != recoveryCodes || len(factors.Passkeys) != 0 {
		t.Errorf("%+v, %v", factors, err)
	}
}

func TestSecondStep(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	phone, _ := f.enrol(t, p)
	for i, wrong := range []string{"", "000000x", phone.code(t, 2), phone.code(t, -2), phone.code(t, 0), strings.Repeat("0", 60_000)} {
		if err := f.finish(t, f.step(t, "ada"), MethodTOTP, wrong); !errors.Is(err, ErrBadCode) {
			t.Errorf("wrong code %d: %v", i, err)
		}
	}
	step := f.step(t, "ada")
	if err := f.finish(t, step, MethodTOTP, phone.code(t, 1)); err != nil { // a clock that is ahead
		t.Fatal(err)
	}
	f.clock.pass(2 * totpPeriod * time.Second)
	if err := f.finish(t, step, MethodTOTP, phone.code(t, 0)); !errors.Is(err, ErrStepRefused) {
		t.Errorf("the step again: %v", err)
	}
	spaced := phone.code(t, 0)
	if err := f.finish(t, f.step(t, "ada"), MethodTOTP, spaced[:3]+" "+spaced[3:]); err != nil {
		t.Errorf("with a space: %v", err)
	}
	if err := f.finish(t, f.step(t, "ada"), MethodTOTP, phone.code(t, 0)); !errors.Is(err, ErrBadCode) {
		t.Errorf("a code used twice: %v", err)
	}
	if err := f.finish(t, f.step(t, "ada"), MethodTOTP, phone.code(t, -1)); !errors.Is(err, ErrBadCode) {
		t.Errorf("an older code than the last: %v", err)
	}
	f.clock.pass(totpPeriod * time.Second)
	for _, method := range []Method{"", "password", MethodRecovery} {
		if err := f.finish(t, f.step(t, "ada"), method, phone.code(t, 0)); !errors.Is(err, ErrBadCode) {
			t.Errorf("as %q: %v", method, err)
		}
	}
}

func TestStepRefusals(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	phone, _ := f.enrol(t, p)
	f.clock.pass(time.Minute)
	good := f.step(t, "ada")
	for _, bad := range []string{"", "x", newSecret(), good[:42], otherSpareBits(good), strings.Repeat("A", 60_000)} {
		if err := f.finish(t, bad, MethodTOTP, phone.code(t, 0)); !errors.Is(err, ErrStepRefused) {
			t.Errorf("%.50q: %v", bad, err)
		}
	}
	f.clock.pass(stepLife)
	if err := f.finish(t, good, MethodTOTP, phone.code(t, 0)); !errors.Is(err, ErrStepRefused) {
		t.Errorf("too late: %v", err)
	}
	for what, change := range map[string]func() error{
		"another password": func() error { return f.SetPassword(t.Context(), "ada", password) },
		"disabled": func() error {
			f.user(t, "kim", RoleAdmin)
			return f.SetDisabled(t.Context(), "ada", true)
		},
	} {
		good = f.step(t, "ada")
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if err := f.finish(t, good, MethodTOTP, phone.code(t, 0)); !errors.Is(err, ErrStepRefused) {
			t.Errorf("%s in between: %v", what, err)
		}
		if err := f.SetDisabled(t.Context(), "ada", false); err != nil {
			t.Fatal(err)
		}
	}
}

// A step has few tries, and codes cannot be guessed by opening more steps. Neither
// keeps the owner out for good.
func TestCodesCannotBeGuessed(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	phone, _ := f.enrol(t, p)
	f.heard()
	step := f.step(t, "ada")
	var retry *RetryError
	tries := 0
	for ; tries < 100; tries++ {
		err := f.finish(t, step, MethodTOTP, "000000")
		if errors.As(err, &retry) {
			f.clock.pass(retry.After)
		} else if errors.Is(err, ErrStepRefused) {
			break
		} else if !errors.Is(err, ErrBadCode) {
			t.Fatal(err)
		}
	}
	if tries > maxTries+1 || retry == nil {
		t.Errorf("%d tries of one step, a wait: %v", tries, retry)
	}
	if told := f.heard(); len(told) != 1 || told[0] != "sign-in ada" {
		t.Errorf("told %q", told)
	}
	waits := 0
	for range 20 {
		if err := f.finish(t, f.step(t, "ada"), MethodTOTP, "000000"); errors.As(err, &retry) {
			waits++
			f.clock.pass(retry.After)
		}
	}
	if waits < 5 {
		t.Errorf("%d waits in 20 steps", waits)
	}
	f.clock.pass(maxWait)
	if err := f.finish(t, f.step(t, "ada"), MethodTOTP, phone.code(t, 0)); err != nil {
		t.Errorf("the owner after a minute: %v", err)
	}
}

func TestRecovery(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	_, codes := f.enrol(t, p)
	messy := strings.ToLower(strings.ReplaceAll(string(codes[0]), "-", " "))
	if err := f.finish(t, f.step(t, "ada"), MethodRecovery, messy); err != nil {
		t.Errorf("%q: %v", messy, err)
	}
	if err := f.finish(t, f.step(t, "ada"), MethodRecovery, string(codes[0])); !errors.Is(err, ErrBadCode) {
		t.Errorf("used twice: %v", err)
	}
	if factors, err := f.Factors(t.Context(), "ada"); err != nil || factors.RecoveryLeft != recoveryCodes-1 {
		t.Errorf("%d left, %v", factors.RecoveryLeft, err)
	}
	if _, err := f.NewRecovery(t.Context(), p, wrong, at(home)); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("new ones without the password: %v", err)
	}
	fresh, err := f.NewRecovery(t.Context(), p, password, at(home))
	if err != nil || len(fresh) != recoveryCodes {
		t.Fatalf("%d new ones, %v", len(fresh), err)
	}
	if err := f.finish(t, f.step(t, "ada"), MethodRecovery, string(codes[1])); !errors.Is(err, ErrBadCode) {
		t.Errorf("one that is void: %v", err)
	}
	if err := f.finish(t, f.step(t, "ada"), MethodRecovery, string(fresh[9])); err != nil {
		t.Errorf("a new one: %v", err)
	}
}

func TestRemoveTOTP(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	_, codes := f.enrol(t, p)
	if err := f.RemoveTOTP(t.Context(), p, wrong, at(home)); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("without the password: %v", err)
	}
	if err := f.RemoveTOTP(t.Context(), p, password, at(home)); err != nil {
		t.Fatal(err)
	}
	f.enter(t, "ada")
	if err := f.RemoveTOTP(t.Context(), p, password, at(home)); !errors.Is(err, ErrNoFactor) {
		t.Errorf("again: %v", err)
	}
	if _, err := f.NewRecovery(t.Context(), p, password, at(home)); !errors.Is(err, ErrNoFactor) {
		t.Errorf("recovery codes for nothing: %v", err)
	}
	f.enrol(t, p)
	if err := f.finish(t, f.step(t, "ada"), MethodRecovery, string(codes[0])); !errors.Is(err, ErrBadCode) {
		t.Errorf("a recovery code of the authenticator before: %v", err)
	}
}

// Of two uses at once of one code, of one recovery code, or of one step, one wins.
func TestSecondStepRaces(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	phone, codes := f.enrol(t, p)
	for range 8 {
		f.clock.pass(totpPeriod * time.Second)
		code, recovery := phone.code(t, 0), string(codes[0])
		codes = codes[1:]
		steps := []string{f.step(t, "ada"), f.step(t, "ada")}
		if won := atOnce(t, 2, func(i int) error { return f.finish(t, steps[i], MethodTOTP, code) }, ErrBadCode); won != 1 {
			t.Fatalf("%d signed in with one code", won)
		}
		steps = []string{f.step(t, "ada"), f.step(t, "ada")}
		if won := atOnce(t, 2, func(i int) error { return f.finish(t, steps[i], MethodRecovery, recovery) }, ErrBadCode); won != 1 {
			t.Fatalf("%d signed in with one recovery code", won)
		}
	}
	for range 8 {
		codes, err := f.NewRecovery(t.Context(), p, password, at(home))
		if err != nil {
			t.Fatal(err)
		}
		step := f.step(t, "ada")
		won := atOnce(t, 4, func(i int) error { return f.finish(t, step, MethodRecovery, string(codes[i])) }, ErrStepRefused)
		if won != 1 {
			t.Fatalf("%d signed in with one step", won)
		}
	}
}

func FuzzHashRecovery(f *testing.F) {
	codes, _ := newRecovery()
	for _, seed := range []string{"", string(codes[0]), strings.ToLower(string(codes[1])), strings.Repeat("A", 17), "AAAAAAAAAAAAAAA1", "ÄÄÄÄ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, code string) {
		hash, ok := hashRecovery(code)
		if !ok {
			return
		}
		bare := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))
		again, ok := hashRecovery(bare)
		if !ok || !bytes.Equal(hash, again) || len(bare) != 16 {
			t.Fatalf("%q is taken for a code", code)
		}
	})
}
