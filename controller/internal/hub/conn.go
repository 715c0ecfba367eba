package hub

import (
	"context"
	"time"

	"offing/controller/internal/account"
)

// Conn is one WebSocket, whatever carries it. Read and Write are each called by
// one goroutine at a time, Close by any, more than once, and at any moment: it
// makes a Read and a Write that are under way return.
type Conn interface {
	// Read returns the next text message. Its bytes may be reused by the next Read.
	Read() ([]byte, error)
	// Write sends one text message within a deadline of its own; the error of
	// a deadline that has passed wraps os.ErrDeadlineExceeded.
	Write([]byte) error
	// Close sends a close frame if that is possible at once, and closes.
	Close(code int, reason string) error
}

// Doorman decides who comes in. *account.Accounts is one.
type Doorman interface {
	// OpenTicket spends a ticket. Its errors wrap account.ErrTicketRefused or
	// account.ErrTicketReused, or mean that nothing can be said at the moment.
	OpenTicket(ctx context.Context, ticket string) (account.Principal, error)
	// IssueTicket makes a ticket, and tells how long it is good for. Its errors
	// wrap account.ErrSignedOut when the session has ended, or mean that nothing
	// can be said at the moment.
	IssueTicket(ctx context.Context, p account.Principal) (account.Ticket, time.Duration, error)
	// Ended is closed when the session has ended; nil never ends.
	Ended(id account.SessionID) <-chan struct{}
}
