package account

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPeople(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	f.user(t, "ben", RoleUser)
	for _, name := range []string{"ben", "Ben", "ADA"} {
		if err := f.Add(t.Context(), name, RoleUser, password); !errors.Is(err, ErrTaken) {
			t.Errorf("a second %q: %v", name, err)
		}
	}
	for _, bad := range []struct {
		name string
		role Role
		pass string
		want error
	}{
		{"a b", RoleUser, password, ErrBadUser}, {"eve", "root", password, ErrBadRole},
		{"eve", "", password, ErrBadRole}, {"eve", RoleUser, "short", ErrBadPassword},
	} {
		if err := f.Add(t.Context(), bad.name, bad.role, bad.pass); !errors.Is(err, bad.want) {
			t.Errorf("%q, %q: %v", bad.name, bad.role, err)
		}
	}
	f.clock.pass(time.Hour)
	f.enter(t, "ben")
	people, err := f.People(t.Context())
	if err != nil || len(people) != 2 {
		t.Fatalf("%d people, %v", len(people), err)
	}
	ada, ben := people[0], people[1]
	if ada.User != "ada" || ada.Name != "Ada" || ada.Role != RoleAdmin || ada.Sessions != 1 {
		t.Errorf("Ada: %s, %q, %s, %d sessions", string(ada.User), ada.Name, ada.Role, ada.Sessions)
	}
	if ben.User != "ben" || ben.Role != RoleUser || ben.Sessions != 1 || ben.SecondFactor || ben.Disabled || !ben.Seen.Equal(f.clock.Now()) {
		t.Errorf("Ben: %s, %s, %d sessions, seen %v", string(ben.User), ben.Role, ben.Sessions, ben.Seen)
	}
	for _, nobody := range []string{"eve", "", "a b", strings.Repeat("x", 60_000)} {
		if _, err := f.Find(t.Context(), nobody); !errors.Is(err, ErrNoPerson) {
			t.Errorf("%.20q: %v", nobody, err)
		}
	}
}

// What the first version stored has none of the new members.
func TestOldRecordsLoad(t *testing.T) {
	f := newFixture(t)
	hash, err := f.passwords.hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	old := `{"name":"Ada","role":"admin","password":"` + hash + `","created":"2029-12-31T00:00:00Z"}`
	token := newSecret()
	id, _ := hashSecret(token)
	session := `{"user":"ada","created":"2029-12-31T00:00:00Z","seen":"2029-12-31T00:00:00Z"}`
	_, err = f.people.Put(t.Context(), "ada", []byte(old))
	if err == nil {
		_, err = f.sessions.Put(t.Context(), string(id[:]), []byte(session))
	}
	if err != nil {
		t.Fatal(err)
	}
	f.restart(t)
	p := f.who(t, SessionToken(token))
	if sessions, err := f.Sessions(t.Context(), "ada", p.Session); err != nil || len(sessions) != 1 || !sessions[0].Current {
		t.Errorf("%d sessions, %v", len(sessions), err)
	}
	f.enter(t, "ada")
	if _, err := f.ChangePassword(t.Context(), p, password, "another password", at(home)); err != nil {
		t.Error(err)
	}
	if _, err := f.Authenticate(t.Context(), token); !errors.Is(err, ErrSignedOut) {
		t.Errorf("the old session after that: %v", err)
	}
}

