package hub

import (
	"context"
	"errors"
	"time"

	"offing/controller/internal/account"
)

// Wire carries the WebSocket frames of one connection. Next is called by one goroutine
// at a time, and not while Wait goes on; WriteNow and WriteAll by one at a time; the
// others by any, at any moment and more than once.
type Wire interface {
	// Wait returns at once, and calls then in a goroutine of its own when Next has
	// something to begin with, or could have. This is how a connection spends its
	// life, so it should need little.
	Wait(then func())
	// Next returns what the page has sent next. A *FrameError says with which
	// code to close; after one, Next takes no notice of what comes until the
	// connection has ended, and returns another error then.
	Next() (Message, error)
	// WriteNow writes what fits of frames without waiting, and returns how many
	// bytes that were; fewer than all is no error.
	WriteNow(frames [][]byte) (n int, err error)
	// WriteAll writes all of frames, or returns an error that wraps
	// os.ErrDeadlineExceeded when it could not within so long.
	WriteAll(frames [][]byte, within time.Duration) error
	// Hurry makes Next and WriteAll return within so long, whatever happens.
	Hurry(within time.Duration, code int, reason string)
	// Finish says that nothing more will be written.
	Finish()
	// Close ends the connection at once, without a word where none can be said.
	Close(code int, reason string)
}

// Message is what a page sends. Its bytes may be reused by the next call of Next.
type Message struct {
	Kind Kind
	Data []byte // text, in UTF-8, or what came with a ping
}

// Kind tells messages apart.
type Kind uint8

// The kinds of messages.
const (
	Text Kind = iota
	Ping      // to be answered with a pong of the same data
	Pong
)

// MaxMessage bounds what a page may send in one message, in bytes.
const MaxMessage = 1024

// FrameError ends a connection with a close frame: because of what the page has
// sent, or because it has sent one of its own, which this answers.
type FrameError struct {
	Code   int // 0 answers a close frame without a code
	Reason string
	Page   bool // the page has closed
}

func (e *FrameError) Error() string { return "the connection is to be closed: " + e.Reason }

// Conn is a connection that carries messages by means of its own, such as an
// event stream. Read and Write are each called by one goroutine at a time, Close
// by any, more than once, and at any moment: it makes a Read and a Write that are
// under way return. One with a method KeepAlive() error, which is called like
// Write, has it called every half a minute or so.
type Conn interface {
	// Read returns the next text message. Its bytes may be reused by the next Read.
	Read() ([]byte, error)
	// Write sends one text message within a deadline of its own; the error of
	// a deadline that has passed wraps os.ErrDeadlineExceeded.
	Write([]byte) error
	// Close sends a close frame if there is such a thing, and closes.
	Close(code int, reason string) error
}

// keeper is a Conn that is to be kept alive.
type keeper interface{ KeepAlive() error }

// named is a Conn with a name that its page must know.
type named interface{ Name() string }

// Doorman decides who comes in. *account.Accounts is one.
type Doorman interface {
	// OpenTicket spends a ticket. Its errors wrap account.ErrTicketRefused or
	// account.ErrTicketReused, or ErrCrowded, or mean that nothing can be said at
	// the moment.
	OpenTicket(ctx context.Context, ticket string) (account.Principal, error)
	// IssueTicket makes a ticket, and tells how long it is good for. Its errors
	// wrap account.ErrSignedOut when the session has ended, or mean that nothing
	// can be said at the moment.
	IssueTicket(ctx context.Context, p account.Principal) (account.Ticket, time.Duration, error)
	// OnEnd has ended called once when the session ends, by OnEnd itself when it
	// has ended already, unless stop is called first. ended must not block.
	OnEnd(id account.SessionID, ended func()) (stop func())
}

// ErrCrowded is what a Doorman returns for one connection too many.
var ErrCrowded = errors.New("too many connections")
