package account

import (
	"context"
	"fmt"

	"offing/controller/internal/useragent"
)

// The kinds of what a person should know of their account. The words are those
// of the package of notices.
const (
	kindSignIn       = "sign-in"
	kindTicketReused = "ticket-reused"
	kindPassword     = "password"
	kindFactor       = "factor"
	kindToken        = "token"
	kindRole         = "role"
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
