package control

import (
	"context"
	"fmt"

	"offing/controller/internal/account"
	"offing/tunnel/command"
)

// errNoStanding ends the commands of a person who is disabled, and errDemoted what one
// who is no administrator any more has asked for as one.
var (
	errNoStanding = &command.Fault{Code: command.Cancelled, Text: "it was given up, for the account of who asked is disabled"}
	errDemoted    = &command.Fault{Code: command.Cancelled, Text: "it was given up: only an administrator may do this"}
)

// Recheck has Run look at once whether the people whose commands are under way may still
// have them done. It is to be called when somebody was disabled or has another role.
func (c *Control) Recheck() { c.wake() }

// standing returns what a person is now, "" for one who may do nothing any more. The
// controller's own socket is an administrator.
func (c *Control) standing(ctx context.Context, o *order) (account.Role, error) {
	switch {
	case o.User == "":
		return account.RoleAdmin, nil
	case c.cfg.People == nil && o.Admin:
		return account.RoleAdmin, nil
	case c.cfg.People == nil:
		return account.RoleUser, nil
	}
	role, err := c.cfg.People.Standing(ctx, o.User)
	if err != nil {
		return "", fmt.Errorf("look what somebody may do: %w", err)
	}
	return role, nil
}

// barred returns those of the orders whose people may do nothing any more, and those of
// whom it cannot be told, which are left where they are.
func (c *Control) barred(ctx context.Context, all []*order) (barred, unknown map[account.User]bool) {
	barred, unknown = map[account.User]bool{}, map[account.User]bool{}
	seen := map[account.User]bool{}
	for _, o := range all {
		if seen[o.User] {
			continue
		}
		seen[o.User] = true
		role, err := c.standing(ctx, o)
		if err != nil {
			c.cfg.Log.Warn("commands wait longer than they must", "err", err)
			unknown[o.User] = true
		} else if role == "" {
			barred[o.User] = true
		}
	}
	return barred, unknown
}

// recheckStanding ends an order that is about to go out and whose person may not have it
// done any more, and takes from it what only an administrator may.
func (c *Control) recheckStanding(ctx context.Context, o *order) error {
	role, err := c.standing(ctx, o)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	demoted := o.Admin && role != account.RoleAdmin
	if demoted {
		o.Admin = false
	}
	var why *command.Fault
	switch {
	case role == "":
		why = errNoStanding
	case demoted && (forAdministrators(o.Do) || o.Do == command.Add && o.target() != o.User):
		why = errDemoted
	case o.Do == command.Add && o.Gone: // for somebody who was removed
		why = errNoStanding
	default:
		return nil
	}
	o.ending = o.endingOf(command.Result{Fault: why}, false)
	return nil
}
