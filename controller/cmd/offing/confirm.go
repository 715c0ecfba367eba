package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
)

// yesOrNo asks on the terminal. Only a word that begins with y means yes.
func (a *app) yesOrNo(ctx context.Context, question string) (bool, error) {
	fmt.Fprint(a.stderr, question+" [y/N] ")
	answer, err := a.readLine(ctx)
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y"), err
}

// confirm asks a person to type a word. Without a terminal there is nobody to ask.
func (a *app) confirm(ctx context.Context, question, word string) error {
	if !isTerminal(a.stdin) {
		return usage(errors.New("there is no terminal to ask on: give --yes if you are sure"))
	}
	fmt.Fprint(a.stderr, question)
	answer, err := a.readLine(ctx)
	if err != nil {
		return err
	}
	if !strings.EqualFold(strings.TrimSpace(answer), word) {
		return errors.New("that is another name, nothing is changed")
	}
	return nil
}

// readLine returns the line that a person types.
func (a *app) readLine(ctx context.Context) (string, error) {
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() { // ends with the program when it is interrupted
		line, err := bufio.NewReader(a.stdin).ReadString('\n')
		answers <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.stderr)
		return "", ctx.Err()
	case got := <-answers:
		if got.err != nil {
			return "", errors.New("no answer was given, nothing is changed")
		}
		return got.line, nil
	}
}
