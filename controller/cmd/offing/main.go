// Command offing is home's side of Offing: the controller itself (`offing
// serve`), and every command that asks it, or a box, for something.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"offing/tunnel/report"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// Exit statuses beside those of package report.
const (
	exitFailed      = 1   // what was asked for could not be done
	exitUsage       = 64  // wrong command line or configuration; EX_USAGE of sysexits.h
	exitInterrupted = 130 // Ctrl-C or SIGTERM, as shells report it
)

// run runs one command and returns its exit status.
func run(args []string, stdin, stdout, stderr *os.File) int {
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	command, err := root.ExecuteContextC(ctx)
	if err != nil && !a.began {
		err = usage(fmt.Errorf("%w\nsee `%s --help`", err, command.CommandPath()))
	}
	return a.finish(ctx, err)
}

// endings are the signals that end a command. SIGHUP is one, so that a closed
// terminal leaves nothing behind, unless nohup(1) has had it ignored.
func endings() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// exitError is an error with an exit status of its own. Without an error it is
// the status alone: all that there is to say has been written.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(err error) error       { return &exitError{exitUsage, err} }
func unreachable(err error) error { return &exitError{report.ExitUnreachable, err} }

// finish says what went wrong, a line each, and returns the exit status.
func (a *app) finish(ctx context.Context, err error) int {
	if err == nil {
		return 0
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	status := exitFailed
	var exit *exitError
	if errors.As(err, &exit) {
		status = exit.status
		err = exit.err
	}
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			if line = strings.TrimSpace(line); line != "" {
				fmt.Fprintln(a.stderr, "offing: "+line)
			}
		}
	}
	return status
}
