package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"offing/controller/client"
)

// scopes are what a token may, as the controller calls them, the least first.
var scopes = []string{"read", "control", "admin"}

func (a *app) token() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Look after API tokens, which apps and scripts show",
		Long: `Look after API tokens. An app that speaks Transmission's RPC takes one as its
password, a script shows it to the HTTP API. A token is one person's, has no
more rights than that person, and never manages their account. It asks the
running controller through its socket, as its owner, so it may make tokens of
everybody; they are told of it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.tokenList(), a.tokenNew(), a.tokenEnd())
	return cmd
}

// owned is a token with whose it is.
type owned struct {
	User string `json:"user"`
	client.Token
}

func (a *app) tokenList() *cobra.Command {
	var user string
	var asJSON bool
	cmd := a.asking("list", "List API tokens with whose they are", cobra.NoArgs,
		func(ctx context.Context, c *client.Client, _ []string) error {
			tokens, err := tokensOf(ctx, c, user)
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(map[string]any{"tokens": tokens})
			}
			if len(tokens) == 0 {
				fmt.Fprintln(a.stderr, "there are none: `offing token new` makes one, and so does the page of everybody's account")
				return nil
			}
			t := tokensTable()
			t.columns = append([]column{{title: "WHOSE"}}, t.columns...)
			for i := range tokens {
				t.add(append([]cell{plain(tokens[i].User)}, tokenCells(&tokens[i].Token)...)...)
			}
			return t.write(a.stdout, screenOf(a.stdout))
		})
	cmd.Example = "  offing token list\n  offing token list --for anna --json"
	cmd.Flags().StringVar(&user, "for", "", "only those of that `person`")
	cmd.Flags().BoolVar(&asJSON, "json", false, `write {"tokens":[…]}`)
	a.completeFlag(cmd, "for", a.completeUsers)
	return cmd
}

// tokensTable is the table of tokens of one person.
func tokensTable() *table {
	return &table{columns: []column{
		{title: "ID"}, {title: "NAME", stretch: true}, {title: "MAY"},
		{title: "MADE", drop: 1}, {title: "USED", drop: 3}, {title: "UNTIL", drop: 2},
	}}
}

func tokenCells(t *client.Token) []cell {
	until := "revoked"
	if t.Expires != nil {
		until = clock(*t.Expires)
	}
	return []cell{plain(t.ID), plain(t.Name), plain(t.Scope), plain(clock(t.Created)), plain(clock(at(t.Used))), plain(until)}
}

// tokensOf returns the tokens of a person, or of everybody when none is named.
func tokensOf(ctx context.Context, c *client.Client, user string) ([]owned, error) {
	users, err := c.Users(ctx)
	if err != nil {
		return nil, err
	}
	if user != "" {
		one, err := among(users, user)
		if err != nil {
			return nil, err
		}
		users = []client.User{*one}
	}
	all := []owned{}
	for i := range users {
		tokens, err := c.Tokens(ctx, users[i].User)
		if err != nil {
			return nil, err
		}
		for _, t := range tokens {
			all = append(all, owned{users[i].User, t})
		}
	}
	return all, nil
}

func (a *app) tokenNew() *cobra.Command {
	var user, scope string
	var days int
	args := func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return errors.New("want a name for the token, such as that of the app that it is for")
		}
		return nil
	}
	cmd := a.asking("new NAME", "Make an API token, and print it once", args,
		func(ctx context.Context, c *client.Client, args []string) error {
			if !slices.Contains(scopes, scope) {
				return usage(fmt.Errorf("--scope: %q is none: want read, control or, for an administrator, admin", scope))
			}
			if days < 0 {
				return usage(errors.New("--days: want a number above 0, or 0 for a token that lasts until it is ended"))
			}
			who, err := somebody(ctx, c, user)
			if err != nil {
				return err
			}
			if who.Disabled {
				return fmt.Errorf("%s is disabled, and so would be the token: `offing user enable %s` comes first", who.User, who.User)
			}
			made, err := c.MakeToken(ctx, who.User, args[0], scope, days)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(a.stdout, made.Token); err != nil {
				return fmt.Errorf("the token is made and could not be written, so end it (`offing token list`) and make another: %w", err)
			}
			a.sayToken(who.User, args[0], scope, days, made.Page)
			return nil
		})
	cmd.Long = `Make an API token of a person's own. The token alone goes to the standard
