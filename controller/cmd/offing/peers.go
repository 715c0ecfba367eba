package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

func (a *app) peers() *cobra.Command {
	return a.lookCommand("peers", "List the peers of a torrent",
		`List the peers that a torrent is connected with, as the box tells when it is
asked. The flags are those of Transmission: D and U for what flows, E for
encrypted, I for incoming, T for µTP.`,
		"  offing peers 3b1d85f8",
		func(t *client.Whole) error {
			if t.Detail == nil {
				return errNoDetail
			}
			if len(t.Detail.Peers) == 0 {
				fmt.Fprintln(a.stderr, "it has no peers")
			}
			return peersTable(t.Detail.Peers).write(a.stdout, screenOf(a.stdout))
		})
}

func peersTable(peers []client.Peer) *table {
	t := &table{columns: []column{
		{title: "ADDRESS"}, {title: "HAS", right: true}, {title: "DOWN", right: true}, {title: "UP", right: true},
		{title: "FLAGS", drop: 1}, {title: "CLIENT", stretch: true},
	}}
	for _, p := range peers {
		t.add(plain(p.Address), cell{text: report.Percent(float64(p.Progress) / float64(state.Whole))},
			cell{text: report.Rate(p.RateDown)}, cell{text: report.Rate(p.RateUp)}, plain(p.Flags), plain(p.Client))
	}
	return t
}
