package account

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

var (
	here      = Site{Origin: "https://seedbox.example.org", ID: "seedbox.example.org"}
	elsewhere = Site{Origin: "http://localhost:8080", ID: "localhost"}
)

func on(site Site) From { return From{Address: home, Site: site} }

// passkey gives p a passkey.
func (f *fixture) passkey(t *testing.T, p Principal) *softKey {
	t.Helper()
	key := newSoftKey(t, here)
	if err := f.register(t, p, key); err != nil {
		t.Fatal(err)
	}
	return key
}

func (f *fixture) register(t *testing.T, p Principal, key *softKey) error {
	t.Helper()
	raw, err := f.NewPasskey(t.Context(), p, password, on(here))
	if err != nil {
		t.Fatal(err)
	}
	return f.FinishPasskey(t.Context(), p, "a key", key.register(raw), on(here))
}

// asked knows the password, and returns the step and what its passkey is asked.
func (f *fixture) asked(t *testing.T, user string) (string, json.RawMessage) {
	t.Helper()
	_, second, err := f.SignIn(t.Context(), user, password, on(here))
	if err != nil || second == nil || len(second.Methods) == 0 || second.Methods[0] != MethodPasskey {
		t.Fatalf("%+v, %v", second, err)
	}
	raw, err := f.AskPasskey(t.Context(), string(second.Step), on(here))
	if err != nil {
		t.Fatal(err)
	}
	return string(second.Step), raw
}

func (f *fixture) answer(t *testing.T, step string, answer []byte, site Site) (SessionToken, error) {
	t.Helper()
	return f.FinishSignIn(t.Context(), step, Proof{Method: MethodPasskey, Credential: answer}, on(site))
}

func TestPasskeyAsSecondStep(t *testing.T) {
	f := newFixture(t)
	key := f.passkey(t, f.admin(t))
	key.flags = userPresent // a second step need not know who it is
	step, raw := f.asked(t, "ada")
	token, err := f.answer(t, step, key.sign(raw), here)
	if err != nil {
		t.Fatal(err)
	}
	if p := f.who(t, token); p.User != "ada" {
		t.Errorf("is %q", string(p.User))
	}
	if _, err := f.answer(t, step, key.sign(raw), here); !errors.Is(err, ErrStepRefused) {
		t.Errorf("the same answer again: %v", err)
	}
	factors, err := f.Factors(t.Context(), "ada")
	if err != nil || len(factors.Passkeys) != 1 || factors.Passkeys[0].Name != "a key" || factors.Passkeys[0].Used.IsZero() {
		t.Errorf("%+v, %v", factors, err)
	}
}

func TestPasskeyAlone(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	f.user(t, "ben", RoleUser)
	_, ben := f.enter(t, "ben")
	key := f.passkey(t, ben)
	ask := func() (string, json.RawMessage) {
		step, raw, err := f.AskAnyPasskey(t.Context(), on(here))
		if err != nil {
			t.Fatal(err)
		}
		return string(step), raw
	}
	step, raw := ask()
	if o := key.read(raw); o.UserVerification != "required" || len(o.Allowed) != 0 || o.RPID != here.ID {
		t.Errorf("asked %s", raw)
	}
	token, err := f.answer(t, step, key.sign(raw), here)
	if err != nil {
		t.Fatal(err)
	}
	if p := f.who(t, token); p.User != "ben" || p.Role != RoleUser {
		t.Errorf("is %q, %s", string(p.User), p.Role)
	}
	for what, spoil := range map[string]func(*softKey){
		"without user verification": func(k *softKey) { k.flags = userPresent },
		"without anybody there":     func(k *softKey) { k.flags = 0 },
		"without a handle":          func(k *softKey) { k.handle = nil },
		"with a wrong handle":       func(k *softKey) { k.handle = []byte(newSecret()[:handleLen]) },
		"with a long handle":        func(k *softKey) { k.handle = []byte(strings.Repeat("x", 1000)) },
	} {
		spoiled := *key
		spoil(&spoiled)
		step, raw := ask()
		if _, err := f.answer(t, step, spoiled.sign(raw), here); !errors.Is(err, ErrBadPasskey) {
			t.Errorf("%s: %v", what, err)
		}
	}
	step, _ = ask()
	for _, method := range []Method{MethodTOTP, MethodRecovery, ""} {
		_, err := f.FinishSignIn(t.Context(), step, Proof{Method: method, Code: "000000"}, on(here))
		if !errors.Is(err, ErrStepRefused) {
			t.Errorf("with method %q: %v", method, err)
		}
	}
	if err := f.SetDisabled(t.Context(), "ben", true); err != nil {
		t.Fatal(err)
	}
	step, raw = ask()
	if _, err := f.answer(t, step, key.sign(raw), here); !errors.Is(err, ErrBadPasskey) {
		t.Errorf("of a disabled person: %v", err)
	}
	if err := errors.Join(f.Remove(t.Context(), "ben"), f.Add(t.Context(), "ben", RoleAdmin, password)); err != nil {
		t.Fatal(err)
	}
	step, raw = ask()
	if _, err := f.answer(t, step, key.sign(raw), here); !errors.Is(err, ErrBadPasskey) {
		t.Errorf("of a removed person whose name is somebody else's now: %v", err)
	}
}

