// Package rig starts a whole Offing on one machine out of real parts: a private
// Tor network, a transmission-daemon with content, an agent behind an onion
// service and a controller. The demo, the end-to-end tests and the benchmarks
// stand on it. Everything listens on loopback or on Unix sockets.
package rig

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"offing/controller/client"
	"offing/tunnel/tornet"
)

// BoxName is what home calls the one box of the rig.
const BoxName = "demo"

// Options say what to start.
type Options struct {
	Bin          string        // folder of the built offing and offing-agent
	State        string        // folder for all state; made if missing, parts of it start afresh
	Port         int           // of the page on 127.0.0.1; 0 is any free one
	Torrents     int           // idle torrents beside those of the scene
	Transmission string        // host:port of an existing daemon; empty starts one
	Latency      time.Duration // one way, added by each relay of the Tor network
	Still        bool          // nothing moves before Move is called
	Progress     func(string)  // told what is being waited for; may be nil
}

// System is a running Offing. Close stops it.
type System struct {
	URL      string // of the page
	User     string // the administrator
	Password string
	Guests   []Person // the other people: anna and ben, who have a part of the scene each
	Socket   string   // the controller's Unix socket
	Onion    string   // the agent's address, with ".onion"
	State    string
	Config   string // the controller's configuration file
	Followed string // info hash of the torrent named FollowedName; empty without a daemon of our own

	opts   Options
	run    string // short folder for the Unix sockets
	runTmp bool   // run is ours alone, to be removed
	end    context.CancelFunc
	lock   *os.File
	net    *tornet.Network
	daemon *daemon
	agent  *process
	home   *process
	api    *client.Client // of the controller's socket
}

// PIDs are the process ids of a System; 0 is a process that is not there.
type PIDs struct {
	Controller   int `json:"controller"`
	Agent        int `json:"agent"`
	Transmission int `json:"transmission"`
	TorHome      int `json:"tor_home"`
	TorBox       int `json:"tor_box"`
}

// Start starts everything and returns once a page would show the box's
// torrents. On an error, and when ctx ends before, it leaves no process.
func Start(ctx context.Context, o Options) (_ *System, err error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	s := &System{opts: o}
	// The parts outlive ctx, which bounds the start alone.
	alive, end := context.WithCancel(context.WithoutCancel(ctx))
	s.end = end
	defer context.AfterFunc(ctx, end)()
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if err := s.startBoth(ctx, alive); err != nil {
		return nil, err
	}
	if err := s.startAgent(ctx); err != nil {
		return nil, err
	}
	if err := s.startHome(ctx); err != nil {
		return nil, err
	}
	if err := s.waitForLine(ctx); err != nil {
		return nil, err
	}
	if err := s.invite(ctx); err != nil {
		return nil, err
	}
	if s.daemon != nil {
		if err := s.giveAway(ctx); err != nil {
			return nil, err
		}
	}
	if !o.Still {
		if err := s.Move(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// prepare makes the folders and takes the lock.
func (s *System) prepare() (err error) {
	for _, name := range []string{"offing", "offing-agent"} {
		if _, err := os.Stat(filepath.Join(s.opts.Bin, name)); err != nil {
			return fmt.Errorf("%s is not built: run scripts/build first", name)
		}
	}
	if s.State, err = filepath.Abs(s.opts.State); err != nil {
		return err
	}
	if err := os.MkdirAll(s.State, 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	if s.lock, err = lock(filepath.Join(s.State, "lock")); err != nil {
		return err
	}
	s.run = filepath.Join(s.State, "run")
	// A Unix socket's path has at most 107 bytes.
	if s.runTmp = len(s.run) > 60; s.runTmp {
		if s.run, err = os.MkdirTemp("", "offing-run-"); err != nil {
			return err
		}
	}
	// What the last run's Tor network left in the caches is of relays that are
	// gone. The onion service's key is elsewhere and stays.
	for _, stale := range []string{s.path("agent", "tor"), s.path("home", "tor"), s.path("home", "direct"), s.path("tornet")} {
		if err := os.RemoveAll(stale); err != nil {
			return err
		}
	}
	return nil
}

func (s *System) path(elem ...string) string {
	return filepath.Join(append([]string{s.State}, elem...)...)
}

// startBoth starts the two parts that need nothing and take longest at once.
func (s *System) startBoth(ctx, alive context.Context) error {
	started := make(chan error, 1)
	go func() {
		if s.opts.Transmission != "" {
			started <- nil
			return
		}
		d, err := startDaemon(ctx, s.path("transmission"), s.path("logs"), s.opts.Torrents)
		if err == nil {
			s.daemon = d
		}
		started <- err
	}()
	network, err := tornet.Start(alive, tornet.Config{
		Dir:      s.path("tornet"),
		Latency:  s.opts.Latency,
		Log:      slog.New(slog.DiscardHandler),
		Progress: s.opts.Progress,
	})
	s.net = network
	return errors.Join(err, <-started)
}

// Close stops everything in the order in which each part expects to lose the
// next, and returns when no process is left.
func (s *System) Close() {
	for _, p := range []*process{s.home, s.agent} {
		if p != nil {
			p.stop()
		}
	}
	s.daemon.close()
	if s.net != nil {
		s.net.Close()
	}
	s.end()
	if s.api != nil {
		s.api.Close()
	}
	if s.runTmp {
		os.RemoveAll(s.run)
	}
	if s.lock != nil {
		s.lock.Close()
	}
}

// Failed returns why a part of the system is down for good, or nil.
func (s *System) Failed() error {
	for _, p := range []*process{s.home, s.agent} {
		if err := p.failed(); err != nil {
			return err
		}
	}
	if s.daemon != nil {
		return s.daemon.failed()
	}
	return nil
}

// PIDs returns the present process ids.
func (s *System) PIDs() PIDs {
	p := PIDs{
		Controller: s.home.PID(),
		Agent:      s.agent.PID(),
		TorHome:    readPID(s.path("home", "tor", "tor.pid")),
		TorBox:     readPID(s.path("agent", "tor", "tor.pid")),
	}
	if s.daemon != nil {
		p.Transmission = s.daemon.PID()
	}
	return p
}

func lock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("another demo runs in %s: stop it, or choose another folder with --state", filepath.Dir(path))
	}
	return file, nil
}
