package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/report"
)

func (a *app) log() *cobra.Command {
	var cancel, asJSON bool
	cmd := &cobra.Command{
		Use:   "log [ID…]",
		Short: "Say which commands are under way, and what came of others",
		Long: `List the commands that are under way, with why they wait, and those that ended
lately; or tell all of the named ones. An id may be cut to the digits that no
other begins with. --cancel gives up what has not begun.`,
		Example: "  offing log\n  offing log 6f1d8c02\n  offing log --cancel 6f1d8c02",
		RunE: func(cmd *cobra.Command, args []string) error {
			if cancel && len(args) == 0 {
				return usage(errors.New("--cancel: name the commands to give up"))
			}
			return a.controlling(cmd, func(ctx context.Context, c *client.Client) error {
				return a.showLog(ctx, c, args, cancel, asJSON)
			})
		},
		ValidArgsFunction: a.completeOrders,
	}
	cmd.Flags().BoolVar(&cancel, "cancel", false, "give them up")
	cmd.Flags().BoolVar(&asJSON, "json", false, `write {"commands":[…]}`)
	return cmd
}

func (a *app) showLog(ctx context.Context, c *client.Client, words []string, cancel, asJSON bool) error {
	all, err := c.Commands(ctx)
	if err != nil {
		return err
	}
	orders := all
	if len(words) > 0 {
		if orders, err = pickOrders(all, words); err != nil {
			return usage(err)
		}
	}
	if cancel {
		return a.cancel(ctx, c, orders)
	}
	if asJSON {
		if orders == nil {
			orders = []client.Order{}
		}
		return a.printJSON(map[string]any{"commands": orders})
	}
	if len(orders) == 0 {
		fmt.Fprintln(a.stderr, "no commands are under way, and none ended lately")
	}
	if err := logTable(orders).write(a.stdout, screenOf(a.stdout)); err != nil || len(words) == 0 {
		return err
	}
	for i := range orders {
		a.sayOrder(&orders[i], ending{quiet: true}, nil)
	}
	return nil
}

func pickOrders(all []client.Order, words []string) ([]client.Order, error) {
	var orders []client.Order
	for _, word := range words {
		if word == "" || !onlyHex(word, 32) {
			return nil, fmt.Errorf("%q is no id of a command: `offing log` lists them", report.Clean(word))
		}
		var found []client.Order
		for i := range all {
			if strings.HasPrefix(all[i].ID.String(), strings.ToLower(word)) {
				found = append(found, all[i])
			}
		}
		switch {
		case len(found) == 0:
			return nil, fmt.Errorf("there is no command %s: `offing log` lists them", word)
		case len(found) > 1:
			return nil, fmt.Errorf("%d commands begin with %s: give more digits", len(found), word)
		}
		orders = append(orders, found[0])
	}
	return orders, nil
}

// cancel gives up orders, and tells what came of each that answers within a step.
func (a *app) cancel(ctx context.Context, c *client.Client, orders []client.Order) error {
	failed := false
	for i := range orders {
		err := c.Cancel(ctx, orders[i].ID)
		if err == nil {
			orders[i], err = c.Command(ctx, orders[i].ID, waitStep)
		}
		o := &orders[i]
		switch {
		case err != nil && ctx.Err() != nil:
			return err
		case err != nil:
			failed = true
			fmt.Fprintf(a.stderr, "offing: %.12s: %v\n", o.ID, err)
		case o.State == client.Cancelled:
			fmt.Fprintf(a.stdout, "%.12s is cancelled\n", o.ID)
		case o.HasEnded():
			failed = true
			fmt.Fprintf(a.stderr, "offing: %.12s: it is too late, it is %s\n", o.ID, o.State)
		default:
			fmt.Fprintf(a.stdout, "%.12s: the box is asked to give it up\n", o.ID)
		}
	}
	if failed {
		return &exitError{status: exitFailed}
	}
	return nil
}

func logTable(orders []client.Order) *table {
	t := &table{columns: []column{
		{title: "ID"}, {title: "SINCE", drop: 2}, {title: "BOX", drop: 3}, {title: "WHO", drop: 1}, {title: "DO"},
		{title: "STATE"}, {title: "TORRENTS", right: true, drop: 4}, {title: "", stretch: true},
	}}
	for i := range orders {
		o := &orders[i]
		who := o.User
		if who == "" {
			who = "(command line)"
		}
		count := ""
		if o.Of > 0 {
			count = fmt.Sprintf("%d/%d", o.Done, o.Of)
		}
		why := o.Why
		if o.HasEnded() {
			if why = whyNot(o); why == "" && resultOf(o).Failed > 0 {
				why = fmt.Sprintf("not with %s", torrents(resultOf(o).Failed))
			}
		}
		t.add(cell{text: fmt.Sprintf("%.12s", o.ID), style: report.Faint}, cell{text: clock(o.Created)}, plain(o.Box), plain(who), plain(string(o.Do)),
			cell{text: report.Clean(o.State), style: orderStyle(o)}, cell{text: count}, plain(why))
	}
	return t
}

func orderStyle(o *client.Order) report.Style {
	switch {
	case !o.HasEnded():
		return report.Cyan
	case o.State != client.Done || resultOf(o).Failed > 0:
		return report.Red
	}
	return report.Green
}