func TestPasskeyAnswersThatAreRefused(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	key := f.passkey(t, p)
	f.user(t, "ben", RoleUser)
	_, ben := f.enter(t, "ben")
	bens := f.passkey(t, ben)
	stranger := newSoftKey(t, here)
	stranger.id, stranger.handle = key.id, key.handle
	for what, answer := range map[string]func(json.RawMessage) []byte{
		"of another page":     func(o json.RawMessage) []byte { k := *key; k.origin = "https://evil.example"; return k.sign(o) },
		"of another site":     func(o json.RawMessage) []byte { k := *key; k.site = "evil.example"; return k.sign(o) },
		"with another key":    func(o json.RawMessage) []byte { return stranger.sign(o) },
		"of somebody else":    func(o json.RawMessage) []byte { return bens.sign(o) },
		"that is nothing":     func(json.RawMessage) []byte { return nil },
		"that is no JSON":     func(json.RawMessage) []byte { return []byte("{") },
		"that is a new key":   func(o json.RawMessage) []byte { return newSoftKey(t, here).register(o) },
		"to another question": func(json.RawMessage) []byte { _, other := f.asked(t, "ada"); return key.sign(other) },
	} {
		step, raw := f.asked(t, "ada")
		if _, err := f.answer(t, step, answer(raw), here); !errors.Is(err, ErrBadPasskey) {
			t.Errorf("an answer %s: %v", what, err)
		}
	}
	step, raw := f.asked(t, "ada")
	if _, err := f.answer(t, step, key.sign(raw), elsewhere); !errors.Is(err, ErrBadPasskey) {
		t.Errorf("an answer given at another site: %v", err)
	}
	if _, err := f.answer(t, step, key.sign(raw), Site{}); !errors.Is(err, ErrNoPasskeyHere) {
		t.Errorf("an answer given where there are no passkeys: %v", err)
	}
	_, second, err := f.SignIn(t.Context(), "ada", password, on(here))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.answer(t, string(second.Step), key.sign(raw), here); !errors.Is(err, ErrBadPasskey) {
		t.Errorf("an answer to no question: %v", err)
	}
}

func TestPasskeyCopy(t *testing.T) {
	f := newFixture(t)
	key := newSoftKey(t, here)
	key.counter = 7
	if err := f.register(t, f.admin(t), key); err != nil {
		t.Fatal(err)
	}
	use := func(counter uint32) error {
		key.counter = counter
		step, raw := f.asked(t, "ada")
		_, err := f.answer(t, step, key.sign(raw), here)
		return err
	}
	if err := use(8); err != nil {
		t.Fatal(err)
	}
	f.heard()
	for _, counter := range []uint32{8, 1, 0} {
		if err := use(counter); !errors.Is(err, ErrPasskeyCloned) {
			t.Errorf("counter %d after 8: %v", counter, err)
		}
	}
	if told := f.heard(); len(told) != 3 || told[0] != "factor ada" {
		t.Errorf("told %q", told)
	}
	if err := use(9); err != nil {
		t.Errorf("counter 9 after 8: %v", err)
	}
	// Two copies at once with the same count: one gets in.
	key.counter = 10
	var answers [2][]byte
	var steps [2]string
	for i := range steps {
		step, raw := f.asked(t, "ada")
		steps[i], answers[i] = step, key.sign(raw)
	}
	won := atOnce(t, 2, func(i int) error {
		_, err := f.answer(t, steps[i], answers[i], here)
		return err
	}, ErrPasskeyCloned)
	if won != 1 {
		t.Errorf("%d got in", won)
	}
}

// Of two who send one answer at once, one gets in, even if the passkey does not count.
func TestPasskeyRace(t *testing.T) {
	f := newFixture(t)
	key := f.passkey(t, f.admin(t))
	for range 8 {
		step, raw, err := f.AskAnyPasskey(t.Context(), on(here))
		if err != nil {
			t.Fatal(err)
		}
		answer := key.sign(raw)
		won := atOnce(t, 2, func(int) error {
			_, err := f.answer(t, string(step), answer, here)
			return err
		}, ErrStepRefused)
		if won != 1 {
			t.Fatalf("%d got in", won)
		}
	}
}

