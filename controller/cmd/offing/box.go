package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/controller/internal/fleet"
)

func (a *app) box() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "box",
		Short: "Add, list and remove boxes",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.boxAdd(), a.boxList(), a.boxRemove(), a.boxSSHConfig())
	return cmd
}

// oneBox accepts the name of one box and nothing else.
func oneBox(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return errors.New("want the name of one box")
	}
	return fleet.CheckName(args[0])
}

func (a *app) boxList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the boxes and, when a controller runs, their lines",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			boxes := pairings{cfg.BoxesDir()}
			names, err := boxes.names()
			if err != nil {
				return err
			}
			if len(names) == 0 {
				fmt.Fprintln(a.stderr, "there are no boxes yet: `offing box add NAME` adds one")
				return nil
			}
			lines := a.lines(cmd, ask(&cfg))
			t := textTable("NAME", "NAME", "ADDRESS", "LINE")
			for _, name := range names {
				t.addText(name, address(boxes, name), lines(name))
			}
			return t.write(a.stdout, screenOf(a.stdout))
		},
	}
}

// address is the redacted address of a box, or that its file is no good.
func address(boxes pairings, name string) string {
	pairing, err := boxes.read(name)
	if err != nil {
		return "unreadable"
	}
	return pairing.Address.String()
}

// lines asks the controller once and returns what it says of a box's line.
func (a *app) lines(cmd *cobra.Command, controller *client.Client) func(box string) string {
	boxes, err := controller.Status(cmd.Context())
	states := make(map[string]string)
	for _, b := range boxes {
		if b.Line != nil {
			states[b.Box] = b.Line.State
		}
	}
	return func(box string) string {
		if err != nil {
			return "no controller runs"
		}
		if states[box] == "" {
			return "unknown to the controller"
		}
		return states[box]
	}
}

func (a *app) boxRemove() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Forget a box",
		Long: `Forget a box: its pairing code and what ssh-config wrote are deleted here.
The box goes on letting that pairing in until it is revoked there.`,
		Args:              oneBox,
		ValidArgsFunction: firstWord(a.completePaired),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			name := args[0]
			if err := (pairings{cfg.BoxesDir()}).remove(name); err != nil {
				return err
			}
			for _, path := range sshFilesOf(&cfg, name).all() {
				if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
					return fmt.Errorf("forget the box %q: %w", name, err)
				}
			}
			fmt.Fprintf(a.stdout, "removed %s; revoke the pairing on the box too: `offing-agent controllers` there, then `offing-agent revoke`\n", name)
			return a.tellController(cmd, ask(&cfg))
		},
	}
}

// tellController makes a running controller look at the boxes again. That none
// runs is nothing wrong: the next one reads them when it starts.
func (a *app) tellController(cmd *cobra.Command, controller *client.Client) error {
	err := controller.Reload(cmd.Context())
	switch {
	case errors.Is(err, client.ErrNoController):
		fmt.Fprintln(a.stderr, "no controller runs now: `offing serve` starts one")
	case err != nil:
		return fmt.Errorf("the change is kept, but the running controller did not take it: %w", err)
	}
	return nil
}
