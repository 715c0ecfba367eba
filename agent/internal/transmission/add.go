package transmission

import (
	"context"
	"encoding/json"
	"fmt"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// AddTorrent adds a torrent from a.Magnet or a.Metainfo, never from a URL, which the
// daemon would fetch wherever it leads. dir is an absolute path, or empty for the
// daemon's own. Of a.Changes it takes what has to be so before the first byte comes:
// which files are wanted; the caller makes all of them with Set afterwards.
func (c *Client) AddTorrent(ctx context.Context, a *command.Addition, dir string) (command.Added, error) {
	args := arguments{"paused": a.Paused}
	switch {
	case len(a.Metainfo) > 0:
		args["metainfo"] = a.Metainfo // encoding/json writes base64
	case a.Magnet != "":
		args["filename"] = a.Magnet
	default:
		return command.Added{}, &command.Fault{Code: command.BadTorrent, Text: "there is neither a magnet link nor a torrent file"}
	}
	if dir != "" {
		args["download-dir"] = dir
	}
	if ch := a.Changes; ch != nil {
		setFiles(args, ch)
		if ch.Priority != nil {
			args["bandwidthPriority"] = *ch.Priority
		}
		if ch.PeerLimit != nil {
			args["peer-limit"] = *ch.PeerLimit
		}
	}
	var added command.Added
	err := c.ask(ctx, "torrent-add", args, c.timeout, func(text []byte) (err error) {
		added, err = decodeAdded(text)
		return err
	})
	return added, err
}

func decodeAdded(text []byte) (command.Added, error) {
	var added command.Added
	there := false
	err := decodeAnswer(text, func(s *scanner, key []byte) error {
		v, err := s.value()
		if err != nil {
			return err
		}
		switch string(key) {
		case "torrent-added":
		case "torrent-duplicate":
			added.Duplicate = true
		default:
			return nil
		}
		var t foundTorrent
		if err := json.Unmarshal(v, &t); err != nil {
			return fmt.Errorf("%w: %w", errShape, err)
		}
		there, added.Name = true, t.Name
		added.Hash, err = state.ParseHash(t.Hash)
		return err
	})
	if err == nil && !there {
		err = fmt.Errorf("%w: it does not say what it has added", ErrNotTransmission)
	}
	return added, err
}
