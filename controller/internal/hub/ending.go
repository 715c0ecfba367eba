package hub

import (
	"errors"
	"os"

	"offing/controller/internal/account"
)

// Close codes. Those from 4000 on are ours (RFC 6455, section 7.4.2); they go
// over the wire.
const (
	codeNormal       = 1000
	codeGoingAway    = 1001
	codeInternal     = 1011
	codeBadFrame     = 4400
	codeTicket       = 4401
	codeTopic        = 4403
	codeTooSlow      = 4408
	codeSessionEnded = 4409
)

// ending is why a connection ends: a close code, and a word and a text for the
// error frame before it. Without a word there is no such frame.
type ending struct {
	code   int
	word   string
	text   string
	detail error // for the log only
}

func (e *ending) Error() string { return "connection ended: " + e.reason() }

// reason is for the close frame, which has room for 123 bytes.
func (e *ending) reason() string {
	if e.word != "" {
		return e.word
	}
	return "closed"
}

var (
	endGoingAway = &ending{code: codeGoingAway, word: "going-away", text: "the controller is stopping; the page connects again by itself"}
	endNoTicket  = &ending{code: codeTicket, word: "no-ticket", text: "no ticket came in time"}
	endTooSlow   = &ending{code: codeTooSlow, word: "too-slow", text: "the connection did not take in time what was sent"}
	endTopic     = &ending{code: codeTopic, word: "topic-refused", text: "there is no such topic for you"}
	endSession   = &ending{code: codeSessionEnded, word: "session-ended", text: "the session has ended; sign in again"}
	endSecond    = &ending{code: codeBadFrame, word: "bad-frame", text: "the connection is open already"}
	endNotOpened = &ending{code: codeBadFrame, word: "bad-frame", text: "the first message must open the connection with a ticket"}
	endByPage    = &ending{code: codeNormal}
	endBroken    = &ending{code: codeInternal}
)

// unverified is the ending for a door that could not say yes or no.
func unverified(err error) *ending {
	return &ending{codeInternal, "internal", "tickets cannot be checked at the moment; the page tries again by itself", err}
}

// badFrame is the ending for a message that cannot be read.
func badFrame(err error) *ending {
	return &ending{code: codeBadFrame, word: "bad-frame", text: err.Error()}
}

// refusedTicket is the ending for an error of Doorman.OpenTicket.
func refusedTicket(err error) *ending {
	switch {
	case errors.Is(err, account.ErrTicketReused):
		return &ending{code: codeSessionEnded, word: "ticket-reused", text: account.ErrTicketReused.Error()}
	case errors.Is(err, account.ErrTicketRefused):
		return &ending{code: codeTicket, word: "ticket-refused", text: account.ErrTicketRefused.Error()}
	}
	return unverified(err)
}

// unissued is the ending for an error of Doorman.IssueTicket.
func unissued(err error) *ending {
	if errors.Is(err, account.ErrSignedOut) {
		return endSession
	}
	return unverified(err)
}

// failedWrite is the ending for an error of Conn.Write.
func failedWrite(err error) *ending {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return endTooSlow
	}
	return endBroken
}
