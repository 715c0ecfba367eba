// Package e2e tests the whole of Offing as a person uses it: the built programs
// around real Tor, Transmission, Chromium and OpenSSH. One system serves the
// whole run; the tests tell one story, in order.
package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"offing/scripts/rig"
)

// patience bounds every wait. It is no measurement: a step takes seconds, and
// what has not come after this long does not come.
const patience = 3 * time.Minute

var system *rig.System

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	state, err := os.MkdirTemp("", "offing-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience) // it is many steps
	defer cancel()
	system, err = rig.Start(ctx, rig.Options{Bin: binaries(), State: state, Still: true, Progress: tell})
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the system:", err)
		showLogs(state)
		return 1
	}
	code := m.Run()
	system.Close()
	if races := racesIn(state); races != "" {
		fmt.Fprintln(os.Stderr, "data race in a program:\n"+races)
		code = 1
	}
	if code != 0 {
		showLogs(state)
		return code
	}
	os.RemoveAll(state)
	return 0
}

// binaries is the folder of the built programs.
func binaries() string {
	if dir := os.Getenv("OFFING_BIN"); dir != "" {
		return dir
	}
	dir, _ := filepath.Abs("../../bin")
	return dir
}

func tell(what string) { fmt.Fprintln(os.Stderr, "e2e:", what) }

func showLogs(state string) {
	logs, _ := filepath.Glob(filepath.Join(state, "logs", "*.log"))
	for _, path := range logs {
		b, _ := os.ReadFile(path)
		fmt.Fprintf(os.Stderr, "---- end of %s\n%s\n", filepath.Base(path), b[max(0, len(b)-6000):])
	}
}

// racesIn returns what the race detector wrote, when the programs were built
// with it.
func racesIn(state string) string {
	logs, _ := filepath.Glob(filepath.Join(state, "logs", "*.log"))
	for _, path := range logs {
		b, _ := os.ReadFile(path)
		if i := bytes.Index(b, []byte("WARNING: DATA RACE")); i >= 0 {
			return string(b[i:min(len(b), i+6000)])
		}
	}
	return ""
}

// command runs a program to its end and returns what it wrote and its exit status.
func command(t *testing.T, name string, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatalf("run %s: %v", name, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// offing runs the command line against the system's configuration.
func offing(t *testing.T, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	return command(t, filepath.Join(binaries(), "offing"), append(args, "--config", system.Config)...)
}

// eventually waits until ready says yes. The polling is of things that have no
// event to wait for, such as a process table.
func eventually(t *testing.T, what string, ready func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-deadline:
			t.Fatalf("waited %v for %s", patience, what)
		case <-tick.C:
		}
	}
}
