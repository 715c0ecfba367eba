package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/spf13/cobra"

	"offing/agent"
	"offing/tunnel/report"
)

func (a *app) serve() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the agent",
		Long: `Run the agent until it is interrupted. The log goes to the standard error; it says
"ready" when Tor has bootstrapped; the onion service can be found a few seconds later.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			ag, err := agent.New(cfg, a.logger(cfg.LogLevel))
			if err != nil {
				return usage(err)
			}
			return ag.Run(cmd.Context())
		},
	}
}

func (a *app) pair() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "pair",
		Short: "Let a controller in, and print its pairing code",
		Long: `Let a controller in, and print its pairing code on the standard output. Whoever has
the code controls this box, and it is kept nowhere here: carry it home, to
` + "`offing box add`" + `, by a way that nobody else can read. It works whether the agent
runs or not.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := a.ownConfig()
			if err != nil {
				return err
			}
			code, err := agent.Pair(&cfg, name, a.logger(slog.LevelWarn))
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stderr, "Give this code to `offing box add` at home. It is shown once; `offing-agent revoke %s` makes it worthless.\n", name)
			_, err = fmt.Fprintln(a.stdout, code)
			return err
		},
	}
	cmd.Flags().StringVar(&name, "name", "home", "what to call the controller `here`")
	return cmd
}

func (a *app) controllers() *cobra.Command {
	return &cobra.Command{
		Use:   "controllers",
		Short: "List the controllers that may log in",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := a.ownConfig()
			if err != nil {
				return err
			}
			names, err := agent.Controllers(&cfg)
			for _, name := range names {
				fmt.Fprintln(a.stdout, name)
			}
			return err
		},
	}
}

func (a *app) revoke() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke NAME",
		Short: "Shut a controller out, at once",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			cfg, err := a.ownConfig()
			if err != nil {
				return err
			}
			return agent.Revoke(&cfg, args[0])
		},
	}
}

func (a *app) status() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Ask the torrent daemon and the machine how they are",
		Long: `Ask the torrent daemon and the machine how they are, without Tor and without an agent
that runs. Exit status: 0 all is well, 1 there is trouble.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			box, err := agent.Status(cmd.Context(), &cfg, a.logger(slog.LevelError))
			if err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(a.stdout).Encode(box)
			} else {
				err = box.WriteText(a.stdout, report.TextOptions{})
			}
			if status := box.ExitStatus(); err == nil && status != report.ExitWell {
				return &exitError{status: status}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

func (a *app) version() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return report.BuildOf(debug.ReadBuildInfo()).Write(a.stdout, "offing-agent", asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}
