// Package agent owns the box's side of Offing: it keeps the state of the torrent
// daemon beside it and of the machine, and serves it over SSH behind an onion
// service to the controllers that were paired. It has no open port.
package agent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	executor "offing/agent/internal/command"
	"offing/agent/internal/controllers"
	"offing/agent/internal/host"
	"offing/agent/internal/poll"
	"offing/agent/internal/transmission"
	"offing/tunnel/command"
	"offing/tunnel/link"
	"offing/tunnel/mirror"
	"offing/tunnel/state"
	"offing/tunnel/tor"
)

// onion is what the agent needs of Tor. *tor.Tor is one.
type onion interface {
	Run(context.Context) error
	Listen() (net.Listener, error)
	SetClients([]tor.ClientPublicKey) error
	Address() tor.Address
	Status() tor.Status
	Changed() <-chan struct{}
}

// onionMaker opens the onion service of a configuration; newTor in earnest.
type onionMaker func(tor.Config) (onion, error)

func newTor(cfg tor.Config) (onion, error) { return tor.New(cfg) }

// Agent is the daemon on a box.
type Agent struct {
	cfg      Config
	log      *slog.Logger
	newOnion onionMaker
}

// New checks the configuration. Nothing is opened before Run.
func New(cfg Config, log *slog.Logger) (*Agent, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Agent{cfg: cfg, log: log, newOnion: newTor}, nil
}

// Run serves until ctx ends, and then returns nil with everything that it
// started gone. It returns an error, which says what to do, when it cannot
// start: when another agent has the state folder, keys cannot be read, or tor
// does not run. Trouble with the torrent daemon is no such reason; it is part
// of the state that home sees.
func (a *Agent) Run(ctx context.Context) error {
	if err := openState(a.cfg.State); err != nil {
		return err
	}
	unlock, err := lockState(a.cfg.State)
	if err != nil {
		return err
	}
	defer unlock()
	id, err := a.cfg.openIdentity(a.log, a.newOnion)
	if err != nil {
		return err
	}
	s, err := newService(&a.cfg, id, a.log)
	if err != nil {
		return err
	}
	return s.run(ctx)
}

// service is one run of an agent.
type service struct {
	log      *slog.Logger
	onion    onion
	daemon   *transmission.Client
	state    *state.State
	poller   *poll.Poller
	executor *executor.Executor
	server   *link.Server
	folder   controllers.Folder
	register controllers.Register
	notifier notifier
	clients  []tor.ClientPublicKey // that the onion service has; nil: none were ever set
}

func newService(cfg *Config, id identity, log *slog.Logger) (*service, error) {
	folder, err := controllers.Open(cfg.controllersDir())
	if err != nil {
		return nil, err
	}
	daemon, err := cfg.daemon()
	if err != nil {
		return nil, err
	}
	s := &service{
		log:      log,
		onion:    id.onion,
		daemon:   daemon,
		state:    state.New(newEpoch()),
		folder:   folder,
		notifier: newNotifier(),
	}
	s.poller = cfg.poller(s.state, daemon, log)
	if s.executor, err = cfg.executor(s.poller, daemon, log); err != nil {
		return nil, err
	}
	source := &mirror.Source{State: s.state, Interest: s.poller.Interest, Details: s.poller, Cover: cfg.Mirror.Cover, Log: log}
	s.server, err = link.NewServer(link.ServerConfig{
		HostKey:   id.hostKey,
		Authorize: s.register.Authorize,
		Mirror: func(ctx context.Context, _ link.Peer, rw io.ReadWriteCloser) error {
			return source.Run(ctx, rw)
		},
		Command: func(ctx context.Context, p link.Peer, rw io.ReadWriteCloser) error {
			return command.Serve(ctx, rw, homeOf(p), s.executor, log)
		},
		Exec:       s.exec,
		ClassicKex: cfg.SSH.ClassicKex,
		Log:        log,
	})
	if err != nil {
		_ = s.executor.Close() // nothing was written
	}
	return s, err
}

// homeOf returns what the journal of the commands calls a controller: a name that
// outlives the connection and the agent, that a pairing anew changes, and that tells
// nothing of who it is.
func homeOf(p link.Peer) string {
	sum := sha256.Sum256(p.Key)
	return hex.EncodeToString(sum[:8])
}

// run runs the parts until ctx ends or one of them cannot go on.
func (s *service) run(ctx context.Context) error {
	defer s.daemon.Close()
	defer s.executor.Close()
	listener, err := s.onion.Listen()
	if err != nil {
		return fmt.Errorf("listen for the onion service: %w", err)
	}
	// Whom the service lets in is settled before it is there.
	s.reload()
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return s.server.Serve(ctx, listener) })
	parts.Go(func() error { return s.onion.Run(ctx) })
	parts.Go(func() error { s.poller.Run(ctx); return nil })
	parts.Go(func() error { return s.executor.Run(ctx) })
	parts.Go(func() error { s.folder.Watch(ctx, s.log, s.reload); return nil })
	parts.Go(func() error { s.announce(ctx); return nil })
	s.notifier.tell("READY=1")
	err = parts.Wait()
	s.notifier.tell("STOPPING=1")
	return err
}

func newEpoch() state.Epoch {
	var b [8]byte
	rand.Read(b[:]) // documented to never fail
	return state.Epoch(binary.LittleEndian.Uint64(b[:]) | 1)
}

// daemon returns the client of the torrent daemon.
func (c *Config) daemon() (*transmission.Client, error) {
	endpoint, err := transmission.ParseEndpoint(c.Transmission.URL)
	if err != nil {
		return nil, fmt.Errorf("transmission.url: %w", err)
	}
	return transmission.New(transmission.Config{
		Endpoint:     endpoint,
		User:         c.Transmission.User,
		PasswordFile: c.Transmission.PasswordFile,
	}), nil
}

// poller returns what keeps s true.
func (c *Config) poller(s *state.State, daemon poll.Daemon, log *slog.Logger) *poll.Poller {
	return poll.New(poll.Config{
		State:  s,
		Daemon: daemon,
		Host:   &host.Sampler{},
		Active: time.Duration(c.Poll.Active),
		Idle:   time.Duration(c.Poll.Idle),
		Full:   time.Duration(c.Poll.Full),
		Log:    log,
	})
}

// executor returns what does the commands of the controllers.
func (c *Config) executor(poller *poll.Poller, daemon *transmission.Client, log *slog.Logger) (*executor.Executor, error) {
	return executor.Open(executor.Config{
		Dir:          filepath.Join(c.State, "commands"),
		Daemon:       daemon,
		Touch:        poller,
		TouchSession: poller.TouchSession,
		Roots:        c.Commands.Roots,
		Fetch:        c.Commands.Fetch,
		FetchPrivate: c.Commands.FetchPrivate,
		Log:          log,
	})
}
