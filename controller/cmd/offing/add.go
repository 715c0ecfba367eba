package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/report"
)

// adding is what `offing add` was told beside what to add.
type adding struct {
	way
	ending
	box, dir, user, cookies string
	paused                  bool
	labels                  []string
}

func (a *app) add() *cobra.Command {
	var f adding
	cmd := &cobra.Command{
		Use:   "add MAGNET|FILE|URL|-…",
		Short: "Add torrents",
		Long: `Add torrents: magnet links, .torrent files of this machine, and addresses of
.torrent files on the web, which the box fetches itself, so that nobody sees
home do it. "-" is a .torrent file, or magnet links and addresses line by line,
on the standard input.`,
		Example: `  offing add 'magnet:?xt=urn:btih:…' --label linux
  offing add debian.torrent fedora.torrent --box vps --dir iso --paused
  offing add https://example.org/debian.torrent
  curl … | offing add -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("want a magnet link, a .torrent file or its address")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.addAll(cmd, &f, args) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"torrent"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	flags := cmd.Flags()
	f.way.flags(a, cmd)
	f.ending.flags(cmd)
	flags.StringVar(&f.box, "box", "", "to that `box`; may be left out when there is one")
	flags.StringVar(&f.dir, "dir", "", "`folder` of the box's download tree for the data")
	flags.BoolVar(&f.paused, "paused", false, "do not start it")
	flags.StringArrayVar(&f.labels, "label", nil, "give it that `label`; may be given several times")
	flags.StringVar(&f.user, "for", "", "as the `person`'s own")
	flags.StringVar(&f.cookies, "cookies", "", "for an address: `NAME=CONTENTS; …`")
	a.completeFlag(cmd, "box", a.completeBoxes)
	a.completeFlag(cmd, "label", a.completeLabels)
	a.completeFlag(cmd, "for", a.completeUsers)
	return cmd
}

// addAll reads everything before it adds anything, so that a mistyped name of a
// file leaves nothing half done.
func (a *app) addAll(cmd *cobra.Command, f *adding, words []string) error {
	if f.direct != "" && (f.box != "" || f.user != "") {
		return usage(errors.New("--direct is to one box, which knows no people: leave --box and --for out"))
	}
	requests, err := a.readAdditions(words)
	if err != nil {
		return err
	}
	var changes *command.Changes
	if len(f.labels) > 0 {
		changes = &command.Changes{Labels: &f.labels}
	}
	for i := range requests {
		r := &requests[i]
		r.Box, r.Dir, r.Paused, r.For, r.Changes = f.box, f.dir, f.paused, f.user, changes
		if r.URL != "" {
			r.Cookies = f.cookies
		}
	}
	return a.through(cmd.Context(), f.way, func(ctx context.Context, d door) error {
		return a.addOver(ctx, d, f, requests)
	})
}

// addOver adds one after another. What is refused is told, and leaves the others.
func (a *app) addOver(ctx context.Context, d door, f *adding, requests []client.AddRequest) error {
	var orders []client.Order
	var failure error
	for i := range requests {
		o, err := d.Add(ctx, requests[i])
		if err != nil && (ctx.Err() != nil || errors.Is(err, client.ErrNoController)) {
			a.sayLeft(f.way, orders)
			return a.perhaps(ctx, f.way, err)
		}
		if err != nil {
			failure = &exitError{status: exitFailed}
			fmt.Fprintf(a.stderr, "offing: %s: %v\n", nameOf(&requests[i]), reached(err))
			continue
		}
		orders = append(orders, o)
	}
	if len(orders) == 0 {
		return failure
	}
	if err := a.settle(ctx, d, f.way, f.ending, orders, nil); err != nil {
		return err
	}
	return failure
}

// nameOf names what was to be added, without what may be secret in an address.
func nameOf(r *client.AddRequest) string {
	switch {
	case r.Magnet != "":
		return "the magnet link"
	case r.URL != "":
		return "the address"
	}
	return "the .torrent file"
}

func (a *app) readAdditions(words []string) ([]client.AddRequest, error) {
	var requests []client.AddRequest
	for _, word := range words {
		read := a.readAddition
		if word == "-" {
			read = a.readPiped
		}
		more, err := read(word)
		if err != nil {
			return nil, err
		}
		requests = append(requests, more...)
	}
	return requests, nil
}

// readAddition makes a request of a link, an address, or the name of a file.
func (a *app) readAddition(word string) ([]client.AddRequest, error) {
	switch {
	case isMagnet(word):
		return []client.AddRequest{{Magnet: word}}, checkLength(word)
	case isAddress(word):
		return []client.AddRequest{{URL: word}}, checkLength(word)
	}
	file, err := os.Open(word)
	if err != nil {
		return nil, fmt.Errorf("add: %w", err)
	}
	defer file.Close()
	metainfo, err := readMetainfo(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", report.Clean(word), err)
	}
	return []client.AddRequest{{Metainfo: metainfo}}, nil
}

func isMagnet(word string) bool { return strings.HasPrefix(strings.ToLower(word), "magnet:") }

// isAddress tells whether a word is a magnet link or an address on the web.
func isAddress(word string) bool {
	lower := strings.ToLower(word)
	return isMagnet(word) || strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
}

func checkLength(address string) error {
	if len(address) > command.MaxURL {
		return usage(fmt.Errorf("a link or address has %d bytes: at most %d are taken", len(address), command.MaxURL))
	}
	return nil
}

var errNoTorrent = errors.New("it is no .torrent file")

// readMetainfo reads a .torrent file. That it begins as a dictionary (BEP 3) is all
// that is looked at: the box looks at the rest.
func readMetainfo(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, command.MaxMetainfo+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > command.MaxMetainfo:
		return nil, fmt.Errorf("it is larger than %s, so it is taken for no .torrent file", report.Size(command.MaxMetainfo))
	case len(data) == 0 || data[0] != 'd':
		return nil, errNoTorrent
	}
	return data, nil
}

// readPiped makes requests of the standard input.
func (a *app) readPiped(string) ([]client.AddRequest, error) {
	data, err := io.ReadAll(io.LimitReader(a.stdin, command.MaxMetainfo+1))
	if err != nil {
		return nil, fmt.Errorf("read the standard input: %w", err)
	}
	if metainfo, err := readMetainfo(strings.NewReader(string(data))); !errors.Is(err, errNoTorrent) {
		if err != nil {
			return nil, fmt.Errorf("the standard input: %w", err)
		}
		return []client.AddRequest{{Metainfo: metainfo}}, nil
	}
	var requests []client.AddRequest
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if !isAddress(line) { // no line makes this read a file
			return nil, errors.New("the standard input is neither a .torrent file nor magnet links and addresses line by line")
		}
		more, err := a.readAddition(line)
		if err != nil {
			return nil, err
		}
		requests = append(requests, more...)
	}
	if len(requests) == 0 {
		return nil, errors.New("there is nothing on the standard input")
	}
	return requests, nil
}

// sayAdded tells of a torrent that was added.
func (a *app) sayAdded(o *client.Order) {
	added := resultOf(o).Added
	word := "added"
	if added.Duplicate {
		word = "there already:"
	}
	fmt.Fprintf(a.stdout, "%s %s  %s on %s\n", word, added.Hash, report.Clean(added.Name), report.Clean(o.Box))
}
