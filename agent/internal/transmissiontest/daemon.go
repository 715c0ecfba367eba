// Package transmissiontest runs transmission-daemon for tests, of either
// generation, on loopback and silent towards everybody else.
package transmissiontest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/hekmon/transmissionrpc/v2"

	"offing/tunnel/state"
)

// startTimeout is how long the daemon may take to answer; it takes a tenth of a
// second on an idle machine.
const startTimeout = 30 * time.Second

// Daemon is a transmission-daemon with a folder and a port of its own. Its
// torrents are added paused.
type Daemon struct {
	User, Password string // both empty: no authentication

	t       testing.TB
	program string
	dir     string
	port    int
	cmd     *exec.Cmd
}

// Option changes what Start starts.
type Option func(*Daemon)

// Of makes it a daemon of that generation instead of the installed one, 3.00.
func Of(g Generation) Option { return func(d *Daemon) { d.program = g.program(d.t) } }

// Login makes the daemon ask for a login.
func Login(user, password string) Option {
	return func(d *Daemon) { d.User, d.Password = user, password }
}

// Start starts a daemon that lives as long as the test.
func Start(t testing.TB, options ...Option) *Daemon {
	t.Helper()
	d := &Daemon{t: t, dir: t.TempDir(), port: freePort(t)}
	Of(V300)(d)
	for _, option := range options {
		option(d)
	}
	t.Cleanup(d.Stop)
	d.Run()
	return d
}

// StartWithLogin is Start for a daemon that asks for a login.
func StartWithLogin(t testing.TB, user, password string) *Daemon {
	t.Helper()
	return Start(t, Login(user, password))
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Addr is host:port of the RPC.
func (d *Daemon) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(d.port)) }

// URL is that of the RPC.
func (d *Daemon) URL() string { return "http://" + d.Addr() + "/transmission/rpc" }

// DownloadDir is where the files go.
func (d *Daemon) DownloadDir() string { return filepath.Join(d.dir, "downloads") }

// Run starts the daemon, after Stop once more: same port, same torrents, other
// ids. It waits for an answer.
func (d *Daemon) Run() {
	d.t.Helper()
	d.settings()
	cmd := exec.Command(d.program, "--foreground", "--config-dir", d.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // a test that is killed leaves nothing behind
	output := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		d.t.Fatalf("start %s: %v", d.program, err)
	}
	d.cmd = cmd
	deadline := time.Now().Add(startTimeout)
	for !d.answers() {
		if time.Now().After(deadline) {
			d.Stop()
			d.t.Fatalf("transmission-daemon does not answer:\n%s", output)
		}
		time.Sleep(10 * time.Millisecond) // nothing tells when it listens
	}
}

func (d *Daemon) answers() bool {
	resp, err := http.Get(d.URL())
	if err != nil {
		return false
	}
	resp.Body.Close()
	return true
}

func (d *Daemon) settings() {
	d.t.Helper()
	settings, err := json.Marshal(map[string]any{
		"bind-address-ipv4":           "127.0.0.1",
		"bind-address-ipv6":           "::1",
		"dht-enabled":                 false,
		"download-dir":                d.DownloadDir(),
		"lpd-enabled":                 false,
		"peer-port":                   freePort(d.t),
		"pex-enabled":                 false,
		"port-forwarding-enabled":     false,
		"rpc-authentication-required": d.User != "",
		"rpc-bind-address":            "127.0.0.1",
		"rpc-password":                d.Password,
		"rpc-port":                    d.port,
		"rpc-username":                d.User,
		"start-added-torrents":        false,
		"utp-enabled":                 false,
	})
	if err == nil {
		err = os.MkdirAll(d.DownloadDir(), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(d.dir, "settings.json"), settings, 0o600)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// Stop kills the daemon, as a power cut would. What was added stays on disk.
func (d *Daemon) Stop() {
	if d.cmd == nil {
		return
	}
	_ = d.cmd.Process.Kill()
	_ = d.cmd.Wait()
	d.cmd = nil
}

// Client returns the library's bare client, without any guard.
func (d *Daemon) Client() *transmissionrpc.Client {
	d.t.Helper()
	c, err := transmissionrpc.New("127.0.0.1", d.User, d.Password, &transmissionrpc.AdvancedConfig{Port: uint16(d.port)})
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// Place puts content into the download folder, so that a torrent of it is
// complete as soon as it is added.
func (d *Daemon) Place(name string, content []byte) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.DownloadDir(), name), content, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// Add adds a paused torrent of one small file, whose content is already there
// when complete is set, and returns its hash.
func (d *Daemon) Add(name string, complete bool) state.Hash {
	d.t.Helper()
	content := bytes.Repeat([]byte(name), 20000/len(name))
	if complete {
		d.Place(name, content)
	}
	encoded := base64.StdEncoding.EncodeToString(Metainfo(name, content))
	paused := true
	added, err := d.Client().TorrentAdd(d.t.Context(), transmissionrpc.TorrentAddPayload{MetaInfo: &encoded, Paused: &paused})
	if err != nil {
		d.t.Fatalf("add a torrent: %v", err)
	}
	hash, err := state.ParseHash(*added.HashString)
	if err != nil {
		d.t.Fatal(err)
	}
	return hash
}

// Remove removes a torrent.
func (d *Daemon) Remove(h state.Hash) {
	d.t.Helper()
	found, err := d.Client().TorrentGetHashes(d.t.Context(), []string{"id"}, []string{h.String()})
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d torrents of that hash", len(found))
	}
	if err == nil {
		err = d.Client().TorrentRemove(d.t.Context(), transmissionrpc.TorrentRemovePayload{IDs: []int64{*found[0].ID}})
	}
	if err != nil {
		d.t.Fatalf("remove %v: %v", h, err)
	}
}
