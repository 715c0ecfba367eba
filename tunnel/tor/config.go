package tor

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
)

// Port is the virtual port of every service. It is in Tor's LongLivedPorts, so
// that its circuits are built of stable relays.
const Port = 22

// defaultMaxStreams bounds what one circuit can make the service hold open.
const defaultMaxStreams = 16

// Config says which Tor to use and what for. Exactly one of Client and Service
// is set: home is a client, a box offers a service.
type Config struct {
	Binary     string   // path or name of the tor program; "" means "tor"
	DataDir    string   // of our own Tor process; made with mode 0700
	RunDir     string   // for the Unix sockets, so a short path; made with mode 0700
	Control    string   // control socket of an existing Tor, "unix:/path", "/path" or "host:port"; "" runs our own process
	SOCKS      string   // SOCKS port of that Tor in the same forms; only with Control and Client
	Bridges    []string // values of Bridge lines
	Transports []string // values of ClientTransportPlugin lines
	Extra      []string // further torrc lines
	Client     bool     // open a SOCKS socket for Dial
	Service    *Service // offer an onion service
	Log        *slog.Logger
}

// Service describes an onion service on virtual port 22.
type Service struct {
	Dir        string // holds the key, in Tor's own format, and the authorized clients; made with mode 0700
	Socket     string // where Listen listens; "" makes it in RunDir. An existing Tor must be able to reach it
	MaxStreams int    // streams that a circuit may have at once before it is closed; 0 means 16
}

// prepare fills in the defaults, makes paths absolute and validates.
func (c *Config) prepare() error {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	if c.Service != nil {
		service := *c.Service
		c.Service = &service
	}
	if c.Client == (c.Service != nil) {
		return errors.New("a Tor is either a client or offers a service")
	}
	if err := c.preparePaths(); err != nil {
		return err
	}
	if c.Control != "" {
		return c.prepareExisting()
	}
	if c.DataDir == "" {
		return errors.New("a Tor of our own needs a data folder")
	}
	path, err := exec.LookPath(cmp.Or(c.Binary, "tor"))
	if err != nil {
		return fmt.Errorf("the tor program was not found: install the package tor, or set its path: %w", err)
	}
	c.Binary = path
	_, err = c.torrc()
	return err
}

func (c *Config) preparePaths() error {
	if s := c.Service; s != nil {
		if s.Dir == "" {
			return errors.New("an onion service needs a folder for its key")
		}
		s.MaxStreams = cmp.Or(s.MaxStreams, defaultMaxStreams)
		s.Socket = cmp.Or(s.Socket, filepath.Join(c.RunDir, serviceSocket))
	}
	paths := []*string{&c.DataDir, &c.RunDir}
	if s := c.Service; s != nil {
		paths = append(paths, &s.Dir, &s.Socket)
	}
	for _, p := range paths {
		if *p == "" {
			continue
		}
		abs, err := filepath.Abs(*p)
		if err != nil {
			return err
		}
		*p = abs
	}
	return c.checkSockets()
}

func (c *Config) checkSockets() error {
	var sockets []string
	if c.Control == "" {
		if c.RunDir == "" {
			return errors.New("a Tor of our own needs a folder for its sockets")
		}
		sockets = append(sockets, filepath.Join(c.RunDir, controlSocket), filepath.Join(c.RunDir, socksSocket))
	}
	if c.Service != nil {
		sockets = append(sockets, c.Service.Socket)
	}
	for _, path := range sockets {
		if err := checkSocketPath(path); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) prepareExisting() error {
	if len(c.Bridges)+len(c.Transports)+len(c.Extra) > 0 {
		return errors.New("bridges, transports and extra lines belong into the torrc of the existing Tor: remove them here")
	}
	if _, _, err := endpoint(c.Control); err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if !c.Client {
		return nil
	}
	if c.SOCKS == "" {
		return errors.New("with the control socket of an existing Tor its SOCKS port is needed too")
	}
	if _, _, err := endpoint(c.SOCKS); err != nil {
		return fmt.Errorf("SOCKS port: %w", err)
	}
	return nil
}
