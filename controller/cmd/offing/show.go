package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// errNoDetail is for what only a controller asks boxes for.
var errNoDetail = errors.New("the box does not tell that to a line of its own: ask without --direct")

// single is what every command has that is about one torrent.
type single struct {
	way
	choice
	ending
}

// lookCommand is a command that shows something of one torrent.
func (a *app) lookCommand(use, short, long, example string, show func(*client.Whole) error) *cobra.Command {
	var f single
	cmd := &cobra.Command{
		Use: use + " HASH", Short: short, Long: long, Example: example,
		Args: oneTorrent,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.words = args
			return a.look(cmd, &f, show)
		},
	}
	f.flags(a, cmd)
	cmd.Flags().BoolVar(&f.json, "json", false, "write JSON")
	return cmd
}

// flags are those of a command on one torrent, without --json.
func (f *single) flags(a *app, cmd *cobra.Command) {
	f.way.flags(a, cmd)
	cmd.Flags().StringVar(&f.filter.Box, "box", "", "the torrent of that `box`, when several have it")
	a.completeFlag(cmd, "box", a.completeBoxes)
	cmd.ValidArgsFunction = a.completeHashes
}

func oneTorrent(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return errors.New("want the hash of one torrent: `offing list` lists them")
	}
	return nil
}

// look finds the torrent and shows what show shows of it, or all of it in JSON.
func (a *app) look(cmd *cobra.Command, f *single, show func(*client.Whole) error) error {
	if err := f.check(); err != nil {
		return err
	}
	return a.through(cmd.Context(), f.way, func(ctx context.Context, d door) error {
		row, err := f.one(ctx, d)
		if err != nil {
			return err
		}
		whole, err := d.Torrent(ctx, row.Box, row.Hash)
		if err != nil {
			return err
		}
		if f.json {
			return a.printJSON(whole)
		}
		return show(whole)
	})
}

// changeOne finds the torrent, and has what change returns changed.
func (a *app) changeOne(cmd *cobra.Command, f *single, change func(context.Context, door, *client.Row) (*command.Changes, error)) error {
	if err := f.check(); err != nil {
		return err
	}
	return a.through(cmd.Context(), f.way, func(ctx context.Context, d door) error {
		row, err := f.one(ctx, d)
		if err != nil {
			return err
		}
		c, err := change(ctx, d, row)
		if err != nil {
			return err
		}
		orders, err := d.Do(ctx, client.DoRequest{Do: command.Change, Torrents: []client.Torrent{row.Torrent}, Change: c})
		if err != nil {
			return a.perhaps(ctx, f.way, err)
		}
		return a.settle(ctx, d, f.way, f.ending, orders, namesOf([]client.Row{*row}))
	})
}

func (a *app) show() *cobra.Command {
	return a.lookCommand("show", "Show all of one torrent",
		`Show all of one torrent: what it is and does, and in short its files, trackers
and peers. What only the box knows is asked for, which takes a round trip.`,
		"  offing show 3b1d85f8\n  offing show 3b1d85f8 --json", a.showWhole)
}

// maxShort is how many trackers, files and peers `offing show` shows.
const maxShort = 5

func (a *app) showWhole(t *client.Whole) error {
	_, err := fmt.Fprintln(a.stdout, strings.Join(wholeLines(t, screenOf(a.stdout)), "\n"))
	return err
}

// wholeLines says all of a torrent.
func wholeLines(t *client.Whole, s screen) []string {
	w := &pairs{screen: s}
	w.say("name", report.Clean(t.Name))
	w.say("hash", t.Hash.String())
	w.say("box", report.Clean(t.Box))
	w.state(&t.Row)
	w.sizes(&t.Row)
	w.limits(&t.Row)
	d := t.Detail
	if d == nil {
		return w.aligned()
	}
	w.info(&d.Info)
	lines := w.aligned()
	for _, part := range []struct {
		title string
		n     int
		table *table
	}{
		{"trackers", len(d.Trackers), trackersTable(d.Trackers[:min(len(d.Trackers), maxShort)])},
		{"files", len(d.Files), filesTable(d.Files[:min(len(d.Files), maxShort)])},
		{"peers", len(d.Peers), peersTable(d.Peers[:min(len(d.Peers), maxShort)])},
	} {
		if part.n == 0 {
			continue
		}
		lines = append(append(lines, ""), part.table.lines(s.cells())...)
		if part.n > maxShort {
			lines = append(lines, fmt.Sprintf("and %d more: offing %s %.12s", part.n-maxShort, part.title, t.Hash))
		}
	}
	return lines
}

