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
	ErrBadUser        = errors.New("a name has 1 to 32 letters, digits, dots, hyphens or underscores, the first a letter or a digit")
	ErrBadPassword    = errors.New("a password has 10 to 256 characters")

	ErrDisabled        = errors.New("the account is disabled")
	ErrWrongPassword   = errors.New("the password is wrong")
	ErrNoPerson        = errors.New("no such person")
	ErrTaken           = errors.New("somebody has this name already")
	ErrBadRole         = errors.New("a role is admin or user")
	ErrLastAdmin       = errors.New("this is the last administrator who can sign in")
	ErrNoSession       = errors.New("no such session")
	ErrNoToken         = errors.New("no such API token")
	ErrTokenRefused    = errors.New("the API token is unknown, was revoked or has run out")
	ErrBadScope        = errors.New("a scope is read, control or, for an administrator, admin")
	ErrBadLabel        = errors.New("a name for this has 1 to 64 characters")
	ErrBadLife         = errors.New("the lifetime is out of bounds")
	ErrTooMany         = errors.New("there are too many of these already")
	ErrInviteRefused   = errors.New("the invitation is unknown, was used or has run out")
	ErrNoInvitation    = errors.New("no such invitation")
	ErrStepRefused     = errors.New("the sign-in has taken too long or was tried too often")
	ErrBadCode         = errors.New("the code is wrong or was used already")
	ErrBadPasskey      = errors.New("the passkey was not accepted")
	ErrPasskeyCloned   = errors.New("the passkey was refused: there seems to be a copy of it")
	ErrNoPasskeyHere   = errors.New("passkeys work over https or at localhost only")
	ErrFactorElsewhere = errors.New("the second factor does not work at this address")
	ErrNoFactor        = errors.New("no such second factor")
	ErrHasTOTP         = errors.New("there is an authenticator already")
	ErrNotEnrolling    = errors.New("no authenticator is being set up, or it has taken too long")
)

// RetryError says that the caller is too early, and when to come back.
type RetryError struct {
	After time.Duration // rounded up to whole seconds, at least one
}

func (e *RetryError) Error() string {
	return fmt.Sprintf("too many attempts: try again in %s", e.After)
}