output, and nobody can see it again; what it is good for goes to the standard
error. Scopes:

  read     to look, for apps that only show
  control  to add, start, stop, change, remove and share torrents too
  admin    what is for administrators too; in tokens of theirs only`
	cmd.Example = `  offing token new sonarr --for anna --scope control
  offing token new backup --for anna --days 0 > ~/.offing-token`
	cmd.Flags().StringVar(&user, "for", "", "the `person` whose it is; may be left out when there is one")
	cmd.Flags().StringVar(&scope, "scope", scopes[0], "`what` it may do: read, control or admin")
	cmd.Flags().IntVar(&days, "days", 90, "how `many` days it lasts; 0 until it is ended")
	a.completeFlag(cmd, "for", a.completeUsers)
	a.completeFlag(cmd, "scope", fixed(scopes))
	return cmd
}

// somebody returns the person of that name, or the only one when none is named.
func somebody(ctx context.Context, c *client.Client, name string) (*client.User, error) {
	users, err := c.Users(ctx)
	switch {
	case err != nil:
		return nil, err
	case name != "":
		return among(users, name)
	case len(users) == 0:
		return nil, errors.New(nobodyYet)
	case len(users) > 1:
		return nil, usage(fmt.Errorf("there are %d people: say whose it is with --for", len(users)))
	}
	return &users[0], nil
}

// sayToken tells on the standard error what a new token is good for.
func (a *app) sayToken(user, name, scope string, days int, page string) {
	lasts := "until it is ended"
	if days > 0 {
		lasts = fmt.Sprintf("for %d days", days)
	}
	fmt.Fprintf(a.stderr, `This is %s's token %q, scope %s, good %s. It is shown only now.
In an app:   %s/transmission/rpc, user %s, the token as password
In a script: %s/api/v1, with the header "Authorization: Bearer TOKEN"
`, user, name, scope, lasts, page, user, page)
}

func (a *app) tokenEnd() *cobra.Command {
	var yes bool
	args := func(_ *cobra.Command, args []string) error {
		if len(args) == 0 || slices.Contains(args, "") {
			return errors.New("want the ID of a token: `offing token list` lists them")
		}
		return nil
	}
	cmd := a.asking("end ID…", "End API tokens", args,
		func(ctx context.Context, c *client.Client, args []string) error {
			all, err := tokensOf(ctx, c, "")
			if err != nil {
				return err
			}
			ending, err := tokensNamed(all, args)
			if err != nil {
				return usage(err)
			}
			for i := range ending {
				if err := a.endToken(ctx, c, &ending[i], yes); err != nil {
					return err
				}
			}
			return nil
		})
	cmd.Long = `End API tokens: whatever shows them is refused at once. A token is named by its
ID, as "offing token list" shows it, or by the first digits of it. On a terminal
it asks first.`
	cmd.Example = "  offing token end 3f1c08aa5d0e4b72\n  offing token end 3f1c --yes"
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask first")
	cmd.ValidArgsFunction = a.completeTokens
	return cmd
}

// tokensNamed returns the tokens whose IDs begin with the words, each once.
func tokensNamed(all []owned, words []string) (chosen []owned, err error) {
	for _, word := range words {
		var found []owned
		for _, t := range all {
			if strings.HasPrefix(t.ID, strings.ToLower(word)) {
				found = append(found, t)
			}
		}
		switch {
		case len(found) == 0:
			return nil, fmt.Errorf("there is no token %q: `offing token list` lists them", word)
		case len(found) > 1:
			return nil, fmt.Errorf("%d tokens begin with %s: give more digits", len(found), word)
		case !slices.ContainsFunc(chosen, func(t owned) bool { return t.ID == found[0].ID }):
			chosen = append(chosen, found[0])
		}
	}
	return chosen, nil
}

// endToken ends a token, unless a person at a terminal says no.
func (a *app) endToken(ctx context.Context, c *client.Client, t *owned, yes bool) error {
	what := fmt.Sprintf("%s's token %q (%s)", t.User, t.Name, t.ID)
	if !yes && isTerminal(a.stdin) && isTerminal(a.stderr) {
		sure, err := a.yesOrNo(ctx, fmt.Sprintf("end %s, last used: %s?", what, clock(at(t.Used))))
		if err != nil {
			return err
		}
		if !sure {
			return errors.New("it is not ended")
		}
	}
	return a.done(c.RevokeToken(ctx, t.User, t.ID), "ended "+what)
}
