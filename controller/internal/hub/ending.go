package hub

import (
	"errors"
	"os"
	"strconv"

	"offing/controller/internal/account"
)

// Close codes. Those from 4000 on are ours (RFC 6455, section 7.4.2); they go
// over the wire.
const (
	codeNormal       = 1000
	codeGoingAway    = 1001
	codeInternal     = 1011
	codeCrowded      = 1013
	codeBadFrame     = 4400
	codeTicket       = 4401
	codeTooSlow      = 4408
	codeSessionEnded = 4409
)

// ending is why a connection ends: a close code, and a word and a text for the
// error frame before it. Without a word there is no such frame.
type ending struct {
	code    int
	word    string
	text    string
	closing string // the reason in the close frame, where there is no word
	detail  error  // for the log only
	byPage  bool   // it is as the page wants it
	lost    bool   // nothing more can be read
}

func (e *ending) Error() string {
	return "connection ended: " + strconv.Itoa(e.code) + " " + e.reason()
}

// reason is for the close frame, which has room for 123 bytes.
func (e *ending) reason() string {
	if e.word != "" {
		return e.word
	}
	return e.closing
}

var (
	endGoingAway = &ending{code: codeGoingAway, word: "going-away", text: "the controller is stopping; the page connects again by itself"}
	endNoTicket  = &ending{code: codeTicket, word: "no-ticket", text: "no ticket came in time"}
	endTooSlow   = &ending{code: codeTooSlow, word: "too-slow", text: "the connection did not take in time what was sent"}
	endSilent    = &ending{code: codeTooSlow, word: "silent", text: "the connection did not answer pings"}
	endTopics    = &ending{code: codeBadFrame, word: "too-many-topics", text: "a connection has at most 64 topics; unsubscribe from some first"}
	endSession   = &ending{code: codeSessionEnded, word: "session-ended", text: "the session has ended; sign in again"}
	endSecond    = &ending{code: codeBadFrame, word: "bad-frame", text: "the connection is open already"}
	endNotOpened = &ending{code: codeBadFrame, word: "bad-frame", text: "the first message must open the connection with a ticket"}
	endCrowded   = &ending{code: codeCrowded, word: "too-many", text: "there are too many connections of this session or person; close some pages"}
	endByPage    = &ending{code: codeNormal, byPage: true, lost: true}
	endBroken    = &ending{code: codeInternal}
)

// unverified is the ending for a door that could not say yes or no.
func unverified(err error) *ending {
	return &ending{code: codeInternal, word: "internal", text: "tickets cannot be checked at the moment; the page tries again by itself", detail: err}
}

// badFrame is the ending for a message that cannot be read.
func badFrame(err error) *ending {
	return &ending{code: codeBadFrame, word: "bad-frame", text: err.Error()}
}

// refusedTicket is the ending for an error of Doorman.OpenTicket.
func refusedTicket(err error) *ending {
	switch {
	case errors.Is(err, ErrCrowded):
		return endCrowded
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

// failedRead is the ending for an error of Wire.Next.
func failedRead(err error) *ending {
	var frame *FrameError
	if errors.As(err, &frame) {
		return &ending{code: frame.Code, closing: frame.Reason, byPage: frame.Page}
	}
	return endByPage
}
