package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// section is one part of the report, which can be measured alone.
type section struct {
	name    string // on the command line
	title   string // in the report
	measure func(*bench, context.Context) error
}

var sections = []section{
	{"start", "From nothing to a moving bar", (*bench).start},
	{"page-freshness", "From a change in Transmission to a change on the page", (*bench).freshness},
	{"memory", "Memory", (*bench).memory},
	lab("mirror-bytes", "Bytes on the line with a page open", "TestBytes"),
	lab("mirror-snapshot", "Cold snapshot", "TestSnapshot"),
	lab("mirror-resume", "Resume after a break", "TestResume"),
	lab("mirror-backpressure", "Backpressure", "TestThrottle"),
	lab("mirror-cover", "Cover", "TestCover"),
	{"agent-tick", "A tick of the agent", (*bench).ticks},
	{"agent-cost", "What the agent costs", (*bench).cost},
	fanOut("fanout-memory", "Fan-out: memory of an idle connection", (*bench).fanoutMemory),
	fanOut("fanout-cpu", "Fan-out: processor time of a message", (*bench).fanoutCPU),
	fanOut("fanout-stalled", "Fan-out: readers that do not read", (*bench).fanoutStalled),
	fanOut("fanout-users", "Fan-out: many persons, each with their own", (*bench).fanoutUsers),
	fanOut("fanout-bytes", "Fan-out: bytes of an update", (*bench).fanoutBytes),
	{"line", "Over the private Tor network", (*bench).line},
	{"endpoint", "The endpoint for Transmission's apps", (*bench).endpoint},
	{"stop", "From a command to the daemon and to the page", (*bench).stop},
}

// choose returns the sections of these names, all for none.
func choose(names []string) ([]section, error) {
	if len(names) == 0 {
		return sections, nil
	}
	var chosen []section
	for _, name := range names {
		n := len(chosen)
		for _, s := range sections {
			if s.name == name {
				chosen = append(chosen, s)
			}
		}
		if len(chosen) == n {
			return nil, fmt.Errorf("there is no section %q: see scripts/bench --help", name)
		}
	}
	return chosen, nil
}

// report is the text of each section, by title.
type report map[string]string

// readReport reads what an earlier run has measured: a section that is not
// measured now stays.
func readReport(file string) (report, error) {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	r := make(report)
	for _, part := range strings.Split("\n"+string(text), "\n## ")[1:] {
		title, body, _ := strings.Cut(part, "\n")
		r[title] = strings.TrimSpace(body) + "\n"
	}
	return r, nil
}

// String is the whole page.
func (r report) String() string {
	var b strings.Builder
	b.WriteString("# Benchmarks\n\nWritten by `scripts/bench`, all of it or, with its name, one section. In the sections that need a Tor network\nall parts are real and on one machine: tor (a private network of 3 authorities and 4 relays), the two programs,\nand transmission-daemon and Chromium unless the section says otherwise.\n\n")
	b.WriteString(machine())
	for _, s := range sections {
		if text, ok := r[s.title]; ok {
			fmt.Fprintf(&b, "\n## %s\n\n%s", s.title, text)
		}
	}
	return b.String()
}
