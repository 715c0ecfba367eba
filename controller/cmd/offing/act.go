package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// acting is what every command has that acts on torrents.
type acting struct {
	way
	choice
	ending
	yes bool
}

// ending says how much of a command's end is waited for, and how it is told.
type ending struct {
	noWait bool
	json   bool
	quiet  bool // what ended well is told by somebody else
}

func (e *ending) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&e.noWait, "no-wait", false, `do not wait for what comes of it: "offing log" tells`)
	cmd.Flags().BoolVar(&e.json, "json", false, `write {"commands":[…]}`)
}

// flags are those of a command on any number of torrents.
func (f *acting) flags(a *app, cmd *cobra.Command) {
	f.way.flags(a, cmd)
	f.choice.flags(a, cmd)
	f.ending.flags(cmd)
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "do not ask whether several torrents are meant")
}

// actFunc makes a request of the torrents that were chosen.
type actFunc func(rows []client.Row) (client.DoRequest, error)

// act finds the torrents, makes sure that they are meant, has it done, and tells
// what came of it.
func (a *app) act(cmd *cobra.Command, f *acting, request actFunc) error {
	if err := f.check(); err != nil {
		return err
	}
	return a.through(cmd.Context(), f.way, func(ctx context.Context, d door) error {
		rows, err := f.find(ctx, d)
		if err != nil {
			return err
		}
		r, err := request(rows)
		if err != nil {
			return usage(err)
		}
		r.Torrents = keysOf(rows)
		if err := a.meant(ctx, f, r, rows); err != nil {
			return err
		}
		orders, err := d.Do(ctx, r)
		if err != nil {
			return a.perhaps(ctx, f.way, err)
		}
		return a.settle(ctx, d, f.way, f.ending, orders, namesOf(rows))
	})
}

// perhaps says of a request that was interrupted that it may have gone out.
func (a *app) perhaps(ctx context.Context, w way, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) && w.direct == "" {
		fmt.Fprintln(a.stderr, "offing: the command may have been taken: `offing log` tells")
	}
	return err
}

// meant asks on a terminal whether so many torrents are meant that nobody has
// named, or so much data. Elsewhere the first needs --yes.
func (a *app) meant(ctx context.Context, f *acting, r client.DoRequest, rows []client.Row) error {
	data := r.Remove != nil && r.Remove.Data
	if f.yes || (len(rows) < 2 || !f.all) && !data {
		return nil
	}
	what := fmt.Sprintf("%s %s?", verbOf(r.Do).now, torrents(len(rows)))
	if data {
		what = fmt.Sprintf("remove %s and %s of data on the box?", torrents(len(rows)), report.Size(onDisk(rows)))
	}
	if !isTerminal(a.stdin) || !isTerminal(a.stderr) {
		if f.all && len(rows) > 1 {
			return usage(fmt.Errorf("%s say so with --yes", what))
		}
		return nil // each of them was named
	}
	yes, err := a.yesOrNo(ctx, what)
	if err == nil && !yes {
		err = errors.New("nothing was done")
	}
	return err
}

// onDisk is about how many bytes of the torrents are on the box.
func onDisk(rows []client.Row) (sum int64) {
	for i := range rows {
		sum += rows[i].Size - rows[i].Left
	}
	return sum
}

func torrents(n int) string {
	if n == 1 {
		return "1 torrent"
	}
	return fmt.Sprintf("%d torrents", n)
}

// namesOf are the names of torrents, for errors.
func namesOf(rows []client.Row) map[state.Hash]string {
	names := make(map[state.Hash]string, len(rows))
	for i := range rows {
		names[rows[i].Hash] = rows[i].Name
	}
	return names
}

// verb is a kind of command in a sentence.
type verb struct{ now, past string }

// verbOf returns the words of a kind; one that is not known stands for itself.
func verbOf(k command.Kind) verb {
	words, ok := map[command.Kind]verb{
		command.Start:      {"start", "started"},
		command.StartNow:   {"start at once", "started at once"},
		command.Stop:       {"stop", "stopped"},
		command.Verify:     {"verify", "verifying"},
		command.Reannounce: {"announce", "announced"},
		command.Remove:     {"remove", "removed"},
		command.Move:       {"move", "moved"},
		command.Rename:     {"rename", "renamed"},
		command.Change:     {"change", "changed"},
		command.QueueTop:   {"move to the top of the queue", "moved to the top of the queue"},
		command.QueueUp:    {"move up in the queue", "moved up in the queue"},
		command.QueueDown:  {"move down in the queue", "moved down in the queue"},
		command.QueueEnd:   {"move to the bottom of the queue", "moved to the bottom of the queue"},
		command.Add:        {"add", "added"},
		command.Configure:  {"change settings", "changed the settings"},
		command.Blocklist:  {"fetch the blocklist", "fetched the blocklist"},
	}[k]
	if !ok {
		return verb{report.Clean(string(k)), report.Clean(string(k))}
	}
	return words
}
