package transmission

import (
	"context"
	"encoding/json"
	"fmt"

	"offing/tunnel/state"
)

// Known is what has to be known of a torrent before something is done with it.
type Known struct {
	Name     string
	Status   state.Status
	Dir      string       // folder of its content
	Queue    int32        // position, from 0
	Added    int64        // Unix seconds
	Trackers []TrackerRef // only of FindTrackers
	Files    []string     // names as in state.Detail.Files; only of FindFiles
}

// TrackerRef is a tracker with the daemon's own id for it, unique in its torrent.
type TrackerRef struct {
	ID       int64  `json:"id"`
	Announce string `json:"announce"`
}

var knownFields = []string{"hashString", "name", "status", "downloadDir", "queuePosition", "addedDate"}

// Find returns those of the torrents that the daemon has, and the run of the
// daemon that says so (see Listing.Run). It returns ErrNoTorrents when it names none.
func (c *Client) Find(ctx context.Context, hashes []state.Hash) (map[state.Hash]Known, uint64, error) {
	return c.find(ctx, hashes, knownFields)
}

// FindTrackers is Find with Known.Trackers.
func (c *Client) FindTrackers(ctx context.Context, hashes []state.Hash) (map[state.Hash]Known, uint64, error) {
	return c.find(ctx, hashes, append(knownFields[:len(knownFields):len(knownFields)], "trackers"))
}

// FindFiles is Find of one torrent with Known.Files.
func (c *Client) FindFiles(ctx context.Context, hash state.Hash) (map[state.Hash]Known, uint64, error) {
	return c.find(ctx, []state.Hash{hash}, append(knownFields[:len(knownFields):len(knownFields)], "files"))
}

// foundTorrent is a torrent as it comes. Versions differ in whether a figure has a
// point, so each of them reads as a floating one.
type foundTorrent struct {
	Hash     string       `json:"hashString"`
	Name     string       `json:"name"`
	Status   float64      `json:"status"`
	Dir      string       `json:"downloadDir"`
	Queue    float64      `json:"queuePosition"`
	Added    float64      `json:"addedDate"`
	Trackers []TrackerRef `json:"trackers"`
	Files    []struct {
		Name string `json:"name"`
	} `json:"files"`
}

func (c *Client) find(ctx context.Context, hashes []state.Hash, fields []string) (map[state.Hash]Known, uint64, error) {
	if len(hashes) == 0 {
		return nil, 0, ErrNoTorrents
	}
	arguments := struct {
		IDs    []string `json:"ids"`
		Fields []string `json:"fields"`
	}{names(hashes), fields}
	found := make(map[state.Hash]Known, len(hashes))
	run, err := c.call(ctx, "torrent-get", arguments, func(text []byte) error {
		var list []foundTorrent
		if err := decodeArgument(text, "torrents", &list); err != nil {
			return err
		}
		for i := range list {
			hash, err := state.ParseHash(list[i].Hash)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrNotTransmission, err)
			}
			found[hash] = list[i].known()
		}
		return nil
	})
	return found, run, err
}

func (t *foundTorrent) known() Known {
	k := Known{
		Name: t.Name, Status: state.Status(t.Status), Dir: t.Dir, Queue: int32(t.Queue), Added: int64(t.Added),
		Trackers: t.Trackers,
	}
	for _, f := range t.Files {
		k.Files = append(k.Files, f.Name)
	}
	return k
}

// decodeArgument reads one of the arguments of an answer. One that is not there
// leaves into as it is.
func decodeArgument(text []byte, name string, into any) error {
	return decodeAnswer(text, func(s *scanner, key []byte) error {
		v, err := s.value()
		if err != nil || string(key) != name {
			return err
		}
		if err := json.Unmarshal(v, into); err != nil {
			return fmt.Errorf("%w: %w", errShape, err)
		}
		return nil
	})
}
