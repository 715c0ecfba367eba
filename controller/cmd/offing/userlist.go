package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/report"
)

// nobodyYet is told where a person is needed and there is none.
const nobodyYet = "there is nobody yet: the controller printed a link for the first administrator when it started"

func (a *app) userList() *cobra.Command {
	var asJSON bool
	cmd := a.asking("list", "List the people, and what is theirs", cobra.NoArgs,
		func(ctx context.Context, c *client.Client, _ []string) error {
			users, err := c.Users(ctx)
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(map[string]any{"users": users})
			}
			if len(users) == 0 {
				fmt.Fprintln(a.stderr, nobodyYet)
				return nil
			}
			t := textTable("NAME", "NAME", "ROLE", "SIGN-IN", "SESSIONS", "SEEN", "TORRENTS", "ON DISK")
			for i := range users {
				addUser(t, &users[i])
			}
			return t.write(a.stdout, screenOf(a.stdout))
		})
	cmd.Flags().BoolVar(&asJSON, "json", false, `write {"users":[…]}`)
	return cmd
}

func addUser(t *table, u *client.User) {
	signIn := "password"
	switch {
	case u.Disabled:
		signIn = "disabled"
	case u.SecondFactor:
		signIn = "two factors"
	}
	t.addText(u.Name, u.Role, signIn, strconv.Itoa(u.Sessions), clock(at(u.Seen)),
		bounded(fmt.Sprint(u.Used.Torrents), u.Quota.Torrents > 0, fmt.Sprint(u.Quota.Torrents)),
		bounded(report.Size(u.Used.Bytes), u.Quota.Bytes > 0, report.Size(u.Quota.Bytes)))
}

func (a *app) userSessions() *cobra.Command {
	var end string
	cmd := a.asking("sessions NAME", "List where somebody is signed in, and sign them out", onePerson,
		func(ctx context.Context, c *client.Client, args []string) error {
			switch end {
			case "":
				return a.listSessions(ctx, c, args[0])
			case "all":
				return a.done(c.EndSessions(ctx, args[0]), "every session of "+args[0]+" has ended")
			}
			return a.done(c.EndSession(ctx, args[0], end), "that session has ended")
		})
	cmd.Flags().StringVar(&end, "end", "", "end the session of that `ID`, or all")
	return cmd
}

// done says what was done, unless there is an error.
func (a *app) done(err error, what string) error {
	if err == nil {
		fmt.Fprintln(a.stdout, what)
	}
	return err
}

func (a *app) listSessions(ctx context.Context, c *client.Client, user string) error {
	sessions, err := c.Sessions(ctx, user)
	if err != nil {
		return err
	}
	if len(sessions) == 0 {
		fmt.Fprintf(a.stderr, "%s is signed in nowhere\n", user)
		return nil
	}
	t := textTable("WITH", "ID", "SINCE", "SEEN", "WITH")
	for _, s := range sessions {
		t.addText(s.ID, clock(s.Created), clock(s.Seen), s.Agent)
	}
	return t.write(a.stdout, screenOf(a.stdout))
}

func (a *app) userTokens() *cobra.Command {
	var revoke string
	cmd := a.asking("tokens NAME", "List somebody's API tokens, and revoke one", onePerson,
		func(ctx context.Context, c *client.Client, args []string) error {
			if revoke != "" {
				return a.done(c.RevokeToken(ctx, args[0], revoke), "revoked: that token is worthless now")
			}
			tokens, err := c.Tokens(ctx, args[0])
			if err != nil {
				return err
			}
			if len(tokens) == 0 {
				fmt.Fprintf(a.stderr, "%s has none: `offing token new NAME --for %s` makes one, and so does the page of their account\n", args[0], args[0])
				return nil
			}
			t := tokensTable()
			for i := range tokens {
				t.add(tokenCells(&tokens[i])...)
			}
			return t.write(a.stdout, screenOf(a.stdout))
		})
	cmd.Flags().StringVar(&revoke, "revoke", "", "make the token of that `ID` worthless")
	return cmd
}

func (a *app) userAudit() *cobra.Command {
	var last int
	cmd := a.asking("audit", "Say who did what to people and to what is theirs", cobra.NoArgs,
		func(ctx context.Context, c *client.Client, _ []string) error {
			if last < 1 {
				return usage(errors.New("--last: want a number above 0"))
			}
			entries, err := c.Audit(ctx, last)
			if err != nil {
				return err
			}
			t := textTable("TO", "WHEN", "WHO", "WHAT", "TO")
			for _, e := range entries {
				actor := e.Actor
				if actor == "" {
					actor = "(command line)"
				}
				t.addText(clock(e.At), actor, e.Action, e.Object)
			}
			return t.write(a.stdout, screenOf(a.stdout))
		})
	cmd.Flags().IntVar(&last, "last", 50, "how `many`")
	return cmd
}
