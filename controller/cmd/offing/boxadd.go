package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"offing/controller/internal/fleet"
	"offing/tunnel"
)

const (
	maxCode = 4096 // bytes of what is read as a pairing code; one has some two hundred
	maxName = 64   // bytes of what may be the name of a box; see fleet.CheckName
)

var errCodeArgument = errors.New("a pairing code is a secret, and the command line stays in the shell's history: " +
	"give the name alone and paste the code when asked, or pipe it in; " +
	"best make a new code now, and revoke this one on the box")

func (a *app) boxAdd() *cobra.Command {
	var replace bool
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a box by its pairing code",
		Long: `Add a box. Its pairing code, which "offing-agent pair" prints on the box, is
asked for without showing it, or read from the standard input when that is no
terminal:

  ssh root@box offing-agent pair | offing box add NAME

The name is your own, and stays here.`,
		Args:              nameWithoutCode,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			name, boxes := args[0], pairings{cfg.BoxesDir()}
			code, err := a.readCode(cmd.Context(), name)
			if err != nil {
				return err
			}
			pairing, err := tunnel.ParsePairing(code)
			if err != nil {
				return err
			}
			if err := boxes.write(name, pairing, replace); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "added %s at %s\n", name, pairing.Address)
			return a.tellController(cmd, ask(&cfg))
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "pair a box anew that is there already")
	return cmd
}

// nameWithoutCode accepts the name of one box. What is more than that, or too
// long for a name, is taken for a pairing code; no error repeats it.
func nameWithoutCode(_ *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return errors.New("want a name for the box")
	case len(args) > 1 || len(args[0]) > maxName:
		return errCodeArgument
	}
	return fleet.CheckName(args[0])
}

func (a *app) readCode(ctx context.Context, box string) (string, error) {
	return a.readSecret(ctx, secret{
		what:   "pairing code",
		prompt: fmt.Sprintf("Pairing code of %s, as `offing-agent pair` on the box prints it (it will not be shown): ", box),
		most:   maxCode,
		hint:   "`offing-agent pair` on the box prints one",
	})
}
