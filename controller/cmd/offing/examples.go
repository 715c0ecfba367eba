package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// exemplify gives the older commands their examples. Newer ones have theirs beside
// them.
func exemplify(root *cobra.Command) {
	for path, example := range map[string]string{
		"offing serve":            "  offing serve --config ~/offing.toml",
		"offing status":           "  offing status\n  offing status --watch\n  offing status --direct vps --json",
		"offing version":          "  offing version --json",
		"offing proxy":            "  ssh -o ProxyCommand='offing proxy %h %p' agent@ADDRESS.onion status",
		"offing box add":          "  ssh root@box offing-agent pair | offing box add vps",
		"offing box list":         "  offing box list",
		"offing box remove":       "  offing box remove vps",
		"offing box ssh-config":   "  offing box ssh-config vps >> ~/.ssh/config",
		"offing user add":         "  offing user add anna",
		"offing user invite":      "  offing user invite",
		"offing user invitations": "  offing user invitations",
		"offing user list":        "  offing user list --json",
		"offing user passwd":      "  offing user passwd anna",
		"offing user role":        "  offing user role anna admin",
		"offing user disable":     "  offing user disable anna",
		"offing user enable":      "  offing user enable anna",
		"offing user remove":      "  offing user remove anna --yes",
		"offing user sessions":    "  offing user sessions anna\n  offing user sessions anna --end all",
		"offing user tokens":      "  offing user tokens anna\n  offing user tokens anna --revoke ID",
		"offing user audit":       "  offing user audit --last 10",
		"offing share list":       "  offing share list --unowned --box vps",
		"offing share take":       "  offing share take ben 3b1d85f8780e",
		"offing share rule add":   "  offing share rule add ben --label linux --access see",

		"offing user reset-factors": "  offing user reset-factors anna",
		"offing share rule":         "  offing share rule",
		"offing share rule remove":  "  offing share rule remove 2",
	} {
		if cmd, _, err := root.Find(strings.Fields(path)[1:]); err == nil && cmd.Example == "" {
			cmd.Example = example
		}
	}
}
