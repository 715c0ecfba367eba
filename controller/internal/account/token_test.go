package account

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func (f *fixture) token(t *testing.T, p Principal, scope Scope, life time.Duration) string {
	t.Helper()
	token, err := f.NewToken(t.Context(), p, "a script", scope, life)
	if err != nil {
		t.Fatal(err)
	}
	return string(token)
}

func TestToken(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	text := f.token(t, p, ScopeControl, time.Hour)
	for range 2 {
		got, err := f.AuthenticateToken(t.Context(), text, home)
		if want := (Principal{User: "ada", Role: RoleAdmin, Scope: ScopeControl}); err != nil || got != want {
			t.Fatalf("%v, %v", got == want, err)
		}
		if got.May(ScopeAdmin) || !got.May(ScopeControl) || !got.May(ScopeRead) {
			t.Error("it may do something else than its scope says")
		}
		f.restart(t)
	}
	if _, _, err := f.IssuePageTicket(t.Context(), Principal{User: "ada", Scope: ScopeControl}); !errors.Is(err, ErrSignedOut) {
		t.Errorf("a ticket without a session: %v", err)
	}
	tokens, err := f.Tokens(t.Context(), "ada")
	if err != nil || len(tokens) != 1 {
		t.Fatalf("%d tokens, %v", len(tokens), err)
	}
	if v := tokens[0]; v.Name != "a script" || v.Scope != ScopeControl || !v.Used.Equal(f.clock.Now()) || v.Expires.Sub(v.Created) != time.Hour || strings.Contains(text, v.ID) {
		t.Errorf("%+v", v)
	}
	f.clock.pass(time.Hour)
	if _, err := f.AuthenticateToken(t.Context(), text, home); !errors.Is(err, ErrTokenRefused) {
		t.Errorf("after its time: %v", err)
	}
}

func TestTokenIsRevoked(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	f.user(t, "ben", RoleUser)
	text := f.token(t, p, ScopeRead, 0)
	tokens, err := f.Tokens(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	for user, id := range map[User]string{"ben": tokens[0].ID, "ada": "0000000000000000"} {
		if err := f.RevokeToken(t.Context(), user, id); !errors.Is(err, ErrNoToken) {
			t.Errorf("somebody else's: %v", err)
		}
	}
	if _, err := f.AuthenticateToken(t.Context(), text, home); err != nil {
		t.Fatal(err)
	}
	if err := f.RevokeToken(t.Context(), "ada", tokens[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.AuthenticateToken(t.Context(), text, home); !errors.Is(err, ErrTokenRefused) {
		t.Errorf("after it was revoked: %v", err)
	}
}

// A token has no more than its owner may now.
func TestTokenOfWhoWasDemoted(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	f.user(t, "kim", RoleAdmin)
	_, p := f.enter(t, "kim")
	text := f.token(t, p, ScopeAdmin, 0)
	if got, err := f.AuthenticateToken(t.Context(), text, home); err != nil || got.Role != RoleAdmin || !got.May(ScopeAdmin) {
		t.Fatalf("before: %s, %v", got.Role, err)
	}
	if err := f.SetRole(t.Context(), "kim", RoleUser); err != nil {
		t.Fatal(err)
	}
	if got, err := f.AuthenticateToken(t.Context(), text, home); err != nil || got.Role != RoleUser || got.May(ScopeAdmin) || !got.May(ScopeControl) {
		t.Errorf("after: %s, scope %s, %v", got.Role, got.Scope, err)
	}
	// A disabled owner's is refused even if nobody has come to revoke it.
	_, err := f.change(t.Context(), "kim", func(who *person) error { who.Disabled = true; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.AuthenticateToken(t.Context(), text, home); !errors.Is(err, ErrTokenRefused) {
		t.Errorf("of a disabled owner: %v", err)
	}
}

func TestTokenBadInput(t *testing.T) {
	f := newFixture(t)
	ada := f.admin(t)
	f.user(t, "ben", RoleUser)
	_, ben := f.enter(t, "ben")
	for _, bad := range []struct {
		p     Principal
		name  string
		scope Scope
		life  time.Duration
		want  error
	}{
		{ben, "x", ScopeAdmin, 0, ErrBadScope}, {ada, "x", "", 0, ErrBadScope}, {ada, "x", "root", 0, ErrBadScope},
		{ada, "", ScopeRead, 0, ErrBadLabel}, {ada, strings.Repeat("x", 65), ScopeRead, 0, ErrBadLabel},
		{ada, "a\nb", ScopeRead, 0, ErrBadLabel}, {ada, " x", ScopeRead, 0, ErrBadLabel}, {ada, "\xff", ScopeRead, 0, ErrBadLabel},
		{ada, "x", ScopeRead, -1, ErrBadLife}, {ada, "x", ScopeRead, maxTokenLife + 1, ErrBadLife},
	} {
		if _, err := f.NewToken(t.Context(), bad.p, bad.name, bad.scope, bad.life); !errors.Is(err, bad.want) {
			t.Errorf("%q, %q, %v: %v", bad.name, bad.scope, bad.life, err)
		}
	}
	for range maxTokens {
		f.token(t, ben, ScopeRead, 0)
	}
	if _, err := f.NewToken(t.Context(), ben, "x", ScopeRead, 0); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	text := f.token(t, ada, ScopeRead, 0)
	for i, wrong := range []string{"", "x", newSecret(), text[:42], text + "=", otherSpareBits(text), strings.Repeat("A", 60_000)} {
		if _, err := f.AuthenticateToken(t.Context(), wrong, home); !errors.Is(err, ErrTokenRefused) {
			t.Errorf("wrong one %d: %v", i, err)
		}
	}
	token, _ := f.enter(t, "ada")
	if _, err := f.AuthenticateToken(t.Context(), string(token), home); !errors.Is(err, ErrTokenRefused) {
		t.Errorf("a session's token: %v", err)
	}
	if _, err := f.Authenticate(t.Context(), text); !errors.Is(err, ErrSignedOut) {
		t.Errorf("as a session's token: %v", err)
	}
}

func TestWrongTokensWait(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	known, fresh := f.token(t, p, ScopeRead, 0), f.token(t, p, ScopeRead, 0)
	use := func(text string) error {
		_, err := f.AuthenticateToken(t.Context(), text, home)
		return err
	}
	if err := use(known); err != nil {
		t.Fatal(err)
	}
	for i := range freeForAddress {
		if err := use(newSecret()); !errors.Is(err, ErrTokenRefused) {
			t.Fatalf("attempt %d: %v", i+1, err)
		}
	}
	var retry *RetryError
	if err := use(newSecret()); !errors.As(err, &retry) {
		t.Fatalf("a wrong one goes on: %v", err)
	}
	if err := use(fresh); !errors.As(err, &retry) {
		t.Errorf("a right one that was not seen here before: %v", err)
	}
	if err := use(known); err != nil {
		t.Errorf("who was here before is kept out: %v", err)
	}
	f.clock.pass(retry.After)
	if err := use(fresh); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}
