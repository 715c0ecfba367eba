// Command offing-demo runs a whole Offing on this machine until it is told to
// stop; scripts/demo builds everything and then starts it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"offing/scripts/rig"
)

// startLimit bounds a start that will not succeed any more.
const startLimit = 5 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "demo:", err)
		}
		os.Exit(1)
	}
}

type options struct {
	rig.Options
	json bool
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("scripts/demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.Bin, "bin", "bin", "`folder` of the built programs")
	flags.StringVar(&o.State, "state", "", "`folder` that keeps the demo's state; without it, a new one that is removed at the end")
	flags.IntVar(&o.Port, "port", 0, "`port` of the page on 127.0.0.1; 0 is any free one")
	flags.IntVar(&o.Torrents, "torrents", 0, "further idle `torrents` on the box")
	flags.StringVar(&o.Transmission, "transmission", "", "`host:port` of a running transmission-daemon to use instead of a new one")
	flags.BoolVar(&o.json, "json", false, "print one line of JSON when all is ready, and nothing else")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is not an option: see scripts/demo --help", flags.Arg(0))
	case o.Port < 0 || o.Port > 65535:
		return o, fmt.Errorf("--port %d is not a port: give 1 to 65535, or 0 for any free one", o.Port)
	case o.Torrents < 0:
		return o, fmt.Errorf("--torrents %d: give 0 or more", o.Torrents)
	case o.Torrents > 0 && o.Transmission != "":
		return o, errors.New("--torrents adds to the demo's own daemon: leave out --transmission")
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.State == "" {
		if o.State, err = os.MkdirTemp("", "offing-demo-"); err != nil {
			return err
		}
		defer func() {
			if err == nil { // after a failure the logs are wanted
				os.RemoveAll(o.State)
			}
		}()
	}
	progress, err := o.progress(stderr)
	if err != nil {
		return err
	}
	defer progress.Close()
	began := time.Now()
	o.Progress = func(what string) {
		fmt.Fprintf(progress, "%5.1fs  %s\n", time.Since(began).Seconds(), what)
	}
	starting, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("not ready after %v", startLimit))
	defer cancel()
	system, err := rig.Start(starting, o.Options)
	if err != nil {
		if ctx.Err() != nil {
			return nil // told to stop while starting: that is no failure
		}
		return fmt.Errorf("%w (the logs are in %s)", err, filepath.Join(o.State, "logs"))
	}
	defer func() {
		o.Progress("stopping")
		system.Close()
	}()
	if err := o.announce(stdout, system); err != nil {
		return err
	}
	return watch(ctx, system)
}

// progress is where the steps are told: the terminal, or with --json a file.
func (o *options) progress(stderr io.Writer) (io.WriteCloser, error) {
	if !o.json {
		return nopCloser{stderr}, nil
	}
	logs := filepath.Join(o.State, "logs")
	if err := os.MkdirAll(logs, 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(logs, "demo.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func (o *options) announce(w io.Writer, s *rig.System) error {
	if o.json {
		return json.NewEncoder(w).Encode(map[string]any{
			"ready": true, "url": s.URL, "user": s.User, "password": s.Password, "guests": s.Guests,
			"socket": s.Socket, "onion": s.Onion, "state": s.State, "pids": s.PIDs(),
			"config": s.Config, "box": rig.BoxName,
		})
	}
	offing := filepath.Join(o.Bin, "offing")
	var people strings.Builder
	fmt.Fprintf(&people, "%-8s %s   everything", s.User, s.Password)
	for _, g := range s.Guests {
		fmt.Fprintf(&people, "\n              %-8s %s   their own torrents", g.User, g.Password)
	}
	_, err := fmt.Fprintf(w, `
Offing is ready.

  page        %s
  sign in     %s

  status      %s status --config %s
  live        %s watch --config %s
  people      %s user list --config %s
  directly    %s status --config %s --direct %s
  plain ssh   %s box ssh-config %s --config %s
  apps        %stransmission/rpc, a name, and a token of its page "Account"
  logs        %s

Ctrl-C stops everything.
`, s.URL, &people, offing, s.Config, offing, s.Config, offing, s.Config, offing, s.Config, rig.BoxName, offing, rig.BoxName, s.Config, s.URL, filepath.Join(s.State, "logs"))
	return err
}

// watch waits for the end: of ctx, or of a part that does not come back.
func watch(ctx context.Context, s *rig.System) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.Failed(); err != nil {
				return err
			}
		}
	}
}
