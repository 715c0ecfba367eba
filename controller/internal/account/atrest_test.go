package account

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"offing/controller/internal/store"
)

// TestHashesOnly goes through everything that makes a secret, and looks for it in
// all that is stored and logged.
func TestHashesOnly(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	session, _ := f.enter(t, "ada")
	ticket := f.ticket(t, p)
	token := f.token(t, p, ScopeAdmin, 0)
	invitation := f.invite(t, RoleUser)
	phone, codes := f.enrol(t, p)
	step := f.step(t, "ada")
	alone, _, err := f.AskAnyPasskey(t.Context(), on(here))
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]string{
		"password": password, "session": string(session), "ticket": ticket, "API token": token,
		"invitation": invitation, "step": step, "passkey's step": string(alone),
	}
	for _, code := range codes {
		secrets["recovery code "+string(code)] = string(code)
		secrets["bare recovery code "+string(code)] = strings.ReplaceAll(string(code), "-", "")
	}
	held := everything(t, f)
	for what, secret := range secrets {
		if strings.Contains(held, secret) {
			t.Errorf("the store holds the %s", what)
		}
		if raw, err := strict.DecodeString(secret); err == nil && strings.Contains(held, string(raw)) {
			t.Errorf("the store holds the bytes of the %s", what)
		}
	}
	if !strings.Contains(held, phone.secret) {
		t.Error("the authenticator's key, which must be there, was not found: the test looks in the wrong place")
	}
	secrets["authenticator"], secrets["user"], secrets["hash"] = phone.secret, "ada", "$argon2id$"
	log := strings.ToLower(f.log.String())
	for what, secret := range secrets {
		if strings.Contains(log, strings.ToLower(secret)) {
			t.Errorf("the log holds the %s:\n%s", what, log)
		}
	}
}

// everything returns all keys and values of the accounts.
func everything(t *testing.T, f *fixture) string {
	t.Helper()
	var all strings.Builder
	for name, b := range map[string]store.Bucket{
		"people": f.people, "sessions": f.sessions, "tickets": f.tickets, "tokens": f.tokens,
		"steps": f.steps, "invitations": f.invitations,
	} {
		keys, err := b.Keys(t.Context())
		if err != nil || len(keys) == 0 {
			t.Fatalf("%s: %d keys, %v", name, len(keys), err)
		}
		for _, key := range keys {
			e, err := b.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			all.WriteString(key + " " + hex.EncodeToString([]byte(key)) + " " + string(e.Value) + "\n")
		}
	}
	return all.String()
}

// What the store holds, and the IDs that people see, open nothing.
func TestKeysOpenNothing(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	f.token(t, p, ScopeAdmin, 0)
	f.invite(t, RoleAdmin)
	f.enrol(t, p)
	f.step(t, "ada")
	for name, try := range map[string]struct {
		bucket store.Bucket
		open   func(string) error
		want   error
	}{
		"API token":  {f.tokens, func(s string) error { _, err := f.AuthenticateToken(t.Context(), s, home); return err }, ErrTokenRefused},
		"invitation": {f.invitations, func(s string) error { _, err := f.CheckInvitation(t.Context(), s); return err }, ErrInviteRefused},
		"step":       {f.steps, func(s string) error { return f.finish(t, s, MethodTOTP, "000000") }, ErrStepRefused},
	} {
		keys, err := try.bucket.Keys(t.Context())
		if err != nil || len(keys) != 1 {
			t.Fatalf("%s: %d keys, %v", name, len(keys), err)
		}
		id := shortID(digest([]byte(keys[0])))
		for _, text := range []string{keys[0], strict.EncodeToString([]byte(keys[0])), hex.EncodeToString([]byte(keys[0])), id} {
			if err := try.open(text); !errors.Is(err, try.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
