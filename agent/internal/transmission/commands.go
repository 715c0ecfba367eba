package transmission

import (
	"context"
	"fmt"

	"github.com/hekmon/transmissionrpc/v2"

	"offing/tunnel/state"
)

// Start makes the torrents download or seed. Like every command it returns
// ErrNoTorrents when it names none, ErrUnknownTorrent (and does nothing) when
// the daemon lacks one of them, and may be repeated: what is so already stays.
func (c *Client) Start(ctx context.Context, hashes []state.Hash) error {
	return c.command(ctx, hashes, (*transmissionrpc.Client).TorrentStartHashes)
}

// Stop pauses the torrents.
func (c *Client) Stop(ctx context.Context, hashes []state.Hash) error {
	return c.command(ctx, hashes, (*transmissionrpc.Client).TorrentStopHashes)
}

// Verify checks the torrents' files on disk.
func (c *Client) Verify(ctx context.Context, hashes []state.Hash) error {
	return c.command(ctx, hashes, (*transmissionrpc.Client).TorrentVerifyHashes)
}

// command is the guard around the library, and the only way to it: an empty
// list would leave "ids" out of the request, which the daemon takes for all
// torrents. The torrents are named by hash, never by id: were the daemon to
// restart between two requests, an id would mean another torrent.
func (c *Client) command(ctx context.Context, hashes []state.Hash,
	do func(*transmissionrpc.Client, context.Context, []string) error) error {
	if len(hashes) == 0 {
		return ErrNoTorrents
	}
	names := make([]string, len(hashes))
	for i, h := range hashes {
		names[i] = h.String()
	}
	return c.typed(ctx, func(ctx context.Context, lib *transmissionrpc.Client) error {
		found, err := lib.TorrentGetHashes(ctx, []string{"hashString"}, names)
		if err != nil {
			return err
		}
		if err := allFound(names, found); err != nil {
			return err
		}
		return do(lib, ctx, names)
	})
}

func allFound(names []string, found []transmissionrpc.Torrent) error {
	there := make(map[string]bool, len(found))
	for _, t := range found {
		if t.HashString != nil {
			there[*t.HashString] = true
		}
	}
	for _, name := range names {
		if !there[name] {
			return fmt.Errorf("%s: %w", name, ErrUnknownTorrent)
		}
	}
	return nil
}
