package agent

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"offing/agent/internal/transmission"
	"offing/configs"
	"offing/tunnel/tor"
)

// The least that may be configured, so that a slip of the keyboard does not
// keep the daemon busy with nothing but the agent.
const (
	minActive = 100 * time.Millisecond
	minIdle   = time.Second
	minFull   = 10 * time.Second
)

// Config is the agent's configuration. configs/offing-agent.toml explains every
// key; DefaultConfig holds the values that an absent key has.
type Config struct {
	State        string             `toml:"state"`     // folder of all that must last
	Run          string             `toml:"run"`       // folder of the Unix sockets; empty for STATE/run
	LogLevel     slog.Level         `toml:"log_level"` // debug, info, warn or error
	Tor          TorConfig          `toml:"tor"`
	SSH          SSHConfig          `toml:"ssh"`
	Transmission TransmissionConfig `toml:"transmission"`
	Poll         PollConfig         `toml:"poll"`
	Mirror       MirrorConfig       `toml:"mirror"`
	Commands     CommandsConfig     `toml:"commands"`
}

// TorConfig says which Tor carries the onion service.
type TorConfig struct {
	Binary     string   `toml:"binary"`
	Control    string   `toml:"control"`
	Socket     string   `toml:"socket"`
	Bridges    []string `toml:"bridges"`
	Transports []string `toml:"transports"`
	Extra      []string `toml:"extra"`
}

// SSHConfig says what the agent accepts beyond what a controller needs.
type SSHConfig struct {
	ClassicKex bool `toml:"classic_kex"` // see link.ServerConfig
}

// TransmissionConfig says where the daemon's RPC is.
type TransmissionConfig struct {
	URL          string `toml:"url"`
	User         string `toml:"user"`
	PasswordFile string `toml:"password_file"`
}

// PollConfig says how often the daemon is asked.
type PollConfig struct {
	Active configs.Duration `toml:"active"`
	Idle   configs.Duration `toml:"idle"`
	Full   configs.Duration `toml:"full"`
}

// MirrorConfig says how the controllers are told.
type MirrorConfig struct {
	Cover bool `toml:"cover"` // see mirror.Source
}

// CommandsConfig says what the controllers may have done beyond what is done to
// torrents that are there.
type CommandsConfig struct {
	Roots        []string `toml:"roots"`         // folders of the download tree; empty for the daemon's download folder
	Fetch        bool     `toml:"fetch"`         // URLs of torrents are fetched
	FetchPrivate bool     `toml:"fetch_private"` // even those of this machine and its network
}

// DefaultConfig returns the configuration of an empty file.
func DefaultConfig() Config {
	return Config{
		State:        "/var/lib/offing-agent",
		LogLevel:     slog.LevelInfo,
		Tor:          TorConfig{Binary: "tor"},
		Transmission: TransmissionConfig{URL: "http://127.0.0.1:9091/transmission/rpc"},
		Poll: PollConfig{
			Active: configs.Duration(500 * time.Millisecond),
			Idle:   configs.Duration(45 * time.Second),
			Full:   configs.Duration(5 * time.Minute),
		},
		Commands: CommandsConfig{Fetch: true},
	}
}

// Validate returns an error that names every key that cannot work, and what to
// write instead. It reads no file but says nothing wrong of a good one.
func (c *Config) Validate() error {
	return errors.Join(
		absolute("state", c.State),
		absolute("run", c.RunDir()),
		atLeast("poll.active", c.Poll.Active, minActive),
		atLeast("poll.idle", c.Poll.Idle, minIdle),
		atLeast("poll.full", c.Poll.Full, minFull),
		c.Transmission.validate(),
		c.Commands.validate(),
	)
}

func (c *CommandsConfig) validate() error {
	for _, root := range c.Roots {
		if err := absolute("commands.roots", root); err != nil {
			return err
		}
		if filepath.Clean(root) != strings.TrimSuffix(root, "/") || filepath.Clean(root) == "/" {
			return fmt.Errorf("commands.roots has %q: write a folder below \"/\" without \"..\"", root)
		}
	}
	if c.FetchPrivate && !c.Fetch {
		return errors.New("commands.fetch_private is true but commands.fetch is not: set both, or neither")
	}
	return nil
}

func (c *TransmissionConfig) validate() error {
	if (c.User == "") != (c.PasswordFile == "") {
		return errors.New("transmission.user and transmission.password_file go together: set both, or neither when the daemon asks for no password")
	}
	if c.PasswordFile != "" {
		if err := absolute("transmission.password_file", c.PasswordFile); err != nil {
			return err
		}
	}
	if _, err := transmission.ParseEndpoint(c.URL); err != nil {
		return fmt.Errorf("transmission.url: %w", err)
	}
	return nil
}

func absolute(key, path string) error {
	if !filepath.IsAbs(path) {
		return fmt.Errorf("%s is %q: write an absolute path", key, path)
	}
	return nil
}

func atLeast(key string, d configs.Duration, least time.Duration) error {
	if time.Duration(d) < least {
		return fmt.Errorf("%s is %v: write at least %v", key, time.Duration(d), least)
	}
	return nil
}

// RunDir returns the folder of the Unix sockets.
func (c *Config) RunDir() string {
	if c.Run != "" {
		return c.Run
	}
	return filepath.Join(c.State, "run")
}

func (c *Config) controllersDir() string { return filepath.Join(c.State, "controllers") }

// torConfig is what tunnel/tor needs to carry the onion service.
func (c *Config) torConfig(log *slog.Logger) tor.Config {
	return tor.Config{
		Binary:     c.Tor.Binary,
		DataDir:    filepath.Join(c.State, "tor"),
		RunDir:     c.RunDir(),
		Control:    c.Tor.Control,
		Bridges:    c.Tor.Bridges,
		Transports: c.Tor.Transports,
		Extra:      c.Tor.Extra,
		Service:    &tor.Service{Dir: filepath.Join(c.State, "onion"), Socket: c.Tor.Socket},
		Log:        log,
	}
}
