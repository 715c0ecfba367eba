package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"offing/tunnel/report"
)

// everyCommand calls f for each command that does something.
func everyCommand(t *testing.T, f func(*cobra.Command)) {
	t.Helper()
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	n := 0
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Runnable() && (!cmd.HasSubCommands() || cmd.Name() == "rule") {
			n++
			f(cmd)
		}
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk(a.root())
	if n < 40 {
		t.Errorf("looked at %d commands", n)
	}
}

var twoWords = regexp.MustCompile(`^ +(-\w, )?--[a-z-]+ \w+ \w+   `)

// TestHelp: every command has an example, what acts on torrents says what it does at
// length, and 80 columns are enough.
func TestHelp(t *testing.T) {
	everyCommand(t, func(cmd *cobra.Command) {
		path := cmd.CommandPath()
		if !strings.Contains(cmd.Example, path) && !strings.Contains(cmd.Example, "offing ") {
			t.Errorf("%s has no example", path)
		}
		if cmd.Flags().Lookup("direct") != nil && cmd.Long == "" {
			t.Errorf("%s is not described", path)
		}
		for line := range strings.Lines(cmd.Example) {
			if !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: an example is not indented: %q", path, line)
			}
		}
		_, flags, _ := strings.Cut(cmd.UsageString(), "\nFlags:\n")
		for line := range strings.Lines(cmd.Long + "\n" + cmd.Example + "\n" + flags) {
			if w := report.Width(strings.TrimSuffix(line, "\n")); w > 80 {
				t.Errorf("%s: %d columns: %s", path, w, line)
			}
			if twoWords.MatchString(line) { // a command in backquotes is taken for the name of a value
				t.Errorf("%s: a flag seems to take two words: %s", path, line)
			}
		}
		if strings.HasSuffix(cmd.Short, ".") || cmd.Short == "" {
			t.Errorf("%s: %q is no short description", path, cmd.Short)
		}
	})
}

// TestManPages: each command has a page, the same on each run.
func TestManPages(t *testing.T) {
	scratch(t)
	dirs := [2]string{t.TempDir(), t.TempDir()}
	for _, dir := range dirs {
		if got := run([]string{"man", dir}, os.Stdin, os.Stdout, os.Stderr); got != 0 {
			t.Fatalf("exit status %d", got)
		}
	}
	pages, err := filepath.Glob(filepath.Join(dirs[0], "*.1"))
	if err != nil || len(pages) < 40 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := os.ReadFile(filepath.Join(dirs[1], filepath.Base(page))); err != nil || string(again) != string(text) {
			t.Errorf("%s differs in another run, %v", filepath.Base(page), err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dirs[0], "offing-stop.1")); err != nil || !strings.Contains(string(text), "offing stop 3b1d85f8") {
		t.Errorf("the page of stop has no example, %v", err)
	}
}
