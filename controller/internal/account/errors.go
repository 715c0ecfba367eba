package account

import (
	"errors"
	"fmt"
	"time"
)

// Errors that callers branch on. None of them says whether an account exists.
var (
	ErrBadCredentials = errors.New("the name or the password is wrong")
	ErrSignedOut      = errors.New("not signed in, or the session has ended")
	ErrSetupRefused   = errors.New("the setup link is not valid any more: restart the controller for a new one")
	ErrTicketRefused  = errors.New("the ticket is unknown or too old")
	ErrTicketReused   = errors.New("the ticket was used before: its session has been ended")
	ErrBadUser        = errors.New("a name has 1 to 32 letters, digits, dots, hyphens or underscores")
	ErrBadPassword    = errors.New("a password has 10 to 256 characters")
)

// RetryError says that the caller is too early, and when to come back.
type RetryError struct {
	After time.Duration // rounded up to whole seconds, at least one
}

func (e *RetryError) Error() string {
	return fmt.Sprintf("too many attempts: try again in %s", e.After)
}
