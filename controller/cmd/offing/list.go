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
	"offing/tunnel/state"
)

// listOrders are the words of --sort, without the "-" for the other way round.
var listOrders = []string{"name", "added", "size", "progress", "ratio", "down", "up", "eta", "state", "queue"}

func (a *app) list() *cobra.Command {
	var (
		w      way
		f      client.Filter
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the torrents",
		Long: `List the torrents of all boxes, or those that --box, --state, --label and --text
let through. The controller answers from its memory; "offing status" says how
old that is.`,
		Example: "  offing list --state downloading --sort -down\n  offing list --box vps --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := choice{all: true, filter: f}
			if err := c.check(); err != nil {
				return err
			}
			if f.Sort != "" && !slices.Contains(listOrders, strings.TrimPrefix(f.Sort, "-")) {
				return usage(fmt.Errorf("--sort: there is no %q: want one of %s, with - before it for the other way round", f.Sort, strings.Join(listOrders, ", ")))
			}
			if f.Limit < 0 {
				return usage(errors.New("--limit: want a number above 0"))
			}
			return a.through(cmd.Context(), w, func(ctx context.Context, d door) error {
				rows, total, err := d.Torrents(ctx, f)
				if err != nil {
					return err
				}
				return a.printRows(rows, total, asJSON)
			})
		},
	}
	a.filterFlags(cmd, &f)
	w.flags(a, cmd)
	cmd.Flags().StringVar(&f.Sort, "sort", "", "by `what`: "+strings.Join(listOrders, ", ")+"; with - before it the other way round")
	cmd.Flags().IntVar(&f.Limit, "limit", 0, "at most so `many`")
	cmd.Flags().BoolVar(&asJSON, "json", false, `write {"torrents":[…],"total":n}`)
	a.completeFlag(cmd, "sort", fixed(listOrders))
	return cmd
}

func (a *app) printRows(rows []client.Row, total int, asJSON bool) error {
	if asJSON {
		if rows == nil {
			rows = []client.Row{}
		}
		return a.printJSON(map[string]any{"torrents": rows, "total": total})
	}
	s := screenOf(a.stdout)
	t := listTable(s.terminal)
	for i := range rows {
		t.add(listCells(&rows[i], s.terminal)...)
	}
	if err := t.write(a.stdout, s); err != nil {
		return err
	}
	if more := total - len(rows); more > 0 {
		fmt.Fprintf(a.stderr, "and %d more\n", more)
	} else if total == 0 {
		fmt.Fprintln(a.stderr, "there are no such torrents")
	}
	return nil
}

// listTable is the table of torrents, with bars on a terminal only.
func listTable(bars bool) *table {
	columns := []column{{title: "HASH"}, {title: "NAME", stretch: true}}
	if bars {
		columns = append(columns, column{title: "", drop: 5})
	}
	return &table{columns: append(columns,
		column{title: "DONE", right: true, least: 6}, column{title: "STATE", least: 11},
		column{title: "DOWN", right: true, drop: 6, least: 8}, column{title: "UP", right: true, drop: 4, least: 8}, column{title: "ETA", right: true, drop: 3, least: 6},
		column{title: "SIZE", right: true, drop: 3, least: 6}, column{title: "RATIO", right: true, drop: 1},
		column{title: "BOX", drop: 2}, column{title: "LABELS", drop: 1},
	)}
}

func listCells(r *client.Row, bars bool) []cell {
	done := doneOf(r)
	style := report.StateStyle(r.State, r.ErrorKind)
	cells := []cell{{text: fmt.Sprintf("%.12s", r.Hash), style: report.Faint}, plain(r.Name)}
	if bars {
		cells = append(cells, cell{bar: true, part: done, style: style})
	}
	word := report.StateWord(report.Clean(r.State))
	if r.ErrorKind != state.NoError {
		word += "!"
	}
	return append(cells,
		cell{text: report.Percent(done)}, cell{text: word, style: style},
		cell{text: report.Rate(r.RateDown)}, cell{text: report.Rate(r.RateUp)}, cell{text: report.ETA(r.ETA)},
		cell{text: report.Size(r.Size)}, cell{text: ratio(r.Ratio)},
		plain(r.Box), plain(strings.Join(r.Labels, ", ")),
	)
}

// doneOf is the part that a bar shows: of a check that is running, or of the data.
func doneOf(r *client.Row) float64 {
	if r.State == state.Checking.String() {
		return r.Checked
	}
	return r.Progress
}

func ratio(r float64) string { return fmt.Sprintf("%.2f", r) }
