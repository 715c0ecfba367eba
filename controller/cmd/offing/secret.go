package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"
)

// secret is something that is asked for without being shown.
type secret struct {
	what   string // for errors: "pairing code"
	prompt string // for a terminal
	most   int    // bytes that are read
	hint   string // what to do about its absence
}

// readSecret returns what is piped in, or what a person types.
func (a *app) readSecret(ctx context.Context, s secret) (string, error) {
	if isTerminal(a.stdin) {
		return a.promptSecret(ctx, s)
	}
	text, err := io.ReadAll(io.LimitReader(a.stdin, int64(s.most)+1))
	if err != nil {
		return "", fmt.Errorf("read the %s: %w", s.what, err)
	}
	if strings.TrimSpace(string(text)) == "" {
		return "", fmt.Errorf("there is no %s on the standard input: %s", s.what, s.hint)
	}
	return string(text), nil
}

// promptSecret asks on the terminal, which does not show what is typed. When it
// is interrupted it puts the terminal right; the reader that it leaves ends with
// the program.
func (a *app) promptSecret(ctx context.Context, s secret) (string, error) {
	fd := int(a.stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("read the %s: %w", s.what, err)
	}
	fmt.Fprint(a.stderr, s.prompt)
	defer fmt.Fprintln(a.stderr)
	type answer struct {
		text []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		answers <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	case got := <-answers:
		if errors.Is(got.err, io.EOF) || got.err == nil && len(got.text) == 0 {
			return "", fmt.Errorf("no %s was given, nothing is changed", s.what)
		}
		if got.err != nil {
			return "", fmt.Errorf("read the %s: %w", s.what, got.err)
		}
		return string(got.text), nil
	}
}
