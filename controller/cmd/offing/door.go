package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// door is who knows torrents and has commands done: the running controller, which
// *client.Client is, or one box over a line of its own. See client.Client for
// what the methods do.
type door interface {
	Torrents(context.Context, client.Filter) ([]client.Row, int, error)
	Torrent(ctx context.Context, box string, h state.Hash) (*client.Whole, error)
	Do(context.Context, client.DoRequest) ([]client.Order, error)
	Add(context.Context, client.AddRequest) (client.Order, error)
	Command(ctx context.Context, id command.ID, wait time.Duration) (client.Order, error)
	TestPort(ctx context.Context, box string) (bool, error)
	FreeSpace(ctx context.Context, box, dir string) (command.Space, error)
}

// way is how a command comes to its door.
type way struct {
	direct  string        // the box to ask without a controller; empty for the controller
	timeout time.Duration // of the whole wait; 0 for none
}

// lineTimeout is how long --direct tries to reach a box unless it was told.
const lineTimeout = 2 * time.Minute

func (w *way) flags(a *app, cmd *cobra.Command) {
	cmd.Flags().StringVar(&w.direct, "direct", "", "have it done by the `box` itself, without a controller")
	cmd.Flags().DurationVar(&w.timeout, "timeout", 0, "how long to wait (exit status 2 after it); without it as long as it takes, and 2m for a line of --direct")
	a.completeFlag(cmd, "direct", a.completePaired)
}

// through runs use with the door of the way.
func (a *app) through(ctx context.Context, w way, use func(context.Context, door) error) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if w.direct != "" {
		return a.overLine(ctx, &cfg, w, use)
	}
	c := ask(&cfg)
	defer c.Close()
	return reached(use(ctx, c))
}

// reached gives what means that nobody could be asked its exit status.
func reached(err error) error {
	answer := (*client.Error)(nil)
	if exit := (*exitError)(nil); err == nil || errors.As(err, &exit) {
		return err
	}
	switch {
	case errors.Is(err, client.ErrNoController):
		return unreachable(err)
	case !errors.As(err, &answer):
		return err
	case answer.Status == http.StatusServiceUnavailable || answer.Status == http.StatusGatewayTimeout:
		return unreachable(err)
	case listOf(answer.Code) != "":
		return fmt.Errorf("%w See `%s`", err, listOf(answer.Code))
	}
	return err
}

// listOf is the command that lists what a code of the controller's says is not there.
func listOf(code string) string {
	return map[string]string{
		"unknown-user":       "offing user list",
		"unknown-box":        "offing box list",
		"unknown-session":    "offing user sessions NAME",
		"unknown-token":      "offing token list",
		"unknown-invitation": "offing user invitations",
		"unknown-command":    "offing log",
	}[code]
}

// controlling is a command that asks the running controller and no other.
func (a *app) controlling(cmd *cobra.Command, use func(context.Context, *client.Client) error) error {
	return a.through(cmd.Context(), way{}, func(ctx context.Context, d door) error {
		return use(ctx, d.(*client.Client)) // a way without --direct leads to no other
	})
}
