package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"offing/agent"
	"offing/configs"
)

// systemConfig is read when no other file is named.
const systemConfig = "/etc/offing/offing-agent.toml"

// app is one run of the command line.
type app struct {
	stdout, stderr io.Writer

	configFlag string
	began      bool // the command line was understood, and its command runs
}

const about = `offing-agent makes a box with transmission-daemon reachable through Tor, for the
controllers that were paired with it and for nobody else.

The configuration file is that of --config, else of $OFFING_AGENT_CONFIG, else
` + systemConfig + ` if it exists; without any, the defaults hold.

Exit status: 0 all is well; 1 it could not be done, or status has trouble to
report; 64 the command line or the configuration is wrong.`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "offing-agent",
		Short:             "Make a box reachable through Tor",
		Long:              about,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRun:  func(*cobra.Command, []string) { a.began = true },
	}
	root.PersistentFlags().StringVar(&a.configFlag, "config", "", "configuration `file`")
	root.AddCommand(a.serve(), a.pair(), a.controllers(), a.revoke(), a.status(), a.version())
	return root
}

// config returns the configuration that the flag, the environment and the file
// make.
func (a *app) config() (agent.Config, error) {
	cfg := agent.DefaultConfig()
	path, err := a.configPath()
	if err != nil {
		return cfg, usage(err)
	}
	if path != "" {
		if err := configs.Load(path, &cfg); err != nil {
			return cfg, usage(err)
		}
	}
	if err := cfg.Validate(); err != nil {
		return cfg, usage(err)
	}
	return cfg, nil
}

// configPath returns the file to read, empty for none. One that was asked for
// by name is returned whether it exists or not: Load then says what to do.
func (a *app) configPath() (string, error) {
	if a.configFlag != "" {
		return a.configFlag, nil
	}
	if path := os.Getenv("OFFING_AGENT_CONFIG"); path != "" {
		return path, nil
	}
	_, err := os.Stat(systemConfig)
	switch {
	case err == nil:
		return systemConfig, nil
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	}
	return "", fmt.Errorf("the configuration file cannot be read: %w", err)
}

// ownConfig is config for a command that touches the state folder: when root
// runs it, it continues as the user whose folder that is.
func (a *app) ownConfig() (agent.Config, error) {
	cfg, err := a.config()
	if err != nil {
		return cfg, err
	}
	return cfg, becomeOwner(cfg.State)
}

// logger logs to the standard error, from the level on.
func (a *app) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
}
