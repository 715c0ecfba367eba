// Command offing-agent is the box's side of Offing: the daemon beside
// transmission-daemon, and the commands that say who may reach it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
)

// gcPercent makes the heap grow by half before it is collected, not by all: a
// small VPS has less memory to spare than processor time.
const gcPercent = 50

func main() {
	debug.SetGCPercent(gcPercent)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// Exit statuses beside those of package report.
const (
	exitFailed = 1  // what was asked for could not be done
	exitUsage  = 64 // wrong command line or configuration; EX_USAGE of sysexits.h
)

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

func usage(err error) error { return &exitError{exitUsage, err} }

// run runs one command and returns its exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	a := &app{stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	command, err := root.ExecuteContextC(ctx)
	if err != nil && !a.began {
		err = usage(fmt.Errorf("%w\nsee `%s --help`", err, command.CommandPath()))
	}
	return a.finish(err)
}

// finish says what went wrong, a line each, and returns the exit status.
func (a *app) finish(err error) int {
	if err == nil {
		return 0
	}
	status := exitFailed
	if exit := (*exitError)(nil); errors.As(err, &exit) {
		status, err = exit.status, exit.err
	}
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			fmt.Fprintln(a.stderr, "offing-agent: "+strings.TrimRight(line, "\n"))
		}
	}
	return status
}
