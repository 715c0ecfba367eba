package transmission

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"offing/tunnel/state"
)

// Session is what the agent wants to know of the daemon as a whole.
type Session struct {
	Version     string
	RPCVersion  int32
	DownloadDir string // where new torrents go; an absolute path on the daemon's machine
	AltSpeed    bool   // the alternative speed limits are in force
	Settings    state.Settings
}

// sessionFields are what Session is made of. The full answer of 4.1 is large,
// and 3.00 has secrets of its own in it.
var sessionFields = append(slices.Sorted(maps.Keys(settings)), "version", "rpc-version", "alt-speed-enabled")

// Session asks for the daemon's own state. A daemon that is too old for
// Torrents is ErrTooOld.
func (c *Client) Session(ctx context.Context) (Session, error) {
	arguments := struct {
		Fields []string `json:"fields"`
	}{sessionFields}
	var s Session
	_, err := c.call(ctx, "session-get", arguments, func(text []byte) (err error) {
		s, err = decodeSession(text)
		return err
	})
	if err != nil {
		return Session{}, err
	}
	c.rpcVersion.Store(s.RPCVersion)
	if s.RPCVersion < minRPCVersion {
		return Session{}, fmt.Errorf("%w: it is %.40q", ErrTooOld, s.Version)
	}
	return s, nil
}

func decodeSession(text []byte) (Session, error) {
	var session Session
	err := decodeAnswer(text, func(s *scanner, key []byte) error {
		v, err := s.value()
		if err != nil {
			return err
		}
		if err := session.set(key, v); err != nil {
			return fmt.Errorf("%w: %s: %w", errShape, key, err)
		}
		return nil
	})
	return session, err
}

func (s *Session) set(key []byte, v value) error {
	switch string(key) {
	case "version":
		return v.text(&s.Version, "")
	case "rpc-version":
		return v.count(&s.RPCVersion)
	case "alt-speed-enabled":
		return v.boolean(&s.AltSpeed)
	case "download-dir":
		if err := v.text(&s.DownloadDir, ""); err != nil {
			return err
		}
	}
	if set := settings[string(key)]; set != nil {
		return set(&s.Settings, v)
	}
	return nil
}
