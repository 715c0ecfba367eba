package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"offing/controller"
	"offing/controller/client"
	"offing/tunnel/report"
)

// asker asks once how the boxes are. A box that cannot be reached is among the
// answers, with its line; the error is for having none.
type asker func(context.Context) ([]report.Box, error)

// statusFlags are what `offing status` was told.
type statusFlags struct {
	box     string
	direct  string
	json    bool
	watch   bool
	timeout time.Duration
}

func (a *app) status() *cobra.Command {
	var f statusFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say how the boxes are",
		Long: `Say how the boxes are, as the running controller knows it; with --direct ask a
box itself, through a Tor that is started for it, with no controller running.
That Tor keeps what it has learnt in STATE/direct, so the next start is quicker.

Exit status: 0 all is well; 1 a box has trouble; 2 a box, or the controller,
cannot be reached; of several boxes the worst counts. With --watch it is 0 once
you leave with Ctrl-C.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.box != "" && f.direct != "" {
				return usage(errors.New("--box asks the controller and --direct the box: give one of them"))
			}
			cfg, err := a.config()
			if err != nil {
				return err
			}
			if f.direct != "" {
				return orUnreachable(a.statusDirect(cmd.Context(), &cfg, f))
			}
			return orUnreachable(a.report(cmd.Context(), f, askController(&cfg, f.box)))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.box, "box", "", "only the box of that `name`")
	flags.StringVar(&f.direct, "direct", "", "ask the `box` itself, without a controller")
	flags.BoolVar(&f.json, "json", false, `write {"boxes":[…]}, with --watch a line for each second`)
	flags.BoolVar(&f.watch, "watch", false, "go on until Ctrl-C, a look each second")
	flags.DurationVar(&f.timeout, "timeout", lineTimeout, "how long --direct tries to reach the box")
	a.completeFlag(cmd, "box", a.completeBoxes)
	a.completeFlag(cmd, "direct", a.completePaired)
	return cmd
}

// askController asks the running controller, about one box when it is named.
func askController(cfg *controller.Config, box string) asker {
	c := ask(cfg)
	return func(ctx context.Context) ([]report.Box, error) {
		boxes, err := c.Status(ctx)
		if errors.Is(err, client.ErrNoController) {
			err = fmt.Errorf("%w, or ask a box itself with --direct BOX", err)
		}
		if err != nil {
			return nil, err
		}
		if box == "" {
			return boxes, nil
		}
		i := slices.IndexFunc(boxes, func(b report.Box) bool { return b.Box == box })
		if i < 0 {
			return nil, usage(fmt.Errorf("the controller has no box %q: `offing box list` lists them", box))
		}
		return boxes[i : i+1], nil
	}
}

// orUnreachable gives an error without an exit status that of having no answer,
// since 1 would say that there is one.
func orUnreachable(err error) error {
	if exit := (*exitError)(nil); err == nil || errors.As(err, &exit) {
		return err
	}
	return unreachable(err)
}

// report asks, once or until ctx ends, and writes what it hears.
func (a *app) report(ctx context.Context, f statusFlags, ask asker) error {
	if f.watch {
		return a.watch(ctx, f, ask)
	}
	boxes, err := ask(ctx)
	if err != nil {
		return err
	}
	if err := a.write(boxes, f.json); err != nil {
		return err
	}
	return exitOf(boxes)
}

// write writes the boxes to the standard output, in one piece.
func (a *app) write(boxes []report.Box, asJSON bool) error {
	var out bytes.Buffer
	if asJSON {
		if err := writeJSON(&out, boxes); err != nil {
			return err
		}
	} else if err := writeText(&out, boxes, screenOf(a.stdout).options()); err != nil {
		return err
	}
	_, err := a.stdout.Write(out.Bytes())
	return err
}

// writeJSON writes the document that the controller answers, on a line.
func writeJSON(w io.Writer, boxes []report.Box) error {
	if boxes == nil {
		boxes = []report.Box{}
	}
	return report.WriteJSON(w, struct {
		Boxes []report.Box `json:"boxes"`
	}{boxes})
}

func writeText(w io.Writer, boxes []report.Box, o report.TextOptions) error {
	if len(boxes) == 0 {
		_, err := fmt.Fprintln(w, "There are no boxes yet: `offing box add NAME` adds one.")
		return err
	}
	for i := range boxes {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if err := boxes[i].WriteText(w, o); err != nil {
			return err
		}
	}
	return nil
}

// exitOf is the worst exit status of the boxes, as an error.
func exitOf(boxes []report.Box) error {
	worst := report.ExitWell
	for i := range boxes {
		worst = max(worst, boxes[i].ExitStatus())
	}
	if worst == report.ExitWell {
		return nil
	}
	return &exitError{status: worst}
}
