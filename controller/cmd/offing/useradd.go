package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"offing/controller/client"
)

const maxPassword = 1024 // bytes of what is read as a password; the controller takes 256 characters

func (a *app) userAdd() *cobra.Command {
	var admin bool
	cmd := a.asking("add NAME", "Add a person with a password", onePerson,
		func(ctx context.Context, c *client.Client, args []string) error {
			password, err := a.newPassword(ctx, args[0])
			if err != nil {
				return err
			}
			if err := c.AddUser(ctx, args[0], roleOf(admin), password); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "added %s; `offing share give %s HASH …` gives them torrents\n", args[0], args[0])
			return nil
		})
	cmd.Long = `Add a person. The password is asked for twice without showing it, or read from
the standard input when that is no terminal:

  pwgen 20 1 | tee /dev/tty | offing user add anna

Better let them choose their own: see "offing user invite".`
	cmd.Flags().BoolVar(&admin, "admin", false, "as an administrator, who sees and does everything")
	return cmd
}

func roleOf(admin bool) string {
	if admin {
		return roleAdmin
	}
	return roleUser
}

// newPassword returns a password that a person types twice, or that is piped in.
func (a *app) newPassword(ctx context.Context, user string) (string, error) {
	ask := secret{
		what: "password", most: maxPassword, hint: "pipe one in, a line of 10 to 256 characters",
		prompt: fmt.Sprintf("New password of %s (10 characters at least, it will not be shown): ", user),
	}
	first, err := a.readSecret(ctx, ask)
	if err != nil {
		return "", err
	}
	if !isTerminal(a.stdin) {
		return strings.TrimRight(first, "\r\n"), nil
	}
	ask.prompt = "Once more: "
	second, err := a.readSecret(ctx, ask)
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("these are two different passwords, nothing is changed")
	}
	return first, nil
}

func (a *app) userInvite() *cobra.Command {
	var admin bool
	var life time.Duration
	cmd := a.asking("invite", "Make a link by which one person becomes a user", cobra.NoArgs,
		func(ctx context.Context, c *client.Client, _ []string) error {
			hours := int((life + time.Hour - 1) / time.Hour)
			if hours < 0 {
				return usage(errors.New("--for: an invitation lasts an hour at least"))
			}
			made, err := c.Invite(ctx, roleOf(admin), hours)
			if err != nil {
				return err
			}
			fmt.Fprintln(a.stdout, made.Link)
			fmt.Fprintf(a.stderr, "It works once, until %s. Whoever has it gets in: send it by a way that you trust.\n", clock(made.Expires))
			return nil
		})
	cmd.Flags().BoolVar(&admin, "admin", false, "as an administrator, who sees and does everything")
	cmd.Flags().DurationVar(&life, "for", 0, "how `long` the link works, such as 24h (default three days)")
	return cmd
}

func (a *app) userInvitations() *cobra.Command {
	var revoke string
	cmd := a.asking("invitations", "List the invitations that nobody has accepted yet", cobra.NoArgs,
		func(ctx context.Context, c *client.Client, _ []string) error {
			if revoke != "" {
				if err := c.RevokeInvitation(ctx, revoke); err != nil {
					return err
				}
				fmt.Fprintln(a.stdout, "revoked: its link is worthless now")
				return nil
			}
			open, err := c.Invitations(ctx)
			if err != nil {
				return err
			}
			if len(open) == 0 {
				fmt.Fprintln(a.stderr, "there are none: `offing user invite` makes one")
				return nil
			}
			t := textTable("", "ID", "ROLE", "UNTIL")
			for _, i := range open {
				t.addText(i.ID, i.Role, clock(i.Expires))
			}
			return t.write(a.stdout, screenOf(a.stdout))
		})
	cmd.Flags().StringVar(&revoke, "revoke", "", "make the invitation of that `ID` worthless")
	return cmd
}
