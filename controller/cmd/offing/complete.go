package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/report"
)

// completeWithin bounds a question of a completion: a person waits for the key.
const completeWithin = 2 * time.Second

// completer answers what may stand where a word has begun; see cobra.
type completer = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective)

func fixed(words []string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// firstWord completes the first word and none after it.
func firstWord(f completer) completer {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return f(cmd, args, begun)
	}
}

// completeFlag gives a flag its completion. That there is no such flag, or that it
// has one, is a mistake in this program.
func (a *app) completeFlag(cmd *cobra.Command, flag string, f completer) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err)
	}
}

// asked returns what the controller answers in time; a completion has no way to
// tell of an error.
func (a *app) asked(cmd *cobra.Command, ask func(context.Context, *client.Client) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	var words []string
	err := a.controlling(cmd, func(ctx context.Context, c *client.Client) (err error) {
		ctx, cancel := context.WithTimeout(ctx, completeWithin)
		defer cancel()
		words, err = ask(ctx, c)
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// described is a word with what it is, as cobra has them.
func described(word, what string) string { return word + "\t" + report.Clean(what) }

// completeHashes completes hashes of torrents, with their names.
func (a *app) completeHashes(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	return a.asked(cmd, func(ctx context.Context, c *client.Client) ([]string, error) {
		f := client.Filter{}
		if box, err := cmd.Flags().GetString("box"); err == nil {
			f.Box = box
		}
		rows, _, err := c.Torrents(ctx, f)
		var words []string
		for i := range rows {
			hash := rows[i].Hash.String()
			if strings.HasPrefix(hash, strings.ToLower(begun)) && !slices.Contains(args, hash) {
				words = append(words, described(hash, rows[i].Name))
			}
		}
		return words, err
	})
}

// completeBoxes completes names of boxes, with what their lines are.
func (a *app) completeBoxes(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.asked(cmd, func(ctx context.Context, c *client.Client) ([]string, error) {
		boxes, err := c.Boxes(ctx)
		var words []string
		for i := range boxes {
			words = append(words, described(boxes[i].Name, boxes[i].Line.State))
		}
		return words, err
	})
}

// completePaired completes names of boxes without a controller.
func (a *app) completePaired(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	cfg, err := a.config()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, _ := pairings{cfg.BoxesDir()}.names()
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeLabels completes the labels that torrents have, with how many have them.
func (a *app) completeLabels(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.asked(cmd, func(ctx context.Context, c *client.Client) ([]string, error) {
		rows, _, err := c.Torrents(ctx, client.Filter{})
		counts := make(map[string]int)
		for i := range rows {
			for _, label := range rows[i].Labels {
				counts[report.Clean(label)]++
			}
		}
		var words []string
		for _, label := range sortedKeys(counts) {
			words = append(words, described(label, torrents(counts[label])))
		}
		return words, err
	})
}

// completeUsers completes names of people.
func (a *app) completeUsers(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.asked(cmd, func(ctx context.Context, c *client.Client) ([]string, error) {
		users, err := c.Users(ctx)
		var words []string
		for i := range users {
			words = append(words, described(users[i].User, users[i].Role))
		}
		return words, err
	})
}

// completeTokens completes IDs of API tokens, with whose they are and their names.
func (a *app) completeTokens(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.asked(cmd, func(ctx context.Context, c *client.Client) ([]string, error) {
		tokens, err := tokensOf(ctx, c, "")
		var words []string
		for i := range tokens {
			if t := &tokens[i]; !slices.Contains(args, t.ID) {
				words = append(words, described(t.ID, t.User+": "+t.Name))
			}
		}
		return words, err
	})
}

// completeOrders completes ids of commands, with what they do.
func (a *app) completeOrders(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.asked(cmd, func(ctx context.Context, c *client.Client) ([]string, error) {
		orders, err := c.Commands(ctx)
		var words []string
		for i := range orders {
			o := &orders[i]
			words = append(words, described(o.ID.String(), fmt.Sprintf("%s on %s, %s", verbOf(o.Do).now, o.Box, o.State)))
		}
		return words, err
	})
}
