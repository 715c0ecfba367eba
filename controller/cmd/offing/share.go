package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/report"
)

// accesses are what somebody may do with a torrent; each includes those before it.
var accesses = []string{"see", "act", "own"}

func (a *app) share() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "share",
		Short: "Say whose torrents are whose",
		Long: `Say whose torrents are whose. A person sees the torrents that they were given
and no others. "see" is to look at one, "act" to start and stop it too, "own" to
remove and share it as well; administrators see and do everything. Boxes learn
none of this.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.shareList(), a.shareRule())
	cmd.AddCommand(a.ofPeople(a.shareGive(), a.shareTake())...)
	return cmd
}

// ownersFlags are those that choose torrents.
func ownersFlags(cmd *cobra.Command, f *client.OwnersFilter) {
	cmd.Flags().StringVar(&f.Box, "box", "", "only torrents of that `box`")
	cmd.Flags().BoolVar(&f.Unowned, "unowned", false, "only torrents that nobody owns")
}

func (a *app) shareList() *cobra.Command {
	var f client.OwnersFilter
	var asJSON bool
	cmd := a.asking("list", "List the torrents with their owners", cobra.NoArgs,
		func(ctx context.Context, c *client.Client, _ []string) error {
			torrents, err := c.Owners(ctx, f)
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(map[string]any{"torrents": torrents})
			}
			if len(torrents) == 0 {
				fmt.Fprintln(a.stderr, "there are no such torrents")
			}
			t := textTable("NAME", "HASH", "BOX", "SIZE", "WHOSE", "NAME")
			for i := range torrents {
				o := &torrents[i]
				t.addText(fmt.Sprintf("%.12s", o.Hash), o.Box, report.Size(o.Size), whose(o.Grants), o.Name)
			}
			return t.write(a.stdout, screenOf(a.stdout))
		})
	ownersFlags(cmd, &f)
	cmd.Flags().StringVar(&f.User, "user", "", "only torrents that the person of that `name` may see")
	cmd.Flags().BoolVar(&asJSON, "json", false, `write {"torrents":[…]}`)
	return cmd
}

// whose are the people of a torrent; what they may do is said unless they own it.
func whose(grants []client.Grant) string {
	if len(grants) == 0 {
		return "nobody's"
	}
	var words []string
	for _, g := range grants {
		word := g.User
		if g.Access != "own" {
			word += " (" + g.Access + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func (a *app) shareGive() *cobra.Command {
	var f client.OwnersFilter
	var access string
	cmd := a.asking("give NAME TORRENT …", "Give torrents to somebody", personAndTorrents,
		func(ctx context.Context, c *client.Client, args []string) error {
			if !slices.Contains(accesses, access) {
				return usage(errors.New("--access: want see, act or own"))
			}
			return a.grant(ctx, c, f, args[0], args[1:], access)
		})
	cmd.Long = `Give torrents to somebody, as their own or, with --access, to look at or to act
on. A torrent is named by its info hash, by the first 6 or more digits of it, or
by a pattern of its name, which may choose many; "*" is all.`
	cmd.Example = `  offing share give anna 3b1d85f8780e
  offing share give ben --access see 'debian-*'
  offing share give anna --unowned '*'`
	ownersFlags(cmd, &f)
	cmd.Flags().StringVar(&access, "access", "own", "what they `may` do: see, act or own")
	return cmd
}

func (a *app) shareTake() *cobra.Command {
	var f client.OwnersFilter
	cmd := a.asking("take NAME TORRENT …", "Take torrents from somebody", personAndTorrents,
		func(ctx context.Context, c *client.Client, args []string) error {
			return a.grant(ctx, c, f, args[0], args[1:], "none")
		})
	cmd.Long = `Take torrents from somebody, who sees them no longer. The torrents stay on the
