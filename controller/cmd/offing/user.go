package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"offing/controller/client"
)

// The roles, as the controller calls them.
const (
	roleAdmin = "admin"
	roleUser  = "user"
)

func (a *app) user() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Look after the people who use the page",
		Long: `Look after the people who use the page: who they are, what they may do, where
they are signed in. It asks the running controller through its socket, as its
owner.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.userAdd(), a.userInvite(), a.userInvitations(), a.userList(), a.userAudit())
	cmd.AddCommand(a.ofPeople(a.userPasswd(), a.userRole(), a.userDisable(), a.userEnable(), a.userRemove(),
		a.userResetFactors(), a.userSessions(), a.userTokens(), a.userQuota())...)
	return cmd
}

// asking is a command that asks the running controller.
func (a *app) asking(use, short string, args cobra.PositionalArgs, run func(context.Context, *client.Client, []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.controlling(cmd, func(ctx context.Context, c *client.Client) error { return run(ctx, c, args) })
		},
	}
}

// ofPeople has the first word of commands completed as somebody's name.
func (a *app) ofPeople(commands ...*cobra.Command) []*cobra.Command {
	for _, cmd := range commands {
		cmd.ValidArgsFunction = firstWord(a.completeUsers)
	}
	return commands
}

// onePerson accepts the name of one person and nothing else.
func onePerson(_ *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return errors.New("want the name of one person")
	}
	return nil
}

func (a *app) userPasswd() *cobra.Command {
	cmd := a.asking("passwd NAME", "Give somebody another password", onePerson,
		func(ctx context.Context, c *client.Client, args []string) error {
			password, err := a.newPassword(ctx, args[0])
			if err != nil {
				return err
			}
			if err := c.SetPassword(ctx, args[0], password); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s has a new password; every session of theirs has ended\n", args[0])
			return nil
		})
	cmd.Long = `Give somebody another password, asked for twice without showing it, or read from
the standard input when that is no terminal. All their sessions end. A second
factor stays: reset-factors removes that.`
	return cmd
}

func (a *app) userRole() *cobra.Command {
	args := func(_ *cobra.Command, args []string) error {
		if len(args) != 2 || args[1] != roleAdmin && args[1] != roleUser {
			return errors.New("want the name of one person, and admin or user")
		}
		return nil
	}
	return a.asking("role NAME admin|user", "Make somebody an administrator, or no longer", args,
		func(ctx context.Context, c *client.Client, args []string) error {
			if err := c.SetRole(ctx, args[0], args[1]); err != nil {
				return err
			}
			what := "a user, who sees their own torrents"
			if args[1] == roleAdmin {
				what = "an administrator, who sees and does everything"
			}
			fmt.Fprintf(a.stdout, "%s is now %s; they have to sign in again\n", args[0], what)
			return nil
		})
}

func (a *app) userDisable() *cobra.Command {
	return a.asking("disable NAME", "Let somebody in no longer, and sign them out everywhere", onePerson,
		func(ctx context.Context, c *client.Client, args []string) error {
			if err := c.SetDisabled(ctx, args[0], true); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s is out, and stays out until `offing user enable %s`; their torrents stay\n", args[0], args[0])
			return nil
		})
}

func (a *app) userEnable() *cobra.Command {
	return a.asking("enable NAME", "Let somebody in again who was disabled", onePerson,
		func(ctx context.Context, c *client.Client, args []string) error {
			if err := c.SetDisabled(ctx, args[0], false); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s may sign in again\n", args[0])
			return nil
		})
}

func (a *app) userRemove() *cobra.Command {
	var yes bool
	cmd := a.asking("remove NAME", "Delete an account", onePerson,
		func(ctx context.Context, c *client.Client, args []string) error {
			if !yes {
				if err := a.confirm(ctx, fmt.Sprintf("This deletes the account of %s with its sessions, tokens and shares. Their torrents stay,\nand have no owner when nobody shares them. Type the name to go on: ", args[0]), args[0]); err != nil {
					return err
				}
			}
			if err := c.RemoveUser(ctx, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "removed %s\n", args[0])
			return nil
		})
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask first")
	return cmd
}

func (a *app) userResetFactors() *cobra.Command {
	cmd := a.asking("reset-factors NAME", "Remove the second factors of somebody who has lost them", onePerson,
		func(ctx context.Context, c *client.Client, args []string) error {
			if err := c.RemoveFactors(ctx, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s signs in with the password alone now\n", args[0])
			return nil
		})
	cmd.Long = `Remove the authenticator, the recovery codes and the passkeys of somebody who
has lost them. Be sure who asks: whoever has their password is in from now on.`
	return cmd
}
