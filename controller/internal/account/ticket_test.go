package account

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestTicketOpensOnce(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	text := f.ticket(t, p)
	if got, err := f.OpenTicket(t.Context(), text); err != nil || got != p {
		t.Fatalf("%v, %v", got == p, err)
	}
	ended := f.Ended(p.Session)
	if hasEnded(ended) {
		t.Fatal("the session ended by itself")
	}
	if _, err := f.OpenTicket(t.Context(), text); !errors.Is(err, ErrTicketReused) {
		t.Fatalf("used twice: %v", err)
	}
	if !hasEnded(ended) {
		t.Error("the sockets of the session live on")
	}
	if _, _, err := f.IssueTicket(t.Context(), p); !errors.Is(err, ErrSignedOut) {
		t.Errorf("the session lives on: %v", err)
	}
	if !strings.Contains(f.log.String(), "used twice") {
		t.Error("the log does not say so")
	}
}

func TestTicketReuseLeavesOtherSessionsAlone(t *testing.T) {
	f := newFixture(t)
	p, other := f.admin(t), f.signIn(t)
	text := f.ticket(t, p)
	for range 2 {
		_, _ = f.OpenTicket(t.Context(), text)
	}
	if hasEnded(f.Ended(other.Session)) {
		t.Fatal("another session ended too")
	}
	if _, err := f.OpenTicket(t.Context(), f.ticket(t, other)); err != nil {
		t.Fatal(err)
	}
}

func TestTicketLifetimes(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	for _, test := range []struct {
		life  time.Duration
		issue func() (Ticket, time.Duration, error)
	}{
		{time.Minute, func() (Ticket, time.Duration, error) { return f.IssuePageTicket(t.Context(), p) }},
		{10 * time.Minute, func() (Ticket, time.Duration, error) { return f.IssueTicket(t.Context(), p) }},
	} {
		for _, late := range []bool{false, true} {
			text, life, err := test.issue()
			if err != nil || life != test.life || len(text) != 43 {
				t.Fatalf("good for %v, %v; want %v", life, err, test.life)
			}
			if late {
				f.clock.pass(life)
			} else {
				f.clock.pass(life - time.Millisecond)
			}
			if _, err := f.OpenTicket(t.Context(), string(text)); late != errors.Is(err, ErrTicketRefused) || !late && err != nil {
				t.Errorf("life %v, late %v: %v", life, late, err)
			}
		}
	}
	if hasEnded(f.Ended(p.Session)) {
		t.Error("a late ticket ended the session")
	}
}

func TestTicketInTheWrongForm(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	good := f.ticket(t, p)
	for _, text := range []string{
		"", "x", newSecret(), good + "=", " " + good, good + "\n", good[:42], good[:42] + "\n", good + good,
		otherSpareBits(good), strings.Repeat("A", 1<<20), strings.ToLower(good) + "!",
	} {
		if _, err := f.OpenTicket(t.Context(), text); !errors.Is(err, ErrTicketRefused) {
			t.Errorf("%.60q: %v", text, err)
		}
	}
	if _, err := f.OpenTicket(t.Context(), good); err != nil {
		t.Fatalf("the good one after all that: %v", err)
	}
}

// otherSpareBits returns another text that a lenient decoder takes for the same.
func otherSpareBits(secret string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, secret[42])
	return secret[:42] + alphabet[last+1:last+2]
}

func TestTicketsAreNotStored(t *testing.T) {
	f := newFixture(t)
	text := f.ticket(t, f.admin(t))
	keys, err := f.tickets.Keys(t.Context())
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d tickets, %v", len(keys), err)
	}
	if strings.Contains(keys[0], text) {
		t.Error("the key is the ticket")
	}
	if _, err := f.OpenTicket(t.Context(), strict.EncodeToString([]byte(keys[0]))); !errors.Is(err, ErrTicketRefused) {
		t.Errorf("what the store holds opens a socket: %v", err)
	}
}

var tickets = flag.Int("tickets", 200, "how many tickets TestTicketRace has raced for")

// TestTicketRace has two sockets use each ticket at once.
func TestTicketRace(t *testing.T) {
	const racers = 8 // whose tickets are under way at once
	f := newFixture(t)
	admin := f.admin(t)
	for i := range racers {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			f.race(t, f.another(t, admin), *tickets/racers)
		})
	}
}

// another is a further session of p's person.
func (f *fixture) another(t *testing.T, p Principal) Principal {
	t.Helper()
	who, err := f.person(t.Context(), p.User)
	if err != nil {
		t.Fatal(err)
	}
	session, err := f.newSession(t.Context(), p.User, who, at(home))
	if err != nil {
		t.Fatal(err)
	}
	return f.who(t, session)
}

// race has two sockets come with one ticket, again and again: one of them wins,
// and the session ends.
func (f *fixture) race(t *testing.T, p Principal, rounds int) {
	t.Helper()
	for range rounds {
		text := f.ticket(t, p)
		ended := f.Ended(p.Session)
		won := atOnce(t, 2, func(int) error {
			_, err := f.OpenTicket(t.Context(), text)
			return err
		}, ErrTicketReused, ErrTicketRefused)
		if won != 1 {
			t.Fatalf("%d have won", won)
		}
		if !hasEnded(ended) {
			t.Fatal("both were there, and the session lives on")
		}
		p = f.another(t, p)
	}
}