// pairs are names and values, a line each.
type pairs struct {
	screen screen
	lines  [][2]string
}

// say adds a line, unless there is nothing to say.
func (p *pairs) say(name, value string) {
	if value != "" {
		p.lines = append(p.lines, [2]string{name, value})
	}
}

// aligned returns the lines with the values below each other.
func (p *pairs) aligned() []string {
	width := 0
	for _, l := range p.lines {
		width = max(width, report.Width(l[0]))
	}
	lines := make([]string, len(p.lines))
	for i, l := range p.lines {
		lines[i] = report.Fit(l[0], width) + "  " + p.screen.options().Paint(report.Plain, l[1])
	}
	return lines
}

func (p *pairs) state(t *client.Row) {
	text := report.StateWord(report.Clean(t.State)) + ", " + report.Percent(doneOf(t))
	if eta := report.ETA(t.ETA); eta != "" {
		text += ", " + eta + " left"
	}
	if s := p.screen; s.terminal {
		text = s.options().Bar(doneOf(t), 2*barColumns, report.StateStyle(t.State, t.ErrorKind)) + " " + text
	}
	p.say("state", text)
	if t.ErrorKind != state.NoError {
		p.say("error", report.Clean(t.Error))
	}
}

func (p *pairs) sizes(t *client.Row) {
	size := report.Size(t.Size)
	if t.Total > t.Size {
		size += " wanted of " + report.Size(t.Total)
	}
	p.say("size", size)
	p.say("down", strings.TrimSuffix(report.Size(t.Downloaded)+", "+report.Rate(t.RateDown), ", "))
	p.say("up", strings.TrimSuffix(report.Size(t.Uploaded)+", "+report.Rate(t.RateUp), ", ")+", ratio "+ratio(t.Ratio))
	p.say("peers", fmt.Sprint(t.Peers))
	p.say("added", when(t.Added))
	p.say("done", when(t.Done))
	p.say("labels", report.Clean(strings.Join(t.Labels, ", ")))
	p.say("folder", report.Clean(t.Dir))
	p.say("queue", fmt.Sprint(t.Queue))
	if t.Private {
		p.say("private", "yes")
	}
}

// limits says which limits hold that are the torrent's own.
func (p *pairs) limits(t *client.Row) {
	var words []string
	o := &t.Options
	if o.DownLimited {
		words = append(words, "down "+report.Size(o.DownLimit)+"/s")
	}
	if o.UpLimited {
		words = append(words, "up "+report.Size(o.UpLimit)+"/s")
	}
	switch o.RatioMode {
	case state.LimitOwn:
		words = append(words, "ratio "+ratio(float64(o.RatioLimit)/10_000))
	case state.LimitNone:
		words = append(words, "any ratio")
	}
	switch o.IdleMode {
	case state.LimitOwn:
		words = append(words, "idle "+report.Span(time.Duration(o.IdleLimit)*time.Minute))
	case state.LimitNone:
		words = append(words, "idle for ever")
	}
	if o.Unbound {
		words = append(words, "not bound by the box's limits")
	}
	if o.Sequential {
		words = append(words, "pieces in order")
	}
	p.say("limits", strings.Join(words, ", "))
	p.say("priority", map[int8]string{-1: "low", 1: "high"}[o.Priority])
}

func (p *pairs) info(i *client.Info) {
	p.say("comment", report.Clean(i.Comment))
	p.say("made", strings.TrimSuffix(when(i.Created)+" by "+report.Clean(i.Creator), " by "))
	if i.Wasted > 0 {
		p.say("damaged", report.Size(i.Wasted))
	}
	p.say("active", when(i.Active))
}

// when is a time in Unix seconds for a person, empty for none.
func when(unix int64) string {
	if unix <= 0 {
		return ""
	}
	return clock(time.Unix(unix, 0))
}
