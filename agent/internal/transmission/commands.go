package transmission

import (
	"context"

	"github.com/hekmon/transmissionrpc/v2"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

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
// when it names none, and may be repeated: what is so already stays.
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
