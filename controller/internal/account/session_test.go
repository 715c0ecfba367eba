package account

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
)

func TestSignIn(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	for _, name := range []string{"ada", "Ada", "ADA"} {
		session, _, err := f.SignIn(t.Context(), name, password, at(home))
		if err != nil {
			t.Fatalf("as %q: %v", name, err)
		}
		if p := f.who(t, session); p.User != "ada" {
			t.Errorf("%q is %q", name, string(p.User))
		}
	}
	for _, wrong := range [][2]string{
		{"ada", "Correct horse battery"}, {"ada", ""}, {"ada", password + " "}, {"ada", strings.Repeat("x", 60_000)},
		{"bob", password}, {"", password}, {"ada\x00", password}, {"?", password}, {strings.Repeat("a", 60_000), password},
	} {
		f.restart(t) // forgets the attempts
		if _, _, err := f.SignIn(t.Context(), wrong[0], wrong[1], at(home)); !errors.Is(err, ErrBadCredentials) {
			t.Errorf("%.40q: %v", wrong, err)
		}
	}
}

// TestUnknownNamesCostTheSame counts hashes, since time cannot be asserted.
func TestUnknownNamesCostTheSame(t *testing.T) {
	cost, _, _, err := argon2id.DecodeHash(newPasswords(cheap).nobody)
	if err != nil || *cost != *cheap {
		t.Fatalf("nobody's hash costs %+v, %v; want %+v", cost, err, cheap)
	}
	f := newFixture(t)
	f.admin(t)
	for range hashesWaiting { // whoever hashes now is told to come back
		f.passwords.strangers <- struct{}{}
	}
	for _, name := range []string{"ada", "bob", "", "?"} {
		var retry *RetryError
		if _, _, err := f.SignIn(t.Context(), name, "wrong wrong wrong", at(home)); !errors.As(err, &retry) {
			t.Errorf("%q is refused without a hash: %v", name, err)
		}
	}
}

func TestHashIsRaisedAtSignIn(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	stored := func() string {
		var who person
		if _, err := load(t.Context(), f.people, "ada", &who); err != nil {
			t.Fatal(err)
		}
		return who.Password
	}
	if !strings.Contains(stored(), "$m=64,t=1,p=1$") {
		t.Fatalf("stored as %s", stored())
	}
	f.cost = &argon2id.Params{Memory: 128, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	f.restart(t)
	if _, _, err := f.SignIn(t.Context(), "ada", "wrong wrong wrong", at(home)); !errors.Is(err, ErrBadCredentials) {
		t.Fatal(err)
	}
	if !strings.Contains(stored(), "$m=64,t=1,p=1$") {
		t.Fatal("raised by a wrong password")
	}
	f.signIn(t)
	raised := stored()
	if !strings.Contains(raised, "$m=128,t=2,p=1$") {
		t.Fatalf("stored as %s", raised)
	}
	f.signIn(t)
	if stored() != raised {
		t.Error("hashed anew without a reason")
	}
}

func TestSessionTokensAreNotStored(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	token, _, err := f.SignIn(t.Context(), "ada", password, at(home))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := f.sessions.Keys(t.Context())
	if err != nil || len(keys) != 2 {
		t.Fatalf("%d sessions, %v", len(keys), err)
	}
	for _, key := range keys {
		if strings.Contains(key, string(token)) {
			t.Error("the key is the token")
		}
		if _, err := f.Authenticate(t.Context(), strict.EncodeToString([]byte(key))); !errors.Is(err, ErrSignedOut) {
			t.Errorf("what the store holds opens a session: %v", err)
		}
	}
}

func TestSessionIdles(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	token, _, err := f.SignIn(t.Context(), "ada", password, at(home))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		f.clock.pass(sessionIdle - time.Second)
		f.who(t, token)
	}
	ended := f.Ended(f.who(t, token).Session)
	f.clock.pass(sessionIdle)
	if _, err := f.Authenticate(t.Context(), string(token)); !errors.Is(err, ErrSignedOut) {
		t.Fatalf("after a week without use: %v", err)
	}
	if !hasEnded(ended) {
		t.Error("its sockets live on")
	}
}

func TestSessionEndsAfterItsLife(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	token, _, err := f.SignIn(t.Context(), "ada", password, at(home))
	if err != nil {
		t.Fatal(err)
	}
	p := f.who(t, token)
	ended := f.Ended(p.Session)
	for range 29 {
		f.clock.pass(24 * time.Hour)
		if _, _, err := f.IssueTicket(t.Context(), p); err != nil { // an open page
			t.Fatal(err)
		}
	}
	f.clock.pass(24 * time.Hour)
	if _, _, err := f.IssueTicket(t.Context(), p); !errors.Is(err, ErrSignedOut) {
		t.Fatalf("after 30 days of use: %v", err)
	}
	if !hasEnded(ended) {
		t.Error("its sockets live on")
	}
}

func TestSignOut(t *testing.T) {
	f := newFixture(t)
	p, other := f.admin(t), f.signIn(t)
	ended, otherEnded := f.Ended(p.Session), f.Ended(other.Session)
	ticket := f.ticket(t, p)
	for range 2 { // signing out twice is no error
		if err := f.SignOut(t.Context(), p.Session); err != nil {
			t.Fatal(err)
		}
	}
	if !hasEnded(ended) || !hasEnded(f.Ended(p.Session)) {
		t.Error("the sockets of the session live on")
	}
	if hasEnded(otherEnded) {
		t.Error("the sockets of another session ended too")
	}
	if _, err := f.OpenTicket(t.Context(), ticket); !errors.Is(err, ErrTicketRefused) {
		t.Errorf("a ticket of the ended session: %v", err)
	}
	if _, _, err := f.IssuePageTicket(t.Context(), p); !errors.Is(err, ErrSignedOut) {
		t.Errorf("a new ticket for the ended session: %v", err)
	}
	if !hasEnded(f.Ended(SessionID{})) {
		t.Error("a session that never was has not ended")
	}
	if len(f.endings.of) != 1 {
		t.Errorf("%d sessions are waited for, want 1", len(f.endings.of))
	}
}

func TestAuthenticateRefusesForeignTokens(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	for _, token := range []string{"", "x", newSecret(), strings.Repeat("A", 60_000), strings.Repeat("\n", 43)} {
		if _, err := f.Authenticate(t.Context(), token); !errors.Is(err, ErrSignedOut) {
			t.Errorf("%.50q: %v", token, err)
		}
	}
}
