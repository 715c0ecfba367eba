package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

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
		Long: `Add a box. Its pairing code, which "offing-agent pair" prints on the box, is asked
for without showing it, or read from the standard input when that is no terminal:

  ssh root@box offing-agent pair | offing box add NAME

The name is your own, and stays here.`,
		Args: nameWithoutCode,
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

// readCode returns what is piped in, or what a person types.
func (a *app) readCode(ctx context.Context, box string) (string, error) {
	if isTerminal(a.stdin) {
		return a.promptCode(ctx, box)
	}
	code, err := io.ReadAll(io.LimitReader(a.stdin, maxCode+1))
	if err != nil {
		return "", fmt.Errorf("read the pairing code: %w", err)
	}
	if strings.TrimSpace(string(code)) == "" {
		return "", errors.New("there is no pairing code on the standard input: `offing-agent pair` on the box prints one")
	}
	return string(code), nil
}

// promptCode asks on the terminal, which does not show what is typed. When it
// is interrupted it puts the terminal right; the reader that it leaves ends with
// the program.
func (a *app) promptCode(ctx context.Context, box string) (string, error) {
	fd := int(a.stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("read the pairing code: %w", err)
	}
	fmt.Fprintf(a.stderr, "Pairing code of %s, as `offing-agent pair` on the box prints it (it will not be shown): ", box)
	defer fmt.Fprintln(a.stderr)
	type answer struct {
		code []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		code, err := term.ReadPassword(fd)
		answers <- answer{code, err}
	}()
	select {
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	case got := <-answers:
		if errors.Is(got.err, io.EOF) || got.err == nil && len(got.code) == 0 {
			return "", errors.New("no pairing code was given, nothing is changed")
		}
		if got.err != nil {
			return "", fmt.Errorf("read the pairing code: %w", got.err)
		}
		return string(got.code), nil
	}
}
