package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"offing/configs"
	"offing/controller"
	"offing/controller/client"
)

// systemConfig is read when the user has no configuration file.
const systemConfig = "/etc/offing/offing.toml"

// app is one run of the command line.
type app struct {
	stdin, stdout, stderr *os.File

	configFlag string
	stateFlag  string
	began      bool // the command line was understood, and its command runs
}

const about = `Offing looks after seedboxes that nobody can reach but through Tor.

The configuration file is that of --config, else of $OFFING_CONFIG, else
~/.config/offing/offing.toml or /etc/offing/offing.toml, the first that exists;
without any, the defaults hold.

Exit status: 0 all is well; 1 it could not be done, or status has trouble to
report; 2 the controller or a box cannot be reached; 64 the command line or the
configuration is wrong; 130 interrupted.`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "offing",
		Short:         "Look after seedboxes that nobody can reach",
		Long:          about,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRun: func(*cobra.Command, []string) {
			a.began = true
		},
	}
	root.PersistentFlags().StringVar(&a.configFlag, "config", "", "configuration `file`")
	root.PersistentFlags().StringVar(&a.stateFlag, "state", "", "`folder` of all that lasts, instead of the configuration's")
	root.AddCommand(a.serve(), a.status(), a.box(), a.user(), a.token(), a.share(), a.proxy(), a.version(), a.man(),
		a.list(), a.show(), a.files(), a.peers(), a.trackers(),
		a.add(), a.start(), a.stop(), a.verify(), a.announce(), a.remove(), a.move(), a.rename(),
		a.label(), a.limit(), a.queue(), a.settings(), a.log(), a.board())
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 80 "))
	exemplify(root)
	return root
}

// config returns the configuration that the flags, the environment and the
// files make, with absolute paths.
func (a *app) config() (controller.Config, error) {
	cfg := controller.DefaultConfig()
	path, err := a.configPath()
	if err != nil {
		return cfg, usage(err)
	}
	if path != "" {
		if err := configs.Load(path, &cfg); err != nil {
			return cfg, usage(err)
		}
	}
	if a.stateFlag != "" {
		cfg.State = a.stateFlag
	}
	if err := cfg.Validate(); err != nil {
		return cfg, usage(err)
	}
	for _, dir := range []*string{&cfg.State, &cfg.Run} {
		if *dir == "" {
			continue
		}
		if *dir, err = filepath.Abs(*dir); err != nil {
			return cfg, err
		}
	}
	return cfg, nil
}

// configPath returns the file to read, empty for none. One that was asked for
// by name is returned whether it exists or not: Load then says what to do.
func (a *app) configPath() (string, error) {
	if a.configFlag != "" {
		return a.configFlag, nil
	}
	if path := os.Getenv("OFFING_CONFIG"); path != "" {
		return path, nil
	}
	candidates := []string{systemConfig}
	if dir, err := os.UserConfigDir(); err == nil {
		candidates = []string{filepath.Join(dir, "offing", "offing.toml"), systemConfig}
	}
	for _, path := range candidates {
		_, err := os.Stat(path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("the configuration file cannot be read: %w", err)
		}
	}
	return "", nil
}

// ask returns a client of the controller that the configuration describes.
func ask(cfg *controller.Config) *client.Client { return client.New(cfg.Socket()) }

// logger logs to the standard error, from the configured level on.
func (a *app) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
}
