package main

import (
	"runtime/debug"

	"github.com/spf13/cobra"

	"offing/tunnel/report"
)

func (a *app) version() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return report.BuildOf(debug.ReadBuildInfo()).Write(a.stdout, "offing", asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}
