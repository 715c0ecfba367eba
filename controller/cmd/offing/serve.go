package main

import (
	"github.com/spf13/cobra"

	"offing/controller"
)

func (a *app) serve() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the controller",
		Long: `Run the controller until it is interrupted: it keeps the lines to the boxes up
and serves the page. At its first start it prints the link that makes the first
account. The log goes to the standard error.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			c, err := controller.New(cfg, a.logger(cfg.LogLevel), controller.WithOutput(a.stdout))
			if err != nil {
				return usage(err)
			}
			return c.Run(cmd.Context())
		},
	}
}
