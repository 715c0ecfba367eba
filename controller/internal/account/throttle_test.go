package account

import (
	"errors"
	"net/netip"
	"strconv"
	"testing"
	"time"
)

const wrong = "not the password"

func TestBackoffLetsTheOwnerBackIn(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	var retry *RetryError
	for i := range 11 {
		_, _, err := f.SignIn(t.Context(), "ada", wrong, at(home))
		if i < freeForAccount && !errors.Is(err, ErrBadCredentials) || i >= freeForAccount && !errors.As(err, &retry) {
			t.Fatalf("attempt %d: %v", i+1, err)
		}
	}
	if _, _, err := f.SignIn(t.Context(), "ADA", password, at(home)); !errors.As(err, &retry) {
		t.Fatalf("the right one at once: %v", err)
	}
	f.clock.pass(retry.After)
	f.signIn(t)
	f.signIn(t) // nothing is held against the account any more
}

func TestBackoffGrowsToAMinuteAndIsForgotten(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	fail := func() {
		t.Helper()
		if _, _, err := f.SignIn(t.Context(), "ada", wrong, at(home)); !errors.Is(err, ErrBadCredentials) {
			t.Fatal(err)
		}
	}
	for range freeForAccount - 1 {
		fail()
	}
	var waits []time.Duration
	for range 10 {
		fail()
		var retry *RetryError
		if _, _, err := f.SignIn(t.Context(), "ada", wrong, at(home)); !errors.As(err, &retry) {
			t.Fatalf("no wait after waits of %v: %v", waits, err)
		}
		waits = append(waits, retry.After)
		f.clock.pass(retry.After)
	}
	if waits[0] != time.Second || waits[1] != 2*time.Second || waits[len(waits)-1] != maxWait {
		t.Errorf("waits %v", waits)
	}
	f.clock.pass(forgetAfter)
	for range freeForAccount {
		fail()
	}
}

// Somebody elsewhere who guesses must not keep the owner out.
func TestGuessingElsewhereDoesNotHinderTheOwner(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	f.signIn(t)
	for i := range 3 * freeForAccount { // each from an address of its own
		from := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		_, _, err := f.SignIn(t.Context(), "ada", wrong, at(from))
		var retry *RetryError
		if !errors.Is(err, ErrBadCredentials) && !errors.As(err, &retry) {
			t.Fatal(err)
		}
	}
	var retry *RetryError
	if _, _, err := f.SignIn(t.Context(), "ada", password, at(netip.MustParseAddr("192.0.2.200"))); !errors.As(err, &retry) {
		t.Fatalf("many addresses guess on without a wait: %v", err)
	}
	f.signIn(t)
}

func TestAddressThatTriesManyNamesWaits(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	in := func(host uint16) netip.Addr { // hosts of one IPv6 network are one customer
		b := netip.MustParseAddr("2001:db8::").As16()
		b[14], b[15] = byte(host>>8), byte(host)
		return netip.AddrFrom16(b)
	}
	for i := range freeForAddress {
		if _, _, err := f.SignIn(t.Context(), "name"+strconv.Itoa(i), wrong, at(in(uint16(i)))); !errors.Is(err, ErrBadCredentials) {
			t.Fatalf("attempt %d: %v", i+1, err)
		}
	}
	var retry *RetryError
	if _, _, err := f.SignIn(t.Context(), "fresh", wrong, at(in(999))); !errors.As(err, &retry) {
		t.Fatalf("goes on: %v", err)
	}
	if _, _, err := f.SignIn(t.Context(), "ada", password, at(netip.MustParseAddr("2001:db8:0:1::1"))); err != nil {
		t.Fatalf("the neighbour waits too: %v", err)
	}
}

func TestThrottleIsBounded(t *testing.T) {
	c := &clock{now: time.Unix(1e9, 0)}
	th := newThrottle(c.Now)
	for i := range maxTracked + 100 {
		from := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		a, err := th.begin(strconv.Itoa(i), from)
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			a.succeeded()
		}
		c.pass(time.Millisecond)
	}
	if len(th.strikes) > maxTracked || len(th.known) > maxTracked {
		t.Fatalf("%d strikes, %d known", len(th.strikes), len(th.known))
	}
}

// Attempts made at once count before any of them has failed.
func TestAttemptsAtOnceCount(t *testing.T) {
	th := newThrottle((&clock{now: time.Unix(1e9, 0)}).Now)
	var let []*attempt
	for {
		a, err := th.begin("ada", home)
		if err != nil {
			break
		}
		let = append(let, a)
	}
	if len(let) != freeForAccount {
		t.Fatalf("%d were let in at once", len(let))
	}
	for _, a := range let {
		a.abandoned()
	}
	if _, err := th.begin("ada", home); err != nil {
		t.Fatalf("after all were taken back: %v", err)
	}
}

// Attempts that were never decided leave nothing behind, and so push nothing out of
// what is held against others.
func TestUndecidedAttemptsAreForgotten(t *testing.T) {
	th := newThrottle((&clock{now: time.Unix(1e9, 0)}).Now)
	for i := range 100 {
		a, err := th.begin(strconv.Itoa(i), home)
		if err != nil {
			t.Fatal(err)
		}
		a.abandoned()
	}
	if len(th.strikes) != 0 {
		t.Errorf("%d strikes are remembered", len(th.strikes))
	}
}

// However many strangers have their passwords checked, those who are signed in, or
// were from the same address, get theirs checked too.
func TestStrangersDoNotFillTheQueueOfOthers(t *testing.T) {
	f := newFixture(t)
	f.admin(t)
	_, ada := f.enter(t, "ada")
	for range hashesWaiting {
		f.passwords.strangers <- struct{}{}
	}
	elsewhere := netip.MustParseAddr("192.0.2.1")
	var retry *RetryError
	if _, _, err := f.SignIn(t.Context(), "ada", password, at(elsewhere)); !errors.As(err, &retry) {
		t.Errorf("one stranger more: %v", err)
	}
	f.enter(t, "ada")
	if _, err := f.EnrolTOTP(t.Context(), ada, password, at(elsewhere)); err != nil {
		t.Errorf("signed in: %v", err)
	}
	f.user(t, "ben", RoleUser)
	if _, err := f.AcceptInvitation(t.Context(), f.invite(t, RoleUser), "cleo", password, at(elsewhere)); err != nil {
		t.Errorf("invited: %v", err)
	}
}