func TestPasskeyRegistrationRefusals(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	if _, err := f.NewPasskey(t.Context(), p, wrong, on(here)); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("without the password: %v", err)
	}
	for _, site := range []Site{{}, {Origin: "https://127.0.0.1", ID: "127.0.0.1"}} {
		if _, err := f.NewPasskey(t.Context(), p, password, on(site)); !errors.Is(err, ErrNoPasskeyHere) {
			t.Errorf("at %q: %v", site.Origin, err)
		}
	}
	begin := func() json.RawMessage {
		raw, err := f.NewPasskey(t.Context(), p, password, on(here))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	key := newSoftKey(t, here)
	evil := newSoftKey(t, Site{Origin: "https://evil.example", ID: here.ID})
	for what, try := range map[string]func(json.RawMessage) error{
		"of another page": func(o json.RawMessage) error {
			return f.FinishPasskey(t.Context(), p, "x", evil.register(o), on(here))
		},
		"at another site": func(o json.RawMessage) error {
			return f.FinishPasskey(t.Context(), p, "x", key.register(o), on(elsewhere))
		},
		"that is nothing": func(json.RawMessage) error { return f.FinishPasskey(t.Context(), p, "x", nil, on(here)) },
		"in another session": func(o json.RawMessage) error {
			_, other := f.enter(t, "ada")
			return f.FinishPasskey(t.Context(), other, "x", key.register(o), on(here))
		},
		"after its time": func(o json.RawMessage) error {
			f.clock.pass(stepLife)
			return f.FinishPasskey(t.Context(), p, "x", key.register(o), on(here))
		},
	} {
		if err := try(begin()); !errors.Is(err, ErrBadPasskey) {
			t.Errorf("one %s: %v", what, err)
		}
	}
	raw := begin()
	if err := f.FinishPasskey(t.Context(), p, "", key.register(raw), on(here)); !errors.Is(err, ErrBadLabel) {
		t.Errorf("without a name: %v", err)
	}
	made := key.register(raw)
	won := atOnce(t, 2, func(int) error { return f.FinishPasskey(t.Context(), p, "x", made, on(here)) }, ErrBadPasskey)
	if won != 1 {
		t.Errorf("%d passkeys of one challenge", won)
	}
	if err := f.register(t, p, key); !errors.Is(err, ErrBadPasskey) {
		t.Errorf("the same passkey again: %v", err)
	}
}

// Where the only factor does not work, the password alone lets nobody in.
func TestPasskeyElsewhere(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	key := f.passkey(t, p)
	for _, site := range []Site{{}, elsewhere} {
		if token, second, err := f.SignIn(t.Context(), "ada", password, on(site)); !errors.Is(err, ErrFactorElsewhere) || token != "" || second != nil {
			t.Errorf("at %q: %v", site.Origin, err)
		}
	}
	codes, err := f.NewRecovery(t.Context(), p, password, at(home))
	if err != nil {
		t.Fatal(err)
	}
	step := f.step(t, "ada")
	if _, err := f.AskPasskey(t.Context(), step, on(elsewhere)); !errors.Is(err, ErrNoFactor) {
		t.Errorf("asked for at another site: %v", err)
	}
	if err := f.finish(t, step, MethodRecovery, string(codes[0])); err != nil {
		t.Errorf("with a recovery code: %v", err)
	}
	factors, err := f.Factors(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.RemovePasskey(t.Context(), p, "0000000000000000", password, at(home)); !errors.Is(err, ErrNoFactor) {
		t.Errorf("removing another: %v", err)
	}
	if err := f.RemovePasskey(t.Context(), p, factors.Passkeys[0].ID, wrong, at(home)); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("removing it without the password: %v", err)
	}
	if err := f.RemovePasskey(t.Context(), p, factors.Passkeys[0].ID, password, at(home)); err != nil {
		t.Fatal(err)
	}
	f.enter(t, "ada")
	stepAlone, raw, err := f.AskAnyPasskey(t.Context(), on(here))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.answer(t, string(stepAlone), key.sign(raw), here); !errors.Is(err, ErrBadPasskey) {
		t.Errorf("the removed one: %v", err)
	}
}

// Strangers who ask for challenges without end have to wait.
func TestAskingForPasskeysIsBounded(t *testing.T) {
	f := newFixture(t)
	for i := range freeForAddress {
		if _, _, err := f.AskAnyPasskey(t.Context(), on(here)); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	var retry *RetryError
	if _, _, err := f.AskAnyPasskey(t.Context(), on(here)); !errors.As(err, &retry) {
		t.Errorf("and on: %v", err)
	}
}
