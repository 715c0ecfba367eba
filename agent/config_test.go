package agent

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"offing/configs"
)

func TestConfig(t *testing.T) {
	good := DefaultConfig()
	if err := good.Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	for want, change := range map[string]func(*Config){
		"state is":                   func(c *Config) { c.State = "here" },
		"run is":                     func(c *Config) { c.Run = "here" },
		"poll.active is":             func(c *Config) { c.Poll.Active = 1 },
		"poll.idle is":               func(c *Config) { c.Poll.Idle = 1 },
		"poll.full is":               func(c *Config) { c.Poll.Full = 1 },
		"go together":                func(c *Config) { c.Transmission.User = "me" },
		"transmission.password_file": func(c *Config) { c.Transmission.User, c.Transmission.PasswordFile = "me", "here" },
		"commands.roots is":          func(c *Config) { c.Commands.Roots = []string{"/srv", "here"} },
		"commands.roots has":         func(c *Config) { c.Commands.Roots = []string{"/srv/../etc"} },
		"below \"/\"":                func(c *Config) { c.Commands.Roots = []string{"/"} },
		"commands.fetch_private":     func(c *Config) { c.Commands = CommandsConfig{FetchPrivate: true} },
		"transmission.url":           func(c *Config) { c.Transmission.URL = "http://box.example/" },
	} {
		c := DefaultConfig()
		change(&c)
		if _, err := New(c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// The example has every key, each with its default.
func TestExample(t *testing.T) {
	const example = "../configs/offing-agent.toml"
	var read Config
	if err := configs.Load(example, &read); err != nil {
		t.Fatal(err)
	}
	for _, list := range []*[]string{&read.Tor.Bridges, &read.Tor.Transports, &read.Tor.Extra, &read.Commands.Roots} {
		if len(*list) == 0 {
			*list = nil // [] and nothing are the same
		}
	}
	if got, want := fmt.Sprintf("%+v", read), fmt.Sprintf("%+v", DefaultConfig()); got != want {
		t.Errorf("example  %s\ndefaults %s", got, want)
	}
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range configs.Keys(&read) {
		word := key[strings.LastIndex(key, ".")+1:]
		if !strings.Contains(string(text), "\n"+word+" = ") && !strings.Contains(string(text), "\n["+word+"]") {
			t.Errorf("the example lacks %s", key)
		}
	}
}
