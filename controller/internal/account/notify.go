package account

import (
	"context"
	"fmt"

	"offing/controller/internal/useragent"
)

// The kinds of what a person should know of their account. They go over the wire.
const (
	kindSignIn       = "sign-in"       // a new session was opened
	kindTicketReused = "ticket-reused" // a ticket was used twice: its session was ended
	kindPassword     = "password"      // the password was changed
	kindFactor       = "factor"        // a second factor was added or removed
	kindToken        = "token"         // an API token was made or revoked
	kindRole         = "role"          // the role was changed
)

// tell tells user what they should know. No argument is a secret.
func (a *Accounts) tell(ctx context.Context, user User, kind, format string, args ...any) {
	if a.notify != nil && user != "" {
		a.notify(ctx, user, kind, fmt.Sprintf(format, args...))
	}
}

// by says which program it was, where that is known.
func by(from From) string {
	if agent := printable(from.Agent, maxAgent); agent != "" {
		return " with " + useragent.Name(agent)
	}
	return ""
}
