package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// lab is a section that a test of scripts/offing-bench/lab measures: it needs
// the virtual time that only a test can have.
func lab(name, title, test string) section {
	return section{name, title, func(b *bench, ctx context.Context) error {
		dir, err := os.MkdirTemp("", "offing-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		file := filepath.Join(dir, "section.md")
		cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout=5m", "-run", "^"+test+"$", "./scripts/offing-bench/lab", "-args", "-out", file)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		b.page.Write(text)
		return err
	}}
}

// benchmarks are those of the tests that stand for a tick of the agent.
var benchmarks = []struct{ pkg, pattern string }{
	{"./agent/internal/poll", "^Benchmark(FastPoll|FullPass)$"},
	{"./tunnel/wire", "^BenchmarkTick$"},
}

// benchLine is one result of go test -bench.
var benchLine = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// ticks runs the benchmarks of a tick's two halves.
func (b *bench) ticks(ctx context.Context) error {
	b.writef("A poll of the daemon and its way into the state (FastPoll: of 200 torrents that move, of 10,000; FullPass: of all),\nand the encoding of a second's delta with 200 torrents that move, of 1,000 to 50,000: `go test -bench`.\n\n| | ns | bytes allocated | allocations | bytes of the frame |\n|---|---:|---:|---:|---:|\n")
	for _, m := range benchmarks {
		cmd := exec.CommandContext(ctx, "go", "test", "-run=^$", "-timeout=5m", "-benchmem", "-benchtime=2s", "-bench", m.pattern, m.pkg)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("go test -bench %s: %w", m.pkg, err)
		}
		rows := 0
		for s := bufio.NewScanner(strings.NewReader(string(out))); s.Scan(); {
			if m := benchLine.FindStringSubmatch(s.Text()); m != nil {
				of := values(m[2])
				b.writef("| %s | %s | %s | %s | %s |\n", m[1], of["ns/op"], of["B/op"], of["allocs/op"], of["wire-B/op"])
				rows++
			}
		}
		if rows == 0 {
			return fmt.Errorf("%s has no benchmark %s", m.pkg, m.pattern)
		}
	}
	return nil
}

// values reads "12 ns/op  3 B/op ...".
func values(text string) map[string]string {
	of := make(map[string]string)
	fields := strings.Fields(text)
	for i := 0; i+1 < len(fields); i += 2 {
		of[fields[i+1]] = fields[i]
	}
	return of
}
