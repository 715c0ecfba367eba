// Command offing-bench measures a whole Offing on this machine and writes what
// it saw to docs/BENCHMARKS.md; scripts/bench builds everything and starts it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"offing/scripts/offing-bench/fanout"
)

// bench is one run: its options and the section that it writes.
type bench struct {
	bin     string
	starts  int
	changes int
	// connections are those of a section on the fan-out, or the measure of them.
	connections int
	lab         *fanout.Lab // opened by the first of those sections
	page        strings.Builder
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
	flags.IntVar(&b.starts, "starts", 3, "`times` that the demo is started")
	flags.IntVar(&b.changes, "changes", 100, "`changes` of which each way is timed")
	flags.IntVar(&b.connections, "connections", 5000, "`connections` to each server of the fan-out")
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "Usage: scripts/bench [options] [section ...]\n\nWithout a section it measures all of them:\n")
		for _, s := range sections {
			fmt.Fprintf(flags.Output(), "  %-20s %s\n", s.name, s.title)
		}
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(flags.Args())
	if err != nil {
		return err
	}
	report, err := readReport(*out)
	if err != nil {
		return err
	}
	defer func() {
		if b.lab != nil {
			b.lab.Close()
		}
	}()
	for _, s := range chosen {
		tell("== %s", s.name)
		b.page.Reset()
		if err := s.measure(&b, ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		report[s.title] = fmt.Sprintf("%s\n\nMeasured on %s; again with `scripts/bench %s`.\n",
			strings.TrimSpace(b.page.String()), time.Now().UTC().Format(time.DateOnly), s.name)
		// At once, so that a section that fails later costs nothing.
		if err := os.WriteFile(*out, []byte(report.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) writef(format string, args ...any) { fmt.Fprintf(&b.page, format, args...) }

var began = time.Now()

func tell(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%4.0f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
}
