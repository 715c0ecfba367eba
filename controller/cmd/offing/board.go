package main

import (
	"context"
	"errors"
	"fmt"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/report"
)

func (a *app) board() *cobra.Command {
	var f client.Filter
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Watch everything on the terminal, and act on it",
		Long: `Watch all torrents, or those that --box, --state, --label and --text let
through, a look each second, with keys to act on them: ? lists the keys, q
leaves.`,
		Example: "  offing watch\n  offing watch --box vps --state active",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !isTerminal(a.stdout) || !isTerminal(a.stdin) {
				return usage(errors.New("there is no terminal to watch on: `offing list` and `offing status --watch` write to anything"))
			}
			if err := (&choice{all: true, filter: f}).check(); err != nil {
				return err
			}
			return a.controlling(cmd, func(ctx context.Context, c *client.Client) error {
				if _, err := c.Status(ctx); err != nil {
					return err
				}
				return a.runBoard(ctx, newBoard(ctx, c, f, screenOf(a.stdout)))
			})
		},
	}
	a.filterFlags(cmd, &f)
	return cmd
}

// runBoard draws the board until somebody leaves it, or ctx ends.
func (a *app) runBoard(ctx context.Context, b *board) error {
	_, err := tea.NewProgram(b, tea.WithContext(ctx), tea.WithInput(a.stdin), tea.WithOutput(a.stdout),
		tea.WithAltScreen(), tea.WithoutSignalHandler()).Run()
	if ctx.Err() != nil {
		return nil // to interrupt it is a way to leave
	}
	return err
}

// boardSource is what a board needs of *client.Client.
type boardSource interface {
	Status(context.Context) ([]report.Box, error)
	door
}

// boardMode is what the keys are for.
type boardMode string

const (
	listing    boardMode = "list"
	detailing  boardMode = "details"
	searching  boardMode = "search"
	confirming boardMode = "question"
	helping    boardMode = "help"
)

// board is the live screen. Bubble Tea calls its methods one after another, and
// its commands beside them.
type board struct {
	ctx    context.Context // of what the commands ask
	source boardSource
	screen screen
	mode   boardMode

	filter client.Filter
	boxes  []report.Box
	rows   []client.Row // from offset on
	offset int
	total  int
	err    error // of the last look

	top, cursor int                           // places in the whole list
	at          client.Torrent                // the torrent under the cursor, which it follows
	marked      map[client.Torrent]client.Row // that the next key acts on, instead of the one under the cursor

	detail   *client.Whole
	input    string // of a search
	question question
	under    map[command.ID]client.Order // under way
	notice   string
}

// question is what a key waits for a yes for.
type question struct {
	text    string
	request client.DoRequest
}

func newBoard(ctx context.Context, source boardSource, f client.Filter, s screen) *board {
	if f.Sort == "" {
		f.Sort = "name"
	}
	return &board{
		ctx: ctx, source: source, screen: s, mode: listing, filter: f,
		marked: make(map[client.Torrent]client.Row), under: make(map[command.ID]client.Order),
	}
}

// Init implements tea.Model.
func (b *board) Init() tea.Cmd { return b.look() }

// Update implements tea.Model.
func (b *board) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		b.screen.width, b.screen.height = msg.Width, msg.Height
		b.keepInSight()
		return b, b.lookOnce()
	case tea.KeyMsg:
		return b, b.keys(msg)
	case looked:
		b.take(&msg)
		if msg.once {
			return b, nil
		}
		return b, tea.Tick(lookEvery, func(tickAt) tea.Msg { return tick{} })
	case tick:
		return b, b.look()
	case ordered:
		return b, b.takeOrders(&msg)
	}
	return b, nil
}

// take keeps what a look has found. The cursor follows its torrent.
func (b *board) take(m *looked) {
	if b.err = m.err; m.err != nil || m.filter != b.filter {
		return
	}
	b.boxes, b.rows, b.offset, b.total = m.boxes, m.rows, m.offset, m.total
	if m.detail != nil && b.mode == detailing && m.detail.Torrent == b.at {
		b.detail = m.detail
	}
	found := false
	for i := range b.rows {
		if b.rows[i].Torrent == b.at {
			b.cursor, found = b.offset+i, true
		}
	}
	b.cursor = max(min(b.cursor, b.total-1), 0)
	if r := b.row(b.cursor); !found && r != nil && b.mode != detailing {
		b.at = r.Torrent
	}
	b.keepInSight()
}

// row returns the torrent at a place in the list, if it is known.
func (b *board) row(place int) *client.Row {
	if i := place - b.offset; i >= 0 && i < len(b.rows) {
		return &b.rows[i]
	}
	return nil
}

// takeOrders keeps what is known of commands, asks on for those under way, and
// says what came of the others.
func (b *board) takeOrders(m *ordered) tea.Cmd {
	if m.err != nil {
		b.notice = m.err.Error()
		return nil
	}
	var more []tea.Cmd
	for i := range m.orders {
		o := &m.orders[i]
		if !o.HasEnded() {
			b.under[o.ID] = *o
			more = append(more, b.follow(o.ID))
			continue
		}
		delete(b.under, o.ID)
		if b.notice = fmt.Sprintf("%s %s on %s", verbOf(o.Do).past, torrents(resultOf(o).Done), o.Box); o.State != client.Done {
			b.notice = fmt.Sprintf("%s on %s: %s", verbOf(o.Do).now, o.Box, b.whyNot(o))
		} else if n := resultOf(o).Failed; n > 0 {
			b.notice += fmt.Sprintf(", not %s: %s", torrents(n), b.whyNot(o))
		}
	}
	return tea.Batch(append(more, b.lookOnce())...)
}

// whyNot is the first reason of an order for not having done something.
func (b *board) whyNot(o *client.Order) string {
	if text := whyNot(o); text != "" {
		return text
	}
	for _, f := range resultOf(o).Faults {
		return report.Clean(f.Fault.Text)
	}
	return o.State
}
