package transmission

import (
	"context"
	"time"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// Deadlines of what the daemon does not do at once.
const (
	portTestTimeout  = time.Minute
	blocklistTimeout = 3 * time.Minute
)

// arguments are those of one request.
type arguments map[string]any

// ask sends a request that changes something.
func (c *Client) ask(ctx context.Context, method string, a arguments, timeout time.Duration, decode func([]byte) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if decode == nil {
		decode = decodeNothing
	}
	_, err := c.exchange(ctx, request{method, a}, false, decode)
	return err
}

func decodeNothing(text []byte) error {
	return decodeAnswer(text, func(s *scanner, _ []byte) error {
		_, err := s.value()
		return err
	})
}

// tell sends a request about torrents, which are named by hash. There must be one:
// the daemon would take none for all.
func (c *Client) tell(ctx context.Context, method string, hashes []state.Hash, a arguments) error {
	if len(hashes) == 0 {
		return ErrNoTorrents
	}
	if a == nil {
		a = arguments{}
	}
	a["ids"] = names(hashes)
	return c.ask(ctx, method, a, c.timeout, nil)
}

// RemoveTorrents takes the torrents away, and with data their content too. Like all
// that follow it passes over those that the daemon does not have, returns
// ErrNoTorrents when it names none, and is not repeated when no answer comes.
func (c *Client) RemoveTorrents(ctx context.Context, hashes []state.Hash, data bool) error {
	return c.tell(ctx, "torrent-remove", hashes, arguments{"delete-local-data": data})
}

// SetLocation says where the content is to be, an absolute path. With move the
// daemon moves it there, which goes on after the answer; else it is there already.
func (c *Client) SetLocation(ctx context.Context, hashes []state.Hash, dir string, move bool) error {
	return c.tell(ctx, "torrent-set-location", hashes, arguments{"location": dir, "move": move})
}

// RenamePath gives a file or folder of one torrent another name, see
// command.Renaming.
func (c *Client) RenamePath(ctx context.Context, hash state.Hash, path, name string) error {
	return c.tell(ctx, "torrent-rename-path", []state.Hash{hash}, arguments{"path": path, "name": name})
}

// MoveInQueue does QueueTop or QueueEnd with the torrents, which keep their order
// among themselves. Repeating it changes nothing.
func (c *Client) MoveInQueue(ctx context.Context, kind command.Kind, hashes []state.Hash) error {
	switch kind {
	case command.QueueTop:
		return c.tell(ctx, "queue-move-top", hashes, nil)
	case command.QueueEnd:
		return c.tell(ctx, "queue-move-bottom", hashes, nil)
	}
	return &command.Fault{Code: command.BadCommand, Text: "a relative move is made with absolute positions"}
}

// SetQueue puts one torrent into a place of the queue, counted from 0; those between
// give way.
func (c *Client) SetQueue(ctx context.Context, hash state.Hash, position int32) error {
	return c.tell(ctx, "torrent-set", []state.Hash{hash}, arguments{"queuePosition": position})
}

// FreeSpace returns the room in a folder, an absolute path.
func (c *Client) FreeSpace(ctx context.Context, dir string) (command.Space, error) {
	var free, total float64 = -1, 0
	_, err := c.call(ctx, "free-space", arguments{"path": dir}, func(text []byte) error {
		if err := decodeArgument(text, "size-bytes", &free); err != nil {
			return err
		}
		return decodeArgument(text, "total_size", &total) // from 4.0 on
	})
	if err == nil && free < 0 {
		err = &refusal{"the folder cannot be asked for its room"}
	}
	return command.Space{Free: int64(free), Total: int64(max(total, 0))}, err
}

// TestPort asks, through a service of the Transmission project, whether peers can
// reach the daemon.
func (c *Client) TestPort(ctx context.Context) (open bool, err error) {
	err = c.ask(ctx, "port-test", nil, portTestTimeout, func(text []byte) error {
		return decodeArgument(text, "port-is-open", &open)
	})
	return open, err
}

// UpdateBlocklist fetches the blocklist anew and returns how many rules it has.
func (c *Client) UpdateBlocklist(ctx context.Context) (rules int64, err error) {
	var n float64
	err = c.ask(ctx, "blocklist-update", nil, blocklistTimeout, func(text []byte) error {
		return decodeArgument(text, "blocklist-size", &n)
	})
	return int64(n), err
}

// Stats is what the daemon counts of itself.
type Stats struct {
	// Uptime is how long it has run, in whole seconds: one that has just started
	// answers for a moment as if it had no torrents.
	Uptime   time.Duration
	Torrents int32
}

// Stats asks for the daemon's figures.
func (c *Client) Stats(ctx context.Context) (Stats, error) {
	var current struct {
		Seconds float64 `json:"secondsActive"`
	}
	var n float64
	_, err := c.call(ctx, "session-stats", nil, func(text []byte) error {
		if err := decodeArgument(text, "current-stats", &current); err != nil {
			return err
		}
		return decodeArgument(text, "torrentCount", &n)
	})
	return Stats{time.Duration(current.Seconds) * time.Second, int32(n)}, err
}