box. They are named as for "offing share give".`
	cmd.Flags().StringVar(&f.Box, "box", "", "only torrents of that `box`")
	return cmd
}

func personAndTorrents(_ *cobra.Command, args []string) error {
	if len(args) < 2 {
		return errors.New("want the name of a person and at least one torrent")
	}
	return nil
}

// grant lets user do so much with the torrents that the words choose.
func (a *app) grant(ctx context.Context, c *client.Client, f client.OwnersFilter, user string, words []string, access string) error {
	all, err := c.Owners(ctx, f)
	if err != nil {
		return err
	}
	chosen, err := choose(all, words)
	if err != nil {
		return usage(err)
	}
	changed, err := c.Grant(ctx, chosen, user, access)
	if err != nil {
		if changed > 0 {
			err = fmt.Errorf("%d of %d torrents are done; then: %w", changed, len(chosen), err)
		}
		return err
	}
	fmt.Fprintf(a.stdout, "%d of %d torrents changed\n", changed, len(chosen))
	return nil
}

// minPrefix is the least number of digits that name a torrent.
const minPrefix = 6

// choose returns the torrents that the words name, each once. A word that
// names none, or digits that begin several hashes, are an error.
func choose(all []client.Owned, words []string) ([]client.Torrent, error) {
	var chosen []client.Torrent
	for _, word := range words {
		found, err := named(all, word)
		if err != nil {
			return nil, err
		}
		for _, t := range found {
			if !slices.Contains(chosen, t) {
				chosen = append(chosen, t)
			}
		}
	}
	return chosen, nil
}

func named(all []client.Owned, word string) (found []client.Torrent, err error) {
	if _, err := path.Match(word, ""); err != nil {
		return nil, fmt.Errorf("%q is no pattern: a [ needs its ]", word)
	}
	hashes := make(map[string]bool)
	if len(word) >= minPrefix && onlyHex(word, 40) {
		for _, t := range all {
			if strings.HasPrefix(t.Hash.String(), strings.ToLower(word)) {
				found = append(found, t.Torrent)
				hashes[t.Hash.String()] = true
			}
		}
	}
	if len(hashes) > 1 {
		return nil, fmt.Errorf("%d torrents begin with %s: give more digits", len(hashes), word)
	}
	if len(found) > 0 {
		return found, nil
	}
	for _, t := range all {
		if ok, _ := path.Match(word, t.Name); ok { // the pattern is good
			found = append(found, t.Torrent)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("there is no torrent %q: `offing share list` lists them", word)
	}
	return found, nil
}

func (a *app) shareRule() *cobra.Command {
	cmd := a.asking("rule", "List the rules that give away what is added outside", cobra.NoArgs,
		func(ctx context.Context, c *client.Client, _ []string) error {
			rules, err := c.Rules(ctx)
			if err != nil {
				return err
			}
			if len(rules) == 0 {
				fmt.Fprintln(a.stderr, "there are none: `offing share rule add` adds one")
				return nil
			}
			t := textTable("NAME", "NUMBER", "BOX", "LABEL", "NAME", "TO", "AS")
			for i, r := range rules {
				t.addText(strconv.Itoa(i+1), anyOf(r.Box), anyOf(r.Label), anyOf(r.Name), r.User, r.Access)
			}
			return t.write(a.stdout, screenOf(a.stdout))
		})
	cmd.Long = `List the rules that give away what is added outside of Offing. A torrent without
an owner goes to the person of the first rule that fits it, when it appears and
when its labels or its name change.`
	cmd.AddCommand(append(a.ofPeople(a.shareRuleAdd()), a.shareRuleRemove())...)
	return cmd
}

func anyOf(condition string) string {
	if condition == "" {
		return "any"
	}
	return condition
}

func (a *app) shareRuleAdd() *cobra.Command {
	var r client.Rule
	cmd := a.asking("add NAME", "Add a rule after those that there are", onePerson,
		func(ctx context.Context, c *client.Client, args []string) error {
			r.User = args[0]
			if !slices.Contains(accesses, r.Access) {
				return usage(errors.New("--access: want see, act or own"))
			}
			rules, err := c.Rules(ctx)
			if err != nil {
				return err
			}
			return a.done(c.SetRules(ctx, append(rules, r)), fmt.Sprintf("added rule %d", len(rules)+1))
		})
	cmd.Flags().StringVar(&r.Box, "box", "", "for torrents of that `box`")
	cmd.Flags().StringVar(&r.Label, "label", "", "for torrents with that `label`")
	cmd.Flags().StringVar(&r.Name, "name", "", "for torrents whose name fits that `pattern`")
	cmd.Flags().StringVar(&r.Access, "access", "own", "what they `may` do: see, act or own")
	return cmd
}

func (a *app) shareRuleRemove() *cobra.Command {
	args := func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return errors.New("want the number of one rule")
		}
		return nil
	}
	return a.asking("remove NUMBER", "Remove a rule", args,
		func(ctx context.Context, c *client.Client, args []string) error {
			rules, err := c.Rules(ctx)
			if err != nil {
				return err
			}
			n, err := strconv.Atoi(args[0])
			if err != nil || n < 1 || n > len(rules) {
				return usage(fmt.Errorf("there is no rule %q: `offing share rule` lists them with their numbers", args[0]))
			}
			return a.done(c.SetRules(ctx, slices.Delete(rules, n-1, n)), "removed; what it gave away stays given")
		})
}
