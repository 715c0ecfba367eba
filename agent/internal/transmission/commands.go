package transmission

import (
	"context"
	"fmt"

	"github.com/hekmon/transmissionrpc/v2"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// Start makes the torrents download or seed. Like Stop and Verify it returns
// ErrNoTorrents when it names none, ErrUnknownTorrent (and does nothing) when
// the daemon lacks one of them, and may be repeated: what is so already stays.
func (c *Client) Start(ctx context.Context, hashes []state.Hash) error {
	return c.actOnAll(ctx, command.Start, hashes)
}

// Stop pauses the torrents.
func (c *Client) Stop(ctx context.Context, hashes []state.Hash) error {
	return c.actOnAll(ctx, command.Stop, hashes)
}

// Verify checks the torrents' files on disk.
func (c *Client) Verify(ctx context.Context, hashes []state.Hash) error {
	return c.actOnAll(ctx, command.Verify, hashes)
}

func (c *Client) actOnAll(ctx context.Context, kind command.Kind, hashes []state.Hash) error {
	found, _, err := c.Find(ctx, hashes)
	if err != nil {
		return err
	}
	for _, h := range hashes {
		if _, ok := found[h]; !ok {
			return fmt.Errorf("%v: %w", h, ErrUnknownTorrent)
		}
	}
	return c.Act(ctx, kind, hashes)
}

// actions are what the library does to torrents that it can name by hash.
var actions = map[command.Kind]func(*transmissionrpc.Client, context.Context, []string) error{
	command.Start:      (*transmissionrpc.Client).TorrentStartHashes,
	command.StartNow:   (*transmissionrpc.Client).TorrentStartNowHashes,
	command.Stop:       (*transmissionrpc.Client).TorrentStopHashes,
	command.Verify:     (*transmissionrpc.Client).TorrentVerifyHashes,
	command.Reannounce: (*transmissionrpc.Client).TorrentReannounceHashes,
}

// Act does one of Start, StartNow, Stop, Verify and Reannounce with the torrents;
// those that the daemon does not have are passed over. It returns ErrNoTorrents
// when it names none.
//
// It is the guard around the library, and the only way to it: an empty list would
// leave "ids" out of the request, which the daemon takes for all torrents. The
// torrents are named by hash, never by id: were the daemon to restart between two
// requests, an id would mean another torrent.
func (c *Client) Act(ctx context.Context, kind command.Kind, hashes []state.Hash) error {
	do := actions[kind]
	if do == nil {
		return &command.Fault{Code: command.BadCommand, Text: "this is no command to a torrent"}
	}
	if len(hashes) == 0 {
		return ErrNoTorrents
	}
	return c.typed(ctx, func(ctx context.Context, lib *transmissionrpc.Client) error {
		return do(lib, ctx, names(hashes))
	})
}

// names are the hashes as the daemon takes them in "ids".
func names(hashes []state.Hash) []string {
	names := make([]string, len(hashes))
	for i, h := range hashes {
		names[i] = h.String()
	}
	return names
}
