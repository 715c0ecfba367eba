package agent

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"offing/tunnel/link"
	"offing/tunnel/mirror"
	"offing/tunnel/report"
	"offing/tunnel/state"
	"offing/tunnel/tor"
)

// status runs a command over the line.
func status(t *testing.T, c *link.Client, command string) (report.Box, int) {
	t.Helper()
	out, exit, err := c.Exec(t.Context(), command)
	if err != nil {
		t.Fatal(err)
	}
	var b report.Box
	if err := json.Unmarshal(out, &b); err != nil {
		t.Fatalf("%s: %v in %q", command, err, out)
	}
	return b, exit
}

func TestCommandsOverTheLine(t *testing.T) {
	d := daemon(t)
	b := newBox(t, d.URL())
	p := b.pair(t, "home")
	b.run(t)
	c := b.connected(t, p)
	for _, command := range []string{"status --json", "list --json"} {
		got, exit := status(t, c, command)
		if exit != report.ExitWell || got.Daemon.State != "ok" || len(got.Torrents) != 1 || got.Torrents[0].Name != "a torrent" ||
			got.AgeMS < 0 || got.AgeMS > 60_000 || got.Host.DiskTotal == 0 {
			t.Errorf("%s: exit %d, %+v", command, exit, got)
		}
	}
	if out, exit, err := c.Exec(t.Context(), "status"); err != nil || exit != report.ExitWell || !strings.Contains(string(out), "a torrent") {
		t.Errorf("status: %q, %d, %v", out, exit, err)
	}
	if out, exit, err := c.Exec(t.Context(), "version"); err != nil || exit != 0 || !strings.HasPrefix(string(out), "offing-agent ") {
		t.Errorf("version: %q, %d, %v", out, exit, err)
	}
	for _, command := range []string{"sh", "status --yaml", "status x y", "STATUS", "status; list", ""} {
		if out, exit, err := c.Exec(t.Context(), command); err != nil || exit != exitUnknown || len(out) != 0 {
			t.Errorf("%q: %q, %d, %v", command, out, exit, err)
		}
	}
}

// A plain ssh sees what is, not what was when somebody last looked.
func TestFiguresAreRenewed(t *testing.T) {
	d := daemon(t)
	b := newBox(t, d.URL())
	p := b.pair(t, "home")
	b.run(t)
	c := b.connected(t, p)
	status(t, c, "status --json")
	d.Add("another", false)
	eventually(t, "the new torrent", func() error {
		if got, _ := status(t, c, "status --json"); len(got.Torrents) != 2 {
			return fmt.Errorf("%d torrents", len(got.Torrents))
		}
		return nil
	})
	d.Stop()
	eventually(t, "the trouble", func() error {
		got, exit := status(t, c, "status --json")
		if exit != report.ExitTrouble || len(got.Trouble) != 1 || !strings.Contains(got.Trouble[0], "nothing answers at "+d.Addr()) || len(got.Torrents) != 2 {
			return fmt.Errorf("exit %d, %+v", exit, got)
		}
		return nil
	})
}

func TestMirrorOfDaemon(t *testing.T) {
	d := daemon(t)
	b := newBox(t, d.URL())
	p := b.pair(t, "home")
	b.run(t)
	rw, err := b.connected(t, p).Mirror(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	home := state.New(7)
	f := mirror.NewFollower(home, slog.New(slog.DiscardHandler))
	f.SetInterest(mirror.Watching)
	ended := make(chan error, 1)
	go func() { ended <- f.Run(t.Context(), rw) }()
	has := func(n int, daemon state.DaemonState) func() error {
		return func() error {
			if home.Totals().Torrents != n || home.Session().Daemon != daemon {
				return fmt.Errorf("%+v, %+v", home.Totals(), home.Session())
			}
			return nil
		}
	}
	eventually(t, "the first torrent", has(1, state.DaemonOK))
	added := d.Add("another", false)
	eventually(t, "the second torrent", has(2, state.DaemonOK))
	d.Stop()
	eventually(t, "word of the daemon's end", has(2, state.DaemonUnreachable))
	d.Run()
	eventually(t, "word of the daemon's return", has(2, state.DaemonOK))
	d.Remove(added)
	eventually(t, "the removal", has(1, state.DaemonOK))
	rw.Close()
	<-ended
}

// Revocation reaches the running agent by itself: the live line ends, the key is
// refused, and the onion service does not know the client any more.
func TestRevocation(t *testing.T) {
	b := newBox(t, "http://127.0.0.1:1/")
	home := b.pair(t, "home")
	b.run(t)
	first := b.connected(t, home)
	away := b.pair(t, "away") // while it runs
	second := b.connected(t, away)
	want := []tor.ClientPublicKey{away.ClientAuth().Public(), home.ClientAuth().Public()}
	eventually(t, "both clients", func() error {
		if !slices.Equal(b.onion.authorized(), want) {
			return errors.New("the onion service has others")
		}
		return nil
	})
	if err := Revoke(&b.cfg, "away"); err != nil {
		t.Fatal(err)
	}
	<-second.Done()
	if _, err := b.connect(t, away); !errors.Is(err, link.ErrKeyRefused) {
		t.Errorf("a revoked login: %v", err)
	}
	eventually(t, "one client", func() error {
		if !slices.Equal(b.onion.authorized(), want[1:]) {
			return errors.New("the onion service has others")
		}
		return nil
	})
	if _, _, err := first.Exec(t.Context(), "version"); err != nil {
		t.Errorf("the other line: %v", err)
	}
}

func TestStranger(t *testing.T) {
	b := newBox(t, "http://127.0.0.1:1/")
	home := b.pair(t, "home")
	b.run(t)
	b.connected(t, home)
	_, stranger, _ := ed25519.GenerateKey(nil)
	if _, err := b.login(t, home.HostKey, stranger); !errors.Is(err, link.ErrKeyRefused) {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := b.login(t, stranger.Public().(ed25519.PublicKey), home.Login()); !errors.Is(err, link.ErrHostKeyChanged) {
		t.Errorf("another host key: %v", err)
	}
}

func TestTwoAgentsOnOneState(t *testing.T) {
	b := newBox(t, "http://127.0.0.1:1/")
	home := b.pair(t, "home")
	b.run(t)
	b.connected(t, home)
	err := b.agent.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "another offing-agent runs on") {
		t.Errorf("the second agent: %v", err)
	}
}

// A folder that others can enter is refused, and left as it is.
func TestOpenStateFolder(t *testing.T) {
	b := newBox(t, "http://127.0.0.1:1/")
	if err := os.Mkdir(b.cfg.State, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := b.agent.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Errorf("ended with %v", err)
	}
	if info, err := os.Stat(b.cfg.State); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the folder became %v, %v", info.Mode(), err)
	}
}

