package hub

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offing/controller/internal/account"
)

func TestTicketRefused(t *testing.T) {
	for name, c := range map[string]struct {
		ticket string
		broken error
		code   int
		word   string
	}{
		"unknown": {"nonsense", nil, codeTicket, "ticket-refused"},
		"reused":  {"ticket-1", nil, codeSessionEnded, "ticket-reused"},
		"broken":  {"ticket-2", errBroken, codeInternal, "internal"},
	} {
		t.Run(name, func(t *testing.T) {
			within(t, func(r *rig) {
				r.open() // has used ticket-1 and holds ticket-2
				r.door.fail(c.broken, nil)
				p := r.connect()
				p.present(c.ticket)
				p.endsWith(c.code, c.word)
			})
		})
	}
}

// Somebody who has seen a ticket go by gets nothing, and its owner hears of it.
func TestReusedTicketEndsItsSession(t *testing.T) {
	within(t, func(r *rig) {
		bystander := r.openAs(eve)
		bystander.subscribe("list")
		ticket := r.ticket(ada)
		owner, sibling, thief := r.connect(), r.open(), r.connect()
		owner.present(ticket)
		owner.receive()
		sibling.subscribe("list")

		thief.present(ticket)
		thief.endsWith(codeSessionEnded, "ticket-reused")
		owner.endsWith(codeSessionEnded, "session-ended")
		sibling.endsWith(codeSessionEnded, "session-ended")
		r.feeds["list"].add("x")
		if got := bystander.receive(); got.items() != "x" {
			t.Fatalf("the page of another session got %s", got.raw)
		}
	}, "list")
}

// The session may end between a ticket's use and the making of the next one.
func TestSessionThatEndedGetsNoTicket(t *testing.T) {
	within(t, func(r *rig) {
		ticket := r.ticket(ada)
		open := r.open()
		r.door.fail(nil, fmt.Errorf("issue a ticket: %w", account.ErrSignedOut))
		p := r.connect()
		p.present(ticket)
		p.endsWith(codeSessionEnded, "session-ended")
		open.endsWith(codeSessionEnded, "session-ended") // at the next rotation
	})
}

func TestNoTicketToBeHad(t *testing.T) {
	within(t, func(r *rig) {
		ticket := r.ticket(ada)
		open := r.open()
		r.door.fail(nil, errBroken)
		p := r.connect()
		p.present(ticket)
		p.endsWith(codeInternal, "internal")
		open.endsWith(codeInternal, "internal")
	})
}

func TestNoTicketInTime(t *testing.T) {
	within(t, func(r *rig) {
		begun := time.Now()
		p := r.connect()
		p.endsWith(codeTicket, "no-ticket")
		if took := time.Since(begun); took != UsualPace().Open {
			t.Fatalf("closed after %v", took)
		}
	})
}

func TestNothingBeforeTheTicket(t *testing.T) {
	for name, message := range map[string]string{
		"subscribe":   `{"op":"subscribe","topic":"list"}`,
		"unsubscribe": `{"op":"unsubscribe","topic":"list"}`,
		"not JSON":    `open`,
		"no ticket":   `{"op":"open","ticket":""}`,
		"two in one":  `{"op":"open","ticket":"ticket-1","topic":"list"}`,
		"too long":    `{"op":"open","ticket":"` + strings.Repeat("x", MaxMessage) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			within(t, func(r *rig) {
				r.ticket(ada)
				p := r.connect()
				p.send(message)
				p.endsWith(codeBadFrame, "bad-frame")
				if watched := r.feeds["list"].watchedSoFar(); len(watched) > 0 || len(r.door.used) > 0 {
					t.Errorf("topic watched %v, tickets spent %v", watched, r.door.used)
				}
			}, "list")
		})
	}
}

func TestEndOfSession(t *testing.T) {
	within(t, func(r *rig) {
		idle, stalled := r.open(), r.open()
		stalled.subscribe("list")
		r.feeds["list"].add("x") // is being written from now on
		synctest.Wait()
		ended := time.Now()
		r.door.end(ada)
		idle.endsWith(codeSessionEnded, "session-ended")
		stalled.closes(codeSessionEnded)
		if took := time.Since(ended); took > lastWords {
			t.Fatalf("the stalled page was closed after %v", took)
		}
	}, "list")
}

func TestTicketsRotate(t *testing.T) {
	within(t, func(r *rig) {
		p := r.open()
		var newest string
		seen := []string{}
		for range 5 {
			at := time.Now()
			f := p.receive()
			if f.Op != "ticket" || f.ExpiresIn != 600 || slices.Contains(seen, f.Ticket) {
				t.Fatalf("got %s", f.raw)
			}
			if since := time.Since(at); since < ticketLife*3/8 || since > ticketLife/2+sweepEvery {
				t.Fatalf("a new ticket after %v", since)
			}
			newest = f.Ticket
			seen = append(seen, newest)
		}
		p.leave()
		p = r.connect()
		p.present(newest)
		if f := p.receive(); f.Op != "opened" || slices.Contains(seen, f.Ticket) {
			t.Fatalf("the newest ticket brought %s", f.raw)
		}
	})
}

func TestOnlyTheNewestTicketWaits(t *testing.T) {
	within(t, func(r *rig) {
		s := &session{hub: r.hub, shard: r.hub.shards[0], wire: plain{}, busy: true} // cannot be written to
		s.hand(opTicket, "old", ticketLife)
		s.hand(opTicket, "new", ticketLife)
		frames, more := s.gatherLocked(nil, time.Now())
		if len(frames) != 1 || more || string(payload(frames[0])) != `{"op":"ticket","ticket":"new","expires_in":600}` {
			t.Fatalf("what waits is %q", frames)
		}
	})
}