// Whatever administrators do to a person ends what that person has open, the
// tickets of it too, even when nobody tidies up afterwards.
func TestSessionsEnd(t *testing.T) {
	for what, do := range map[string]func(*fixture) error{
		"disabled":        func(f *fixture) error { return f.SetDisabled(context.Background(), "ben", true) },
		"removed":         func(f *fixture) error { return f.Remove(context.Background(), "ben") },
		"promoted":        func(f *fixture) error { return f.SetRole(context.Background(), "ben", RoleAdmin) },
		"password":        func(f *fixture) error { return f.SetPassword(context.Background(), "ben", "another password") },
		"factors removed": func(f *fixture) error { return f.RemoveFactors(context.Background(), "ben") },
	} {
		t.Run(what, func(t *testing.T) {
			f := newFixture(t)
			ada := f.admin(t)
			f.user(t, "ben", RoleUser)
			token, p := f.enter(t, "ben")
			other, _ := f.enter(t, "ben")
			ticket, live, adas := f.ticket(t, p), f.live(p), f.live(ada)
			forgotten, _ := hashSecret(string(other))
			f.sessionsOf.remove(forgotten) // as if the controller had been killed before it came to it
			if err := do(f); err != nil {
				t.Fatal(err)
			}
			expectEnd(t, live)
			for _, token := range []SessionToken{token, other} {
				if _, err := f.Authenticate(t.Context(), string(token)); !errors.Is(err, ErrSignedOut) {
					t.Errorf("a session: %v", err)
				}
			}
			if _, err := f.OpenTicket(t.Context(), ticket); !errors.Is(err, ErrTicketRefused) {
				t.Errorf("a ticket: %v", err)
			}
			if hasEnded(adas) {
				t.Error("somebody else's session ended too")
			}
		})
	}
}

// The same role again changes nothing.
func TestSameRoleEndsNothing(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	if err := f.SetRole(t.Context(), "ada", RoleAdmin); err != nil {
		t.Fatal(err)
	}
	if hasEnded(f.live(p)) {
		t.Error("the session ended")
	}
}

