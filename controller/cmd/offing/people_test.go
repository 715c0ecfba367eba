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
		asked := answering(t, nil)
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
		asked := answering(t, nil)
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

// TestTokenEndAsks: at a terminal nothing but yes ends a token.
func TestTokenEndAsks(t *testing.T) {
	for typed, want := range map[string]int{"y": 0, "": exitFailed, "no": exitFailed} {
		asked := answering(t, map[string]string{
			"GET-users":             `{"users":[{"user":"anna"}]}`,
			"GET-users-anna-tokens": `{"tokens":[{"id":"ef01","name":"sonarr","scope":"control"}]}`,
		})
		c := openConsole(t, 80, 24)
		exit := start(t, c, "token", "end", "ef01")
		c.until(t, `end anna's token "sonarr" (ef01), last used: never? [y/N] `)
		c.enter(t, typed+"\n")
		if got := exit(); got != want {
			t.Errorf("typed %q: exit status %d, want %d", typed, got, want)
		}
		if said := asked(); strings.Contains(said, "DELETE users/anna/tokens/ef01") != (want == 0) {
			t.Errorf("typed %q: the controller was asked %q", typed, said)
		}
	}
}

// answering starts a controller that grants everything, with the answers that it is
// given by METHOD-path, and returns what it was asked.
func answering(t *testing.T, answers map[string]string) (asked func() string) {
	t.Helper()
	state, dir := scratch(t), t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "answers"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range answers {
		if err := os.WriteFile(filepath.Join(dir, "answers", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
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
