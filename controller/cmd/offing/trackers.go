package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/report"
)

func (a *app) trackers() *cobra.Command {
	var f single
	var add, remove, replace []string
	cmd := &cobra.Command{
		Use:   "trackers HASH [NEW…]",
		Short: "List the trackers of a torrent, and change them",
		Long: `List the trackers of a torrent with what they answered last; or add, remove or
replace some, by their announce URLs. --replace takes the old one, and the new
one stands after the hash.`,
		Example: `  offing trackers 3b1d85f8
  offing trackers 3b1d85f8 --add https://tracker.example/announce
  offing trackers 3b1d85f8 --replace http://old.example/a https://new.example/a`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return oneTorrent(nil, args)
			}
			if len(args)-1 != len(replace) {
				return errors.New("each --replace takes the old URL, and after the hash stands a new one for each")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.words = args[:1]
			if len(add)+len(remove)+len(replace) == 0 {
				return a.look(cmd, &f, a.showTrackers)
			}
			change := command.Changes{AddTrackers: add, RemoveTrackers: remove}
			for i, old := range replace {
				change.ReplaceTrackers = append(change.ReplaceTrackers, command.TrackerReplacement{Old: old, New: args[i+1]})
			}
			return a.changeOne(cmd, &f, func(context.Context, door, *client.Row) (*command.Changes, error) { return &change, nil })
		},
	}
	f.flags(a, cmd)
	f.ending.flags(cmd)
	cmd.Flags().StringArrayVar(&add, "add", nil, "add the tracker at that `URL`")
	cmd.Flags().StringArrayVar(&remove, "remove", nil, "remove the tracker at that `URL`")
	cmd.Flags().StringArrayVar(&replace, "replace", nil, "replace the tracker at that `URL`")
	return cmd
}

func (a *app) showTrackers(t *client.Whole) error {
	if t.Detail == nil {
		return errNoDetail
	}
	if len(t.Detail.Trackers) == 0 {
		fmt.Fprintln(a.stderr, "it has no trackers")
	}
	return trackersTable(t.Detail.Trackers).write(a.stdout, screenOf(a.stdout))
}

func trackersTable(trackers []client.Tracker) *table {
	t := &table{columns: []column{
		{title: "TIER", right: true, drop: 2}, {title: "TRACKER", stretch: true}, {title: "STATE"}, {title: "SEEDERS", right: true, drop: 1},
		{title: "LEECHERS", right: true, drop: 1}, {title: "NEXT", drop: 1}, {title: "LAST", drop: 3},
	}}
	for i := range trackers {
		r := &trackers[i]
		last := cell{text: report.Clean(r.Result)}
		if r.Failed {
			last.style = report.Red
		}
		t.add(cell{text: fmt.Sprint(r.Tier)}, plain(r.Announce), plain(r.State), known(r.Seeders), known(r.Leechers), cell{text: when(r.Next)}, last)
	}
	return t
}

// known is a count, or nothing for -1, which is not known.
func known(n int32) cell {
	if n < 0 {
		return cell{}
	}
	return cell{text: fmt.Sprint(n)}
}

func (a *app) label() *cobra.Command {
	f := &acting{}
	var set, add, remove []string
	var clear bool
	cmd := a.torrentCommand(f, "label", "Change the labels of torrents",
		`Change the labels of torrents: --add and --remove some, --set what there is to
be, or --clear them.`,
		"  offing label 3b1d85f8 --add linux --add iso\n  offing label --all --label old --remove old --yes", nil)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(set)+len(add)+len(remove) == 0 && !clear || (clear || len(set) > 0) && len(add)+len(remove) > 0 || clear && len(set) > 0 {
			return usage(errors.New("want --add and --remove, or --set, or --clear"))
		}
		f.words = args
		return a.relabel(cmd, f, func(labels []string) []string {
			if clear || len(set) > 0 {
				return withLabels(nil, set, nil)
			}
			return withLabels(labels, add, remove)
		})
	}
	cmd.Flags().StringArrayVar(&add, "add", nil, "add that `label`")
	cmd.Flags().StringArrayVar(&remove, "remove", nil, "remove that `label`")
	cmd.Flags().StringArrayVar(&set, "set", nil, "that `label` instead of those there are")
	cmd.Flags().BoolVar(&clear, "clear", false, "remove all")
	for _, flag := range []string{"add", "remove", "set"} {
		a.completeFlag(cmd, flag, a.completeLabels)
	}
	return cmd
}

// relabel sends a command for each list of labels that torrents come to have.
func (a *app) relabel(cmd *cobra.Command, f *acting, change func([]string) []string) error {
	if err := f.check(); err != nil {
		return err
	}
	return a.through(cmd.Context(), f.way, func(ctx context.Context, d door) error {
		rows, err := f.find(ctx, d)
		if err != nil {
			return err
		}
		if err := a.meant(ctx, f, client.DoRequest{Do: command.Change}, rows); err != nil {
			return err
		}
		alike := make(map[string]*client.DoRequest)
		for i := range rows {
			labels := change(rows[i].Labels)
			key := strings.Join(labels, "\x00")
			if alike[key] == nil {
				alike[key] = &client.DoRequest{Do: command.Change, Change: &command.Changes{Labels: &labels}}
			}
			alike[key].Torrents = append(alike[key].Torrents, rows[i].Torrent)
		}
		var orders []client.Order
		for _, key := range sortedKeys(alike) {
			more, err := d.Do(ctx, *alike[key])
			if err != nil {
				a.sayLeft(f.way, orders)
				return a.perhaps(ctx, f.way, err)
			}
			orders = append(orders, more...)
		}
		return a.settle(ctx, d, f.way, f.ending, orders, namesOf(rows))
	})
}

// withLabels returns the labels without some and with others, each once.
func withLabels(labels, add, remove []string) []string {
	result := []string{}
	seen := make(map[string]bool)
	for _, label := range remove {
		seen[label] = true
	}
	for _, label := range add {
		delete(seen, label)
	}
	for _, label := range append(append([]string{}, labels...), add...) {
		if !seen[label] {
			seen[label] = true
			result = append(result, label)
		}
	}
	return result
}
