package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/command"
)

// torrentCommand is a command on any number of torrents.
func (a *app) torrentCommand(f *acting, use, short, long, example string, request actFunc) *cobra.Command {
	cmd := &cobra.Command{
		Use: use + " HASH…", Short: short, Long: strings.TrimSpace(long + "\n\n" + choosing), Example: example,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.words == nil {
				f.words = args
			}
			return a.act(cmd, f, request)
		},
	}
	f.flags(a, cmd)
	return cmd
}

// only is a request that is nothing but its kind.
func only(k command.Kind) actFunc {
	return func([]client.Row) (client.DoRequest, error) { return client.DoRequest{Do: k}, nil }
}

func (a *app) start() *cobra.Command {
	var now bool
	cmd := a.torrentCommand(&acting{}, "start", "Start torrents",
		`Start torrents: they download or seed as soon as the queue has room, or at once
with --now.`,
		"  offing start 3b1d85f8\n  offing start --all --box vps --state stopped --label linux",
		func([]client.Row) (client.DoRequest, error) {
			if now {
				return client.DoRequest{Do: command.StartNow}, nil
			}
			return client.DoRequest{Do: command.Start}, nil
		})
	cmd.Flags().BoolVar(&now, "now", false, "do not wait for the queue")
	return cmd
}

func (a *app) stop() *cobra.Command {
	return a.torrentCommand(&acting{}, "stop", "Stop torrents",
		`Stop torrents: they neither download nor seed until they are started.`,
		"  offing stop 3b1d85f8 abcd\n  offing stop --all --state seeding --yes", only(command.Stop))
}

func (a *app) verify() *cobra.Command {
	return a.torrentCommand(&acting{}, "verify", "Check the files of torrents on the box",
		`Have the box read the files of torrents and check each piece. The command is
done when the check has begun; "offing list --state checking" shows how far it
is.`,
		"  offing verify 3b1d85f8\n  offing verify --all --state error", only(command.Verify))
}

func (a *app) announce() *cobra.Command {
	return a.torrentCommand(&acting{}, "announce", "Ask trackers for more peers",
		`Ask the trackers of torrents for more peers now, instead of when it is time.`,
		"  offing announce 3b1d85f8", only(command.Reannounce))
}

func (a *app) remove() *cobra.Command {
	var data bool
	cmd := a.torrentCommand(&acting{}, "remove", "Remove torrents, with their data or without",
		`Remove torrents from the box. Their data stays there unless --data is given,
which says how much it is and asks on a terminal.`,
		"  offing remove 3b1d85f8\n  offing remove --data --all --label old --yes",
		func([]client.Row) (client.DoRequest, error) {
			return client.DoRequest{Do: command.Remove, Remove: &command.Removal{Data: data}}, nil
		})
	cmd.Flags().BoolVar(&data, "data", false, "delete what was downloaded too")
	return cmd
}

func (a *app) move() *cobra.Command {
	f, m := &acting{}, command.Moving{}
	cmd := a.torrentCommand(f, "move", "Move the data of torrents to another folder",
		`Move the data of torrents to another folder of the box's download tree. A folder
that does not begin with / is below its top.`,
		"  offing move 3b1d85f8 --dir films\n  offing move 3b1d85f8 --dir /srv/downloads/films --find",
		func([]client.Row) (client.DoRequest, error) {
			if m.Dir == "" {
				return client.DoRequest{}, errors.New("--dir: want the folder")
			}
			return client.DoRequest{Do: command.Move, Move: &m}, nil
		})
	cmd.Flags().StringVar(&m.Dir, "dir", "", "the `folder` on the box")
	cmd.Flags().BoolVar(&m.Find, "find", false, "the data is there already: move nothing")
	return cmd
}

func (a *app) rename() *cobra.Command {
	f, path, name := &acting{}, "", ""
	cmd := a.torrentCommand(f, "rename", "Rename a torrent, or a file or folder of it",
		`Give a torrent another name, or a file or folder of it with --path, on the box's
disk too.`,
		"  offing rename 3b1d85f8 debian.iso\n  offing rename 3b1d85f8 --path album/01.flac one.flac",
		func(rows []client.Row) (client.DoRequest, error) {
			if path == "" {
				path = rows[0].Name
			}
			return client.DoRequest{Do: command.Rename, Rename: &command.Renaming{Path: path, Name: name}}, nil
		})
	cmd.Use = "rename HASH NAME"
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) != 2 || args[1] == "" || strings.Contains(args[1], "/") {
			return usage(errors.New("want the hash of one torrent and its new name, without /"))
		}
		f.words, name = args[:1], args[1]
		return run(cmd, args)
	}
	cmd.Flags().StringVar(&path, "path", "", "the `file` or folder within the torrent, as \"offing files\" shows it")
	return cmd
}

func (a *app) queue() *cobra.Command {
	f, k := &acting{}, command.Kind("")
	kinds := map[string]command.Kind{
		"top": command.QueueTop, "up": command.QueueUp, "down": command.QueueDown, "bottom": command.QueueEnd,
	}
	cmd := a.torrentCommand(f, "queue top|up|down|bottom", "Move torrents in the queue",
		`Move torrents in the queue of their box: to the top, up or down by one, to the
bottom.`,
		"  offing queue top 3b1d85f8\n  offing queue bottom --all --label later",
		func([]client.Row) (client.DoRequest, error) { return client.DoRequest{Do: k}, nil })
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 || kinds[args[0]] == "" {
			return usage(fmt.Errorf("want %s first", "top, up, down or bottom"))
		}
		k, f.words = kinds[args[0]], args[1:]
		return run(cmd, args)
	}
	hashes := cmd.ValidArgsFunction
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return []string{"top", "up", "down", "bottom"}, cobra.ShellCompDirectiveNoFileComp
		}
		return hashes(cmd, args[1:], begun)
	}
	return cmd
}
