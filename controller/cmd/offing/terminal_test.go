package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// start runs a command on the console, with a configuration of its own. The
// returned function waits for its exit status.
func start(t *testing.T, c *console, args ...string) (exit func() int) {
	t.Helper()
	status := make(chan int, 1)
	go func() { status <- run(args, c.tty, c.tty, c.tty) }()
	return func() int { return <-status }
}

// TestTerminalIsAskedNothing: before a command writes, nothing is written to the terminal
// that it runs on, such as a question for its colours, whose answer would be waited for.
func TestTerminalIsAskedNothing(t *testing.T) {
	scratch(t)
	t.Setenv("CI", "") // where there is one libraries ask less
	c := openConsole(t, 80, 24)
	// The shell outlives the command: what is on its way is lost when the first of a
	// terminal's programs ends.
	shell := exec.CommandContext(t.Context(), "sh", "-c", "offing version; read line")
	shell.Stdin, shell.Stdout, shell.Stderr = c.tty, c.tty, c.tty
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	c.until(t, "\n")
	c.enter(t, "\n")
	if err := shell.Wait(); err != nil {
		t.Error(err)
	}
	if text := c.hangUp(); !strings.HasPrefix(text, "offing ") || strings.Contains(text, "\x1b") {
		t.Errorf("the terminal got %q", text)
	}
}

// scratch returns a state folder, and makes its configuration that of the test.
func scratch(t *testing.T) (state string) {
	t.Helper()
	state, err := os.MkdirTemp("", "offing-") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(state) })
	config := filepath.Join(state, "offing.toml")
	if err := os.WriteFile(config, []byte("state = '"+state+"'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(state, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OFFING_CONFIG", config)
	t.Setenv("LC_ALL", "C.UTF-8")
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	return state
}

func interrupt(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
}

const oneBoxUp = `{"boxes":[{"box":"demo","line":{"state":"up"},"daemon":{"state":"ok","version":"3.00"},"age_ms":0,
	"torrents":[{"hash":"0100000000000000000000000000000000000000","name":"debian.iso","state":"downloading","progress":0.5}]}]}`

// TestWatchOnATerminal: a watch draws on the alternate screen, follows the
// terminal's size, and leaves it as it was.
func TestWatchOnATerminal(t *testing.T) {
	state := scratch(t)
	boxes := filepath.Join(state, "boxes.json")
	if err := os.WriteFile(boxes, []byte(oneBoxUp), 0o600); err != nil {
		t.Fatal(err)
	}
	fake := &fakeController{socket: filepath.Join(state, "run", "offing.sock"), asked: make(map[string]int), more: make(chan struct{})}
	if err := fake.serve(boxes, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	defer fake.close()
	c := openConsole(t, 100, 30)
	exit := start(t, c, "status", "--watch")
	c.until(t, enterScreen+home)
	c.until(t, "debian.iso")
	c.until(t, "\x1b[36m━") // the bar has its colour
	c.resize(t, 60, 4)
	c.until(t, "Transmission 3.00"+clearLine+clearBelow) // the fourth and last line
	fake.close()
	c.until(t, "offing: no controller answers")
	interrupt(t)
	if got := exit(); got != 0 {
		t.Errorf("exit status %d after Ctrl-C, want 0", got)
	}
	text := c.hangUp()
	if !strings.HasSuffix(text, leaveScreen) {
		t.Errorf("the terminal is not left as it was: %q", text[max(0, len(text)-60):])
	}
	if strings.Contains(text, "\x1b[2J") {
		t.Error("the screen is cleared, which flickers")
	}
}

// TestStatusOnATerminal: colour where it is wanted, and no escape sequence where
// it is not.
func TestStatusOnATerminal(t *testing.T) {
	for name, c := range map[string]struct {
		noColor, term string
		want          bool
	}{
		"color":    {"", "xterm", true},
		"no color": {"1", "xterm", false},
		"dumb":     {"", "dumb", false},
	} {
		t.Run(name, func(t *testing.T) {
			state := scratch(t)
			t.Setenv("NO_COLOR", c.noColor)
			t.Setenv("TERM", c.term)
			boxes := filepath.Join(state, "boxes.json")
			if err := os.WriteFile(boxes, []byte(oneBoxUp), 0o600); err != nil {
				t.Fatal(err)
			}
			fake := &fakeController{socket: filepath.Join(state, "run", "offing.sock"), asked: make(map[string]int), more: make(chan struct{})}
			if err := fake.serve(boxes, t.TempDir()); err != nil {
				t.Fatal(err)
			}
			defer fake.close()
			con := openConsole(t, 80, 24)
			if got := start(t, con, "status")(); got != 0 {
				t.Errorf("exit status %d, want 0", got)
			}
			if text := con.hangUp(); strings.Contains(text, "\x1b") != c.want {
				t.Errorf("escape sequences: %v, want %v: %q", !c.want, c.want, text)
			}
		})
	}
}

// TestPrompt: a pairing code is asked for, and not shown.
func TestPrompt(t *testing.T) {
	state := scratch(t)
	c := openConsole(t, 80, 24)
	exit := start(t, c, "box", "add", "demo")
	c.until(t, "it will not be shown): ")
	untilHidden(t, c)
	code := pairing(1).Code()
	c.enter(t, code+"\n")
	if got := exit(); got != 0 {
		t.Errorf("exit status %d, want 0", got)
	}
	if !c.echoes(t) {
		t.Error("the terminal goes on hiding what is typed")
	}
	if text := c.hangUp(); strings.Contains(text, code[:20]) {
		t.Errorf("the code is shown: %q", text)
	}
	if kept, err := os.ReadFile(filepath.Join(state, "boxes", "demo")); err != nil || string(kept) != code+"\n" {
		t.Errorf("kept %d bytes, %v", len(kept), err)
	}
}

// TestPromptInterrupted: Ctrl-C at the prompt leaves a terminal that shows what
// is typed.
func TestPromptInterrupted(t *testing.T) {
	state := scratch(t)
	c := openConsole(t, 80, 24)
	exit := start(t, c, "box", "add", "demo")
	c.until(t, "it will not be shown): ")
	untilHidden(t, c)
	interrupt(t)
	if got := exit(); got != exitInterrupted {
		t.Errorf("exit status %d, want %d", got, exitInterrupted)
	}
	if !c.echoes(t) {
		t.Error("the terminal goes on hiding what is typed")
	}
	if _, err := os.Stat(filepath.Join(state, "boxes", "demo")); err == nil {
		t.Error("a box was added")
	}
	c.enter(t, "\n") // ends the read that the program would have left behind
}

// TestPromptOfNothing: an empty line changes nothing.
func TestPromptOfNothing(t *testing.T) {
	scratch(t)
	c := openConsole(t, 80, 24)
	exit := start(t, c, "box", "add", "demo")
	c.until(t, "it will not be shown): ")
	untilHidden(t, c)
	c.enter(t, "\n")
	if got := exit(); got != exitFailed {
		t.Errorf("exit status %d, want %d", got, exitFailed)
	}
	c.until(t, "no pairing code was given, nothing is changed")
}

// untilHidden waits until the terminal hides what is typed. The terminal's
// settings have no event to wait for.
func untilHidden(t *testing.T, c *console) {
	t.Helper()
	for c.echoes(t) {
		if t.Context().Err() != nil {
			t.Fatal("the terminal shows what is typed")
		}
		runtime.Gosched()
	}
}
