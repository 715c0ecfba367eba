package account

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestSetupMakesTheAdministratorOnce(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	if needed, err := f.SetupNeeded(ctx); err != nil || !needed {
		t.Fatalf("needed %v, %v at the first start", needed, err)
	}
	token, needed, err := f.NewSetupToken(ctx)
	if err != nil || !needed || len(token) != 43 {
		t.Fatalf("%d characters, needed %v, %v", len(token), needed, err)
	}
	session, err := f.Setup(ctx, string(token), "Ada", password, at(home))
	if err != nil {
		t.Fatal(err)
	}
	if p := f.who(t, session); p.User != "ada" || p.Role != RoleAdmin {
		t.Errorf("is %q with role %q", string(p.User), p.Role)
	}
	if _, err := f.Setup(ctx, string(token), "Eve", password, at(home)); !errors.Is(err, ErrSetupRefused) {
		t.Errorf("the token used twice: %v", err)
	}
	f.restart(t)
	if _, needed, err := f.NewSetupToken(ctx); err != nil || needed {
		t.Errorf("after a restart: needed %v, %v", needed, err)
	}
	if _, err := f.Setup(ctx, string(token), "Eve", password, at(home)); !errors.Is(err, ErrSetupRefused) {
		t.Errorf("the token used twice, after a restart: %v", err)
	}
	if _, _, err := f.SignIn(ctx, "Eve", password, at(home)); !errors.Is(err, ErrBadCredentials) {
		t.Errorf("Eve got in: %v", err)
	}
}

func TestSetupTokenOfAnEarlierStartIsVoid(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	first, _, err := f.NewSetupToken(ctx)
	if err != nil {
		t.Fatal(err)
	}
	f.restart(t)
	second, _, err := f.NewSetupToken(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Setup(ctx, string(first), "ada", password, at(home)); !errors.Is(err, ErrSetupRefused) {
		t.Fatalf("the first token: %v", err)
	}
	if _, err := f.Setup(ctx, string(second), "ada", password, at(home)); err != nil {
		t.Fatal(err)
	}
}

// A typing error must not cost the token.
func TestSetupKeepsTheTokenWhenItRefuses(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	token, _, err := f.NewSetupToken(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"", "a b", "a/b", "ä", "<script>", strings.Repeat("a", 33), "a\x00"} {
		if _, err := f.Setup(ctx, string(token), user, password, at(home)); !errors.Is(err, ErrBadUser) {
			t.Errorf("name %q: %v", user, err)
		}
	}
	for _, bad := range []string{"", "too-short", strings.Repeat("ä", 257), "0123456789\xff"} {
		if _, err := f.Setup(ctx, string(token), "ada", bad, at(home)); !errors.Is(err, ErrBadPassword) {
			t.Errorf("password %q: %v", bad, err)
		}
	}
	for _, bad := range []string{"", newSecret(), string(token)[:42], string(token) + "A", string(token)[:42] + "\n"} {
		if _, err := f.Setup(ctx, bad, "ada", password, at(home)); !errors.Is(err, ErrSetupRefused) {
			t.Errorf("token %q: %v", bad, err)
		}
	}
	if _, err := f.Setup(ctx, string(token), strings.Repeat("a", 32), strings.Repeat("ä", 256), at(home)); err != nil {
		t.Fatalf("the longest of both: %v", err)
	}
}

// TestSetupRace has several people use one token, all of them past the first
// look at it before one gets on.
func TestSetupRace(t *testing.T) {
	f := newFixture(t)
	token, _, err := f.NewSetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range hashesAtOnce {
		f.passwords.working <- struct{}{}
	}
	var (
		wg    sync.WaitGroup
		won   atomic.Int32
		users = []string{"ada", "eve", "bob", "kim"}
	)
	for _, user := range users {
		wg.Go(func() {
			_, err := f.Setup(t.Context(), string(token), user, password, at(home))
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, ErrSetupRefused) {
				t.Error(err)
			}
		})
	}
	for len(f.passwords.known) < len(users) {
		runtime.Gosched()
	}
	for range hashesAtOnce {
		<-f.passwords.working
	}
	wg.Wait()
	if people, err := f.people.Keys(t.Context()); won.Load() != 1 || len(people) != 1 {
		t.Fatalf("%d won, %d people, %v", won.Load(), len(people), err)
	}
}
