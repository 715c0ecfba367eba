package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/report"
)

// choice says which torrents are meant.
type choice struct {
	words  []string // hashes and beginnings of hashes
	all    bool     // all that the filter lets through
	filter client.Filter
}

const (
	leastDigits   = 4  // of a hash that name a torrent
	maxCandidates = 10 // that an error lists
)

const choosing = `Torrents are named by their info hashes, or by the first digits of them, at
least 4, that no other begins with. --all chooses all torrents that --box,
--state, --label and --text let through.`

// filterFlags are those that let torrents through.
func (a *app) filterFlags(cmd *cobra.Command, f *client.Filter) {
	flags := cmd.Flags()
	flags.StringVar(&f.Box, "box", "", "only torrents of that `box`")
	flags.Var(stateFlag{&f.State, &a.stateFlag}, "state", "only torrents in that `state`: "+strings.Join(listStates, ", ")+"; with a / in it, the folder of all that lasts")
	flags.StringVar(&f.Label, "label", "", "only torrents with that `label`")
	flags.StringVar(&f.Text, "text", "", "only torrents with that `text` in their names")
	a.completeFlag(cmd, "box", a.completeBoxes)
	a.completeFlag(cmd, "state", fixed(listStates))
	a.completeFlag(cmd, "label", a.completeLabels)
}

// stateFlag is --state of a command on torrents, which hides the one of all commands.
// What has a slash is meant for that.
type stateFlag struct{ state, folder *string }

func (f stateFlag) String() string { return *f.state }
func (stateFlag) Type() string     { return "string" }

func (f stateFlag) Set(text string) error {
	to := f.state
	if strings.Contains(text, "/") {
		to = f.folder
	}
	*to = text
	return nil
}

// listStates are the words of --state.
var listStates = []string{"all", "downloading", "seeding", "checking", "stopped", "active", "error", "complete", "incomplete"}

func (c *choice) flags(a *app, cmd *cobra.Command) {
	a.filterFlags(cmd, &c.filter)
	cmd.Flags().BoolVar(&c.all, "all", false, "all torrents that --box, --state, --label and --text let through")
	if cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = a.completeHashes
	}
}

// check tells what cannot be meant, before anybody is asked.
func (c *choice) check() error {
	if s := c.filter.State; s != "" && !slices.Contains(listStates, s) {
		return usage(fmt.Errorf("--state: there is no %q: want one of %s", s, strings.Join(listStates, ", ")))
	}
	switch {
	case c.all && len(c.words) > 0:
		return usage(errors.New("name torrents or give --all, not both"))
	case !c.all && len(c.words) == 0:
		return usage(errors.New("no torrents are named: give their hashes (`offing list` lists them), or --all with --box, --state, --label or --text"))
	}
	for _, word := range c.words {
		if !isHashDigits(word) {
			return usage(fmt.Errorf("%q is no info hash: want 40 hexadecimal digits, or at least the first %d", report.Clean(word), leastDigits))
		}
	}
	return nil
}

func isHashDigits(word string) bool { return len(word) >= leastDigits && onlyHex(word, 40) }

// onlyHex tells whether the word has hexadecimal digits only, at most most.
func onlyHex(word string, most int) bool {
	return len(word) <= most && !strings.ContainsFunc(word, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'f') && (r < 'A' || r > 'F')
	})
}

// find returns the torrents that are meant, at least one, each once.
func (c *choice) find(ctx context.Context, d door) ([]client.Row, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	rows, _, err := d.Torrents(ctx, c.filter)
	if err != nil {
		return nil, err
	}
	if c.all {
		if len(rows) == 0 {
			return nil, usage(errors.New("the filters let no torrent through, so nothing is done"))
		}
		return rows, nil
	}
	var chosen []client.Row
	seen := make(map[client.Torrent]bool)
	for _, word := range c.words {
		row, err := pick(rows, word)
		if err != nil {
			return nil, usage(err)
		}
		if !seen[row.Torrent] {
			seen[row.Torrent] = true
			chosen = append(chosen, *row)
		}
	}
	return chosen, nil
}

// pick returns the one torrent that begins with the digits.
func pick(rows []client.Row, word string) (*client.Row, error) {
	var found []*client.Row
	for i := range rows {
		if strings.HasPrefix(rows[i].Hash.String(), strings.ToLower(word)) {
			found = append(found, &rows[i])
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("there is no torrent %s: `offing list` lists them", word)
	case 1:
		return found[0], nil
	}
	text := fmt.Sprintf("%d torrents begin with %s: give more digits", len(found), word)
	if !slices.ContainsFunc(found, func(r *client.Row) bool { return r.Hash != found[0].Hash }) {
		text = fmt.Sprintf("%d boxes have the torrent %s: say which with --box", len(found), word)
	}
	for i, r := range found {
		if i == maxCandidates {
			text += fmt.Sprintf("\n  and %d more", len(found)-i)
			break
		}
		text += fmt.Sprintf("\n  %s  %s  %s", r.Hash, report.Clean(r.Box), report.Clean(r.Name))
	}
	return nil, errors.New(text)
}

// one is find for a command on a single torrent.
func (c *choice) one(ctx context.Context, d door) (*client.Row, error) {
	rows, err := c.find(ctx, d)
	if err != nil {
		return nil, err
	}
	return &rows[0], nil
}

func keysOf(rows []client.Row) []client.Torrent {
	keys := make([]client.Torrent, len(rows))
	for i := range rows {
		keys[i] = rows[i].Torrent
	}
	return keys
}