// A Tor that cannot run ends the agent, with everything that it started.
func TestTorThatCannotRun(t *testing.T) {
	b := newBox(t, "http://127.0.0.1:1/")
	b.onion.err = errors.New("no such program")
	if err := b.agent.Run(t.Context()); !errors.Is(err, b.onion.err) {
		t.Errorf("ended with %v", err)
	}
	if _, err := net.Dial("unix", b.onion.socket); err == nil {
		t.Error("it still listens")
	}
	unlock, err := lockState(b.cfg.State)
	if err != nil {
		t.Fatalf("the lock is held: %v", err)
	}
	unlock()
}

// The keys outlive the agent, and a second pairing of a name is refused.
func TestPairing(t *testing.T) {
	b := newBox(t, "http://127.0.0.1:1/")
	first, second := b.pair(t, "home"), b.pair(t, "away")
	if !first.HostKey.Equal(second.HostKey) || first.Secret == second.Secret {
		t.Error("two pairings of a box differ in its key, or share their secret")
	}
	_, err := pair(&b.cfg, "home", slog.New(slog.DiscardHandler), b.maker)
	if err == nil || !strings.Contains(err.Error(), "offing-agent revoke home") {
		t.Errorf("a second home: %v", err)
	}
	if names, err := Controllers(&b.cfg); err != nil || !slices.Equal(names, []string{"away", "home"}) {
		t.Errorf("controllers %v, %v", names, err)
	}
	key := filepath.Join(b.cfg.State, "host_key")
	if info, err := os.Stat(key); err != nil || info.Mode() != 0o600 {
		t.Errorf("host key: %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(key, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = pair(&b.cfg, "third", slog.New(slog.DiscardHandler), b.maker)
	if err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
		t.Errorf("a broken host key: %v", err)
	}
}

// Nothing that tells who reaches this box, or how, is in the log, even at its
// most talkative; nor is it left on the disk.
func TestNoSecrets(t *testing.T) {
	b := newBox(t, "http://127.0.0.1:1/")
	home := b.pair(t, "home")
	b.run(t)
	status(t, b.connected(t, home), "status --json")
	auth := home.ClientAuth()
	secrets := map[string][]byte{
		"the address":            []byte(home.Address),
		"the secret":             home.Secret[:],
		"the login key":          home.Login().Seed(),
		"the client's key":       auth[:],
		"the code's second half": []byte(home.Code()[len(home.Code())/2:]),
	}
	for what, secret := range secrets {
		if strings.Contains(b.log.String(), string(secret)) {
			t.Errorf("%s is in the log", what)
		}
	}
	delete(secrets, "the address") // the box knows its own
	err := filepath.WalkDir(b.cfg.State, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		for what, secret := range secrets {
			if strings.Contains(string(content), string(secret)) {
				t.Errorf("%s is in %s", what, path)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestLocalStatus(t *testing.T) {
	d := daemon(t)
	b := newBox(t, d.URL())
	got, err := Status(t.Context(), &b.cfg, slog.New(slog.DiscardHandler))
	if err != nil || got.ExitStatus() != report.ExitWell || len(got.Torrents) != 1 || got.Host.MemTotal == 0 {
		t.Errorf("%+v, %v", got, err)
	}
	d.Stop()
	got, err = Status(t.Context(), &b.cfg, slog.New(slog.DiscardHandler))
	if err != nil || got.ExitStatus() != report.ExitTrouble {
		t.Errorf("%+v, %v", got, err)
	}
}
