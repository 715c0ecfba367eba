package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"offing/controller/client"
	"offing/tunnel"
)

// startAgent pairs as an operator would, and starts the agent.
func (s *System) startAgent(ctx context.Context) error {
	s.opts.Progress("the agent makes its keys")
	config := s.path("agent.toml")
	transmission := s.opts.Transmission
	if s.daemon != nil {
		transmission = s.daemon.addr
	}
	err := writeTOML(config, []setting{
		{"", "state", s.path("agent")},
		{"", "run", filepath.Join(s.run, "agent")},
		{"tor", "extra", s.net.ClientLines()},
		{"ssh", "classic_kex", !sshIsNew(ctx)},
		{"transmission", "url", "http://" + transmission + "/transmission/rpc"},
	})
	if err != nil {
		return err
	}
	if err := s.pair(ctx, config); err != nil {
		return err
	}
	s.agent, err = start(spec{
		name: "offing-agent",
		argv: []string{s.bin("offing-agent"), "serve", "--config", config},
		log:  s.path("logs", "agent.log"),
	})
	return err
}

// sshIsNew tells whether this machine's ssh knows the exchange that the agent
// wants; if not, the agent is told to put up with an older one, so that a plain
// ssh can be tried here at all.
func sshIsNew(ctx context.Context) bool {
	out, err := exec.CommandContext(ctx, "ssh", "-Q", "kex").Output()
	return err != nil || bytes.Contains(out, []byte("mlkem768x25519-sha256"))
}

func (s *System) bin(name string) string { return filepath.Join(s.opts.Bin, name) }

// pair carries a pairing code from the box to home, unless an earlier run did.
func (s *System) pair(ctx context.Context, agentConfig string) error {
	if err := s.writeHomeConfig(); err != nil {
		return err
	}
	kept := s.path("home", "boxes", BoxName)
	code, err := os.ReadFile(kept)
	if errors.Is(err, fs.ErrNotExist) {
		if code, err = run(ctx, nil, s.bin("offing-agent"), "pair", "--config", agentConfig); err == nil {
			_, err = run(ctx, code, s.bin("offing"), "box", "add", BoxName, "--config", s.Config)
		}
	}
	if err != nil {
		return err
	}
	pairing, err := tunnel.ParsePairing(string(code))
	if err != nil {
		return err
	}
	s.Onion = pairing.Address.Host()
	return nil
}

func (s *System) writeHomeConfig() error {
	port := s.opts.Port
	if port == 0 {
		ports, err := freePorts(1)
		if err != nil {
			return err
		}
		port = ports[0]
	}
	listen := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	s.URL = "http://" + listen + "/"
	s.Config = s.path("offing.toml")
	s.Socket = filepath.Join(s.run, "home", "offing.sock")
	s.api = client.New(s.Socket)
	return writeTOML(s.Config, []setting{
		{"", "state", s.path("home")},
		{"", "run", filepath.Join(s.run, "home")},
		{"", "listen", listen},
		{"tor", "extra", s.net.ClientLines()},
	})
}

// startHome starts the controller and makes its first account, through the link
// that it prints, as a person would.
func (s *System) startHome(ctx context.Context) error {
	s.opts.Progress("the controller starts")
	links := make(chan string, 1)
	var err error
	s.home, err = start(spec{
		name: "offing",
		argv: []string{s.bin("offing"), "serve", "--config", s.Config},
		log:  s.path("logs", "controller.log"),
		line: func(line string) bool {
			_, token, found := strings.Cut(line, "/setup#")
			if found {
				select {
				case links <- strings.TrimSpace(token):
				default:
				}
			}
			return !found
		},
	})
	if err != nil {
		return err
	}
	return s.account(ctx, links)
}

// account reads the people that an earlier run made, or makes the administrator.
func (s *System) account(ctx context.Context, links <-chan string) error {
	people, made, err := s.accounts()
	if err != nil {
		return err
	}
	admin := people[0]
	s.User, s.Password, s.Guests = admin.User, admin.Password, people[1:]
	if made {
		return s.controllerAnswers(ctx)
	}
	var token string
	err = poll(ctx, "the controller's setup link", func() (bool, error) {
		select {
		case token = <-links:
			return true, nil
		default:
			return false, s.home.failed()
		}
	})
	if err != nil {
		return err
	}
	if err := s.controllerAnswers(ctx); err != nil {
		return err
	}
	web, err := client.NewHTTP(s.URL)
	if err != nil {
		return err
	}
	defer web.Close()
	if err := web.Setup(ctx, token, admin.User, admin.Password); err != nil {
		return fmt.Errorf("make the first account: %w", err)
	}
	return s.keepAccounts(people)
}

func (s *System) controllerAnswers(ctx context.Context) error {
	return poll(ctx, "the controller to answer", func() (bool, error) {
		_, err := s.api.Status(ctx)
		return err == nil, s.home.failed()
	})
}

// waitForLine waits until the controller has the box's state.
func (s *System) waitForLine(ctx context.Context) error {
	said := ""
	return poll(ctx, "the line to the box", func() (bool, error) {
		if err := s.Failed(); err != nil {
			return false, err
		}
		boxes, err := s.api.Status(ctx)
		if err != nil || len(boxes) != 1 || boxes[0].Line == nil {
			return false, nil
		}
		line := boxes[0].Line
		reason, _, _ := strings.Cut(line.Reason, ". ") // what to do about it follows
		if now := strings.TrimSpace(line.State + " " + reason); now != said {
			said = now
			s.opts.Progress("the line: " + now)
		}
		return line.State == "up" && boxes[0].AgeMS >= 0 && boxes[0].Daemon.State == "ok", nil
	})
}

// Move starts what is to move: the downloads and the long check. On an existing
// daemon it does nothing.
func (s *System) Move(ctx context.Context) error {
	if s.daemon == nil {
		return nil
	}
	s.opts.Progress("the downloads start")
	return s.daemon.raise(ctx)
}

// run runs a command to its end and returns its output.
func run(ctx context.Context, stdin []byte, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", filepath.Base(name), args[0], err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

func readPID(path string) int {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0
	}
	return pid
}
