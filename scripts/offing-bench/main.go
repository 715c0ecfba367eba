// Command offing-bench measures a whole Offing on this machine and writes what
// it saw to docs/BENCHMARKS.md; scripts/bench builds everything and starts it.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// bench is one run: its options and the page that it writes.
type bench struct {
	bin     string
	starts  int
	changes int
	page    bytes.Buffer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var b bench
	flags := flag.NewFlagSet("scripts/bench", flag.ContinueOnError)
	out := flags.String("out", "docs/BENCHMARKS.md", "`file` to write")
	flags.StringVar(&b.bin, "bin", "bin", "`folder` of the built programs")
	flags.IntVar(&b.starts, "starts", 5, "`times` that the demo is started")
	flags.IntVar(&b.changes, "changes", 200, "`changes` of which the way to the page is timed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b.header(args)
	for _, measure := range []func(context.Context) error{b.start, b.freshness, b.memory} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return os.WriteFile(*out, b.page.Bytes(), 0o644)
}

func (b *bench) writef(format string, args ...any) { fmt.Fprintf(&b.page, format, args...) }

func (b *bench) header(args []string) {
	b.writef("# Benchmarks\n\nMeasured on %s; rewritten by each run of\n\n    %s\n\nAll parts are real and on one machine: tor (a private network of 3 authorities and 4 relays),\ntransmission-daemon, Chromium.\n\n%s",
		time.Now().UTC().Format("2006-01-02"), strings.Join(append([]string{"scripts/bench"}, args...), " "), machine())
}

func tell(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