func TestDisabled(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	f.user(t, "ben", RoleUser)
	_, p := f.enter(t, "ben")
	token, err := f.NewToken(t.Context(), p, "script", ScopeRead, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetDisabled(t.Context(), "ben", true); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.SignIn(t.Context(), "ben", password, at(home)); !errors.Is(err, ErrDisabled) {
		t.Errorf("with the password: %v", err)
	}
	if _, _, err := f.SignIn(t.Context(), "ben", wrong, at(home)); !errors.Is(err, ErrBadCredentials) {
		t.Errorf("who does not know the password is told: %v", err)
	}
	if err := f.SetDisabled(t.Context(), "ben", false); err != nil {
		t.Fatal(err)
	}
	f.enter(t, "ben")
	if _, err := f.AuthenticateToken(t.Context(), string(token), home); !errors.Is(err, ErrTokenRefused) {
		t.Errorf("the API token of before: %v", err)
	}
}

// Who gets the name of a removed person inherits nothing.
func TestRemovedAndMadeAnew(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	f.user(t, "ben", RoleUser)
	session, p := f.enter(t, "ben")
	token, err := f.NewToken(t.Context(), p, "script", ScopeRead, 0)
	if err != nil {
		t.Fatal(err)
	}
	sessionKey, _ := hashSecret(string(session))
	tokenKey, _ := hashSecret(string(token))
	oldSession, err1 := f.sessions.Get(t.Context(), string(sessionKey[:]))
	oldToken, err2 := f.tokens.Get(t.Context(), string(tokenKey[:]))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	var removed []User
	f.removing = func(_ context.Context, u User) error { removed = append(removed, u); return nil }
	if err := f.Remove(t.Context(), "ben"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(removed, []User{"ben", "ben"}) { // before the record goes, and after
		t.Errorf("others were told to forget %d people", len(removed))
	}
	// As if the controller had been killed before it came to them.
	_, err1 = f.sessions.Put(t.Context(), string(sessionKey[:]), oldSession.Value)
	_, err2 = f.tokens.Put(t.Context(), string(tokenKey[:]), oldToken.Value)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	f.restart(t)
	f.user(t, "ben", RoleAdmin)
	if _, err := f.Authenticate(t.Context(), string(session)); !errors.Is(err, ErrSignedOut) {
		t.Errorf("the old session: %v", err)
	}
	if _, err := f.AuthenticateToken(t.Context(), string(token), home); !errors.Is(err, ErrTokenRefused) {
		t.Errorf("the old API token: %v", err)
	}
	if tokens, err := f.Tokens(t.Context(), "ben"); err != nil || len(tokens) != 0 {
		t.Errorf("%d API tokens, %v", len(tokens), err)
	}
	if err := f.Remove(t.Context(), "eve"); !errors.Is(err, ErrNoPerson) {
		t.Errorf("removing nobody: %v", err)
	}
}

// What others keep of a person goes first: while that fails, nobody gets the name.
func TestRemoveStopsWhenOthersCannotForget(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	f.user(t, "ben", RoleUser)
	broken := errors.New("the disk is full")
	f.removing = func(context.Context, User) error { return broken }
	if err := f.Remove(t.Context(), "ben"); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if err := f.Add(t.Context(), "ben", RoleUser, password); !errors.Is(err, ErrTaken) {
		t.Errorf("the name is free: %v", err)
	}
	if _, _, err := f.SignIn(t.Context(), "ben", password, at(home)); !errors.Is(err, ErrDisabled) {
		t.Errorf("and the person gets in: %v", err)
	}
}

func TestLastAdministrator(t *testing.T) {
	f := newFixture(t)
	ada := f.admin(t)
	f.user(t, "ben", RoleUser)
	f.user(t, "kim", RoleAdmin)
	if err := f.SetDisabled(t.Context(), "kim", true); err != nil {
		t.Fatal(err)
	}
	for what, do := range map[string]func() error{
		"demoted":  func() error { return f.SetRole(t.Context(), "ada", RoleUser) },
		"disabled": func() error { return f.SetDisabled(t.Context(), "ada", true) },
		"removed":  func() error { return f.Remove(t.Context(), "ada") },
	} {
		if err := do(); !errors.Is(err, ErrLastAdmin) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if hasEnded(f.live(ada)) {
		t.Error("a refused change ended the session")
	}
	if err := f.SetDisabled(t.Context(), "kim", false); err != nil {
		t.Fatal(err)
	}
	if err := f.SetRole(t.Context(), "ada", RoleUser); err != nil {
		t.Errorf("with another one: %v", err)
	}
}

// Of all administrators who lose their role at once, in whatever way, one is left.
func TestLastAdministratorRace(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	for _, others := range []func(User) error{
		func(u User) error { return f.SetRole(t.Context(), u, RoleUser) },
		func(u User) error { return f.SetDisabled(t.Context(), u, true) },
		func(u User) error { return f.Remove(t.Context(), u) },
	} {
		for range 4 {
			_ = f.Add(t.Context(), "kim", RoleAdmin, password) // who is there, or was removed
			for _, user := range []User{"ada", "kim"} {
				_, err := f.change(t.Context(), user, func(who *person) error {
					who.Role, who.Disabled = RoleAdmin, false
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			won := atOnce(t, 2, func(i int) error {
				if i == 0 {
					return f.SetRole(t.Context(), "ada", RoleUser)
				}
				return others("kim")
			}, ErrLastAdmin)
			people, err := f.People(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			admins := slices.DeleteFunc(people, func(p Person) bool { return p.Role != RoleAdmin || p.Disabled })
			if won != 1 || len(admins) != 1 {
				t.Fatalf("%d went, %d administrators are left", won, len(admins))
			}
		}
	}
}

func TestPeopleAreTold(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	f.user(t, "ben", RoleUser)
	_, p := f.enter(t, "ben")
	ticket := f.ticket(t, p)
	for range 4 {
		_, _ = f.OpenTicket(t.Context(), ticket)
	}
	_, p = f.enter(t, "ben")
	token, err := f.NewToken(t.Context(), p, "script", ScopeRead, 0)
	tokens, err2 := f.Tokens(t.Context(), "ben")
	if err := errors.Join(err, err2, f.RevokeToken(t.Context(), "ben", tokens[0].ID)); err != nil || token == "" {
		t.Fatal(err)
	}
	_, err = f.ChangePassword(t.Context(), p, password, "another password", at(home))
	err = errors.Join(err, f.SetPassword(t.Context(), "ben", password), f.SetRole(t.Context(), "ben", RoleAdmin), f.RemoveFactors(t.Context(), "ben"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"sign-in ben", "ticket-reused ben", "sign-in ben", "token ben", "token ben", "password ben", "password ben", "role ben", "factor ben"}
	if got := f.heard(); !slices.Equal(got, want) {
		t.Errorf("told\n%q, want\n%q", got, want)
	}
}
