package account

import (
	"errors"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

func (f *fixture) invite(t *testing.T, role Role) string {
	t.Helper()
	token, _, err := f.Invite(t.Context(), "", role, 0)
	if err != nil {
		t.Fatal(err)
	}
	return string(token)
}

func TestInvitation(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	token := f.invite(t, RoleUser)
	i, err := f.CheckInvitation(t.Context(), token)
	if err != nil || i.Role != RoleUser || i.Expires.Sub(f.clock.Now()) != 72*time.Hour {
		t.Fatalf("%+v, %v", i, err)
	}
	for _, bad := range []struct {
		name, pass string
		want       error
	}{{"a b", password, ErrBadUser}, {"ben", "short", ErrBadPassword}, {"Ada", password, ErrTaken}} {
		if _, err := f.AcceptInvitation(t.Context(), token, bad.name, bad.pass, at(home)); !errors.Is(err, bad.want) {
			t.Errorf("%q: %v", bad.name, err)
		}
	}
	session, err := f.AcceptInvitation(t.Context(), token, "Ben", password, at(home))
	if err != nil {
		t.Fatal(err)
	}
	if p := f.who(t, session); p.User != "ben" || p.Role != RoleUser {
		t.Errorf("is %q, %s", string(p.User), p.Role)
	}
	if _, err := f.AcceptInvitation(t.Context(), token, "Eve", password, at(home)); !errors.Is(err, ErrInviteRefused) {
		t.Errorf("used twice: %v", err)
	}
	if _, err := f.CheckInvitation(t.Context(), token); !errors.Is(err, ErrInviteRefused) {
		t.Errorf("looked at after use: %v", err)
	}
}

func TestInvitationRefusals(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	for _, bad := range []struct {
		role Role
		life time.Duration
		want error
	}{{"", 0, ErrBadRole}, {"root", 0, ErrBadRole}, {RoleUser, time.Second, ErrBadLife}, {RoleUser, -1, ErrBadLife}, {RoleUser, maxInvitation + 1, ErrBadLife}} {
		if _, _, err := f.Invite(t.Context(), "", bad.role, bad.life); !errors.Is(err, bad.want) {
			t.Errorf("%q, %v: %v", bad.role, bad.life, err)
		}
	}
	token := f.invite(t, RoleUser)
	for _, wrong := range []string{"", "x", newSecret(), token[:42], otherSpareBits(token), strings.Repeat("A", 60_000)} {
		if _, err := f.AcceptInvitation(t.Context(), wrong, "ben", password, at(home)); !errors.Is(err, ErrInviteRefused) {
			t.Errorf("%.50q: %v", wrong, err)
		}
	}
	open, err := f.Invitations(t.Context())
	if err != nil || len(open) != 1 {
		t.Fatalf("%d are open, %v", len(open), err)
	}
	if err := f.Uninvite(t.Context(), "0000000000000000"); !errors.Is(err, ErrNoInvitation) {
		t.Errorf("taking back another: %v", err)
	}
	if err := f.Uninvite(t.Context(), open[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.AcceptInvitation(t.Context(), token, "ben", password, at(home)); !errors.Is(err, ErrInviteRefused) {
		t.Errorf("one that was taken back: %v", err)
	}
	token = f.invite(t, RoleAdmin)
	f.clock.pass(usualInvitation)
	if _, err := f.AcceptInvitation(t.Context(), token, "ben", password, at(home)); !errors.Is(err, ErrInviteRefused) {
		t.Errorf("after its time: %v", err)
	}
	if open, err := f.Invitations(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("%d are open, %v", len(open), err)
	}
}

// hold keeps every hash from being made until so many wait for one.
func (f *fixture) hold(n int) {
	for range hashesAtOnce {
		f.passwords.working <- struct{}{}
	}
	go func() {
		for len(f.passwords.known) < n {
			runtime.Gosched()
		}
		for range hashesAtOnce {
			<-f.passwords.working
		}
	}()
}

// Of all who accept one invitation at once, past the first look at it before one
// of them gets on, one gets in.
func TestInvitationRace(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	for round := range 8 {
		token := f.invite(t, RoleUser)
		f.hold(4)
		won := atOnce(t, 4, func(i int) error {
			_, err := f.AcceptInvitation(t.Context(), token, "u"+strconv.Itoa(round)+"-"+strconv.Itoa(i), password, at(home))
			return err
		}, ErrInviteRefused)
		people, err := f.people.Keys(t.Context())
		if won != 1 || err != nil || len(people) != round+2 {
			t.Fatalf("%d got in, %d people, %v", won, len(people), err)
		}
	}
}

// Of two who want the same name, the one who does not get it keeps the invitation.
func TestInvitationNameRace(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	for round := range 8 {
		tokens := []string{f.invite(t, RoleUser), f.invite(t, RoleUser)}
		name := "u" + strconv.Itoa(round)
		f.hold(2)
		accept := func(i int, name string) error {
			_, err := f.AcceptInvitation(t.Context(), tokens[i], name, password, at(home))
			return err
		}
		if won := atOnce(t, 2, func(i int) error { return accept(i, name) }, ErrTaken); won != 1 {
			t.Fatalf("%d have one name", won)
		}
		again := 0
		for i := range tokens {
			if accept(i, name+"-again") == nil {
				again++
			}
		}
		if again != 1 {
			t.Fatalf("%d invitations were good after that", again)
		}
	}
}

// An administrator who is none any more has left no door open, not even when
// somebody else has the name.
func TestInvitationOfAFormerAdministrator(t *testing.T) {
	for name, end := range map[string]func(f *fixture) error{
		"made a user": func(f *fixture) error { return f.SetRole(t.Context(), "bob", RoleUser) },
		"disabled":    func(f *fixture) error { return f.SetDisabled(t.Context(), "bob", true) },
		"removed":     func(f *fixture) error { return f.Remove(t.Context(), "bob") },
		"a namesake": func(f *fixture) error {
			return errors.Join(f.Remove(t.Context(), "bob"), f.Add(t.Context(), "bob", RoleAdmin, password))
		},
	} {
		f := newFixture(t)
		f.admin(t)
		token, _, err := f.Invite(t.Context(), f.user(t, "bob", RoleAdmin), RoleAdmin, 0)
		if err != nil {
			t.Fatal(err)
		}
		if i, err := f.CheckInvitation(t.Context(), string(token)); err != nil || i.Role != RoleAdmin {
			t.Fatalf("%+v, %v", i, err)
		}
		if err := end(f); err != nil {
			t.Fatal(err)
		}
		if _, err := f.CheckInvitation(t.Context(), string(token)); !errors.Is(err, ErrInviteRefused) {
			t.Errorf("%s: looked at: %v", name, err)
		}
		if _, err := f.AcceptInvitation(t.Context(), string(token), "eve", password, at(home)); !errors.Is(err, ErrInviteRefused) {
			t.Errorf("%s: accepted: %v", name, err)
		}
		if open, err := f.Invitations(t.Context()); err != nil || len(open) != 0 {
			t.Errorf("%s: %d are open, %v", name, len(open), err)
		}
	}
}
