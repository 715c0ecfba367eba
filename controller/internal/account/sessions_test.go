package account

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestSessionList(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	f.user(t, "ben", RoleUser)
	bens, _ := f.enter(t, "ben")
	f.clock.pass(time.Hour)
	agent := "Fire\x00fox\x1b[31m \u202e" + strings.Repeat("ä", 1000) + "\xff"
	token, _, err := f.SignIn(t.Context(), "ada", password, From{Address: home, Agent: agent})
	if err != nil {
		t.Fatal(err)
	}
	p := f.who(t, token)
	for range 2 {
		sessions, err := f.Sessions(t.Context(), "ada", p.Session)
		if err != nil || len(sessions) != 2 || !sessions[0].Current || sessions[1].Current || sessions[0].ID == sessions[1].ID {
			t.Fatalf("%+v, %v", sessions, err)
		}
		s := sessions[0]
		if want := "Firefox[31m " + strings.Repeat("ä", maxAgent-12); s.Agent != want || !s.Created.Equal(f.clock.Now()) || !s.Seen.Equal(f.clock.Now()) {
			t.Errorf("created %v, seen %v, agent %q", s.Created, s.Seen, s.Agent)
		}
		f.restart(t) // the same again from the store
	}
	f.clock.pass(sessionIdle - time.Minute)
	if sessions, err := f.Sessions(t.Context(), "ada", p.Session); err != nil || len(sessions) != 1 {
		t.Errorf("when one has gone idle: %d, %v", len(sessions), err)
	}
	if _, err := f.Authenticate(t.Context(), string(bens)); !errors.Is(err, ErrSignedOut) {
		t.Errorf("Ben's idle session: %v", err)
	}
}

func TestEndSessions(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	f.user(t, "ben", RoleUser)
	_, mine := f.enter(t, "ben")
	_, lost := f.enter(t, "ben")
	_, third := f.enter(t, "ben")
	lives := []<-chan struct{}{f.live(mine), f.live(lost), f.live(third)}
	for _, id := range []string{"", "x", shortID(SessionID{}), strings.Repeat("0", 60_000)} {
		if err := f.EndSession(t.Context(), "ben", id); !errors.Is(err, ErrNoSession) {
			t.Errorf("%.20q: %v", id, err)
		}
	}
	if err := f.EndSession(t.Context(), "ada", shortID(lost.Session)); !errors.Is(err, ErrNoSession) {
		t.Errorf("somebody else's: %v", err)
	}
	if err := f.EndSession(t.Context(), "ben", shortID(lost.Session)); err != nil {
		t.Fatal(err)
	}
	expectEnd(t, lives[1])
	if hasEnded(lives[0]) || hasEnded(lives[2]) {
		t.Fatal("another session ended too")
	}
	if err := f.EndSessions(t.Context(), "ben", mine.Session); err != nil {
		t.Fatal(err)
	}
	expectEnd(t, lives[2])
	if hasEnded(lives[0]) {
		t.Error("the one that asks ended too")
	}
}

func TestSessionsAreBounded(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	f.user(t, "ben", RoleUser)
	first, p := f.enter(t, "ben")
	live := f.live(p)
	for range maxSessions {
		f.clock.pass(time.Second)
		f.enter(t, "ben")
	}
	expectEnd(t, live)
	if _, err := f.Authenticate(t.Context(), string(first)); !errors.Is(err, ErrSignedOut) {
		t.Errorf("the oldest: %v", err)
	}
	if sessions, err := f.Sessions(t.Context(), "ben", SessionID{}); err != nil || len(sessions) != maxSessions {
		t.Errorf("%d sessions, %v", len(sessions), err)
	}
}

func TestChangePassword(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	f.user(t, "ben", RoleUser)
	_, other := f.enter(t, "ben")
	_, p := f.enter(t, "ben")
	forgotten, q := f.enter(t, "ben")
	f.sessionsOf.remove(q.Session) // as if the controller had been killed before it came to it
	lives := []<-chan struct{}{f.live(other), f.live(p)}
	for _, bad := range []struct {
		old, new string
		want     error
	}{{wrong, "another password", ErrWrongPassword}, {"", "another password", ErrWrongPassword}, {password, "short", ErrBadPassword}} {
		if _, err := f.ChangePassword(t.Context(), p, bad.old, bad.new, at(home)); !errors.Is(err, bad.want) {
			t.Errorf("%q to %q: %v", bad.old, bad.new, err)
		}
	}
	if hasEnded(lives[0]) || hasEnded(lives[1]) {
		t.Fatal("a refused change ended a session")
	}
	token, err := f.ChangePassword(t.Context(), p, password, "another password", at(home))
	if err != nil {
		t.Fatal(err)
	}
	expectEnd(t, lives[0])
	expectEnd(t, lives[1])
	if again := f.who(t, token); again.User != "ben" || again.Session == p.Session {
		t.Error("the session was not rotated")
	}
	if _, err := f.Authenticate(t.Context(), string(forgotten)); !errors.Is(err, ErrSignedOut) {
		t.Errorf("another session: %v", err)
	}
	if _, _, err := f.SignIn(t.Context(), "ben", password, at(home)); !errors.Is(err, ErrBadCredentials) {
		t.Errorf("the old password: %v", err)
	}
	if _, _, err := f.SignIn(t.Context(), "ben", "another password", at(home)); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

// Of two who change the password from the same old one, one does.
func TestChangePasswordRace(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	won := atOnce(t, 2, func(i int) error {
		_, err := f.ChangePassword(t.Context(), p, password, strings.Repeat("new", 4+i), at(home))
		return err
	}, ErrWrongPassword)
	if won != 1 {
		t.Errorf("%d changed it", won)
	}
}

// Whoever has a session cannot guess the password in it.
func TestConfirmIsThrottled(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	var retry *RetryError
	for i := range freeForAccount + 1 {
		_, err := f.ChangePassword(t.Context(), p, wrong, "another password", at(home))
		if i < freeForAccount && !errors.Is(err, ErrWrongPassword) || i == freeForAccount && !errors.As(err, &retry) {
			t.Fatalf("attempt %d: %v", i+1, err)
		}
	}
}
