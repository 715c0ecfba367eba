package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPasswordPrompt: a new password is asked for twice and never shown, and two
// different ones change nothing.
func TestPasswordPrompt(t *testing.T) {
	for second, want := range map[string]int{"correct horse battery": 0, "correct horse mattery": exitFailed} {
		asked := answering(t)
		c := openConsole(t, 80, 24)
		exit := start(t, c, "user", "add", "anna")
		c.until(t, "it will not be shown): ")
		untilHidden(t, c)
		c.enter(t, "correct horse battery\n")
		c.until(t, "Once more: ")
		untilHidden(t, c)
		c.enter(t, second+"\n")
		if got := exit(); got != want {
			t.Errorf("exit status %d, want %d", got, want)
		}
		if text := c.hangUp(); strings.Contains(text, "horse") {
			t.Errorf("the password is shown: %q", text)
		}
		if said := asked(); strings.Contains(said, "POST users") != (want == 0) {
			t.Errorf("the controller was asked %q", said)
		}
	}
}

// TestRemoveAsks: removing somebody takes their name, typed.
func TestRemoveAsks(t *testing.T) {
	for typed, want := range map[string]int{"Anna": 0, "yes": exitFailed, "": exitFailed} {
		asked := answering(t)
		c := openConsole(t, 80, 24)
		exit := start(t, c, "user", "remove", "anna")
		c.until(t, "Type the name to go on: ")
		c.enter(t, typed+"\n")
		if got := exit(); got != want {
			t.Errorf("typed %q: exit status %d, want %d", typed, got, want)
		}
		if said := asked(); strings.Contains(said, "DELETE users/anna") != (want == 0) {
			t.Errorf("typed %q: the controller was asked %q", typed, said)
		}
	}
}

// answering starts a controller that grants everything, and returns what it was asked.
func answering(t *testing.T) (asked func() string) {
	t.Helper()
	state, dir := scratch(t), t.TempDir()
	fake := &fakeController{socket: filepath.Join(state, "run", "offing.sock"), asked: make(map[string]int), more: make(chan struct{})}
	if err := fake.serve(filepath.Join(dir, "none"), dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.close)
	return func() string {
		said, _ := os.ReadFile(filepath.Join(dir, "requests")) // there is none before a request
		return string(said)
	}
}
