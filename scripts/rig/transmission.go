package rig

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/hekmon/transmissionrpc/v2"
)

// daemon is a transmission-daemon of the rig's own, with content that moves.
type daemon struct {
	*process
	dir  string // configuration, downloads and the web seed's files are below it
	addr string // host:port of its RPC
	rpc  *transmissionrpc.Client
	seed *webSeed

	moving []int64 // torrents that raise starts
}

// startDaemon starts afresh, whatever an earlier run has left in dir, so that
// there is always something to watch.
func startDaemon(ctx context.Context, dir, logDir string, idle int) (_ *daemon, err error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	d := &daemon{dir: dir}
	for _, sub := range []string{d.config(), d.downloads(), d.origin()} {
		if err := os.MkdirAll(sub, 0o700); err != nil {
			return nil, err
		}
	}
	if err := writeIdle(d.config(), idle); err != nil {
		return nil, fmt.Errorf("write idle torrents: %w", err)
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	if err := d.writeSettings(ports[0], ports[1]); err != nil {
		return nil, err
	}
	d.addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	if d.rpc, err = transmissionrpc.New("127.0.0.1", "", "", &transmissionrpc.AdvancedConfig{Port: uint16(ports[0])}); err != nil {
		return nil, err
	}
	if d.seed, err = serveFiles(d.origin()); err != nil {
		return nil, err
	}
	if d.process, err = start(spec{
		name: "transmission-daemon",
		argv: []string{"transmission-daemon", "--foreground", "--config-dir", d.config()},
		log:  filepath.Join(logDir, "transmission.log"),
		// It can take a minute to put away what nobody will read again.
		grace: 2 * time.Second,
	}); err != nil {
		d.seed.close()
		return nil, err
	}
	if err = d.answers(ctx); err == nil {
		err = d.setScene(ctx)
	}
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *daemon) config() string    { return filepath.Join(d.dir, "config") }
func (d *daemon) downloads() string { return filepath.Join(d.dir, "downloads") }
func (d *daemon) origin() string    { return filepath.Join(d.dir, "origin") }

func (d *daemon) close() {
	if d == nil {
		return
	}
	d.stop()
	d.seed.close()
}

// writeSettings keeps the daemon on loopback and silent towards everybody else.
func (d *daemon) writeSettings(rpcPort, peerPort int) error {
	settings, err := json.MarshalIndent(map[string]any{
		"bind-address-ipv4":       "127.0.0.1",
		"bind-address-ipv6":       "::1",
		"dht-enabled":             false,
		"download-dir":            d.downloads(),
		"download-queue-enabled":  false,
		"lpd-enabled":             false,
		"peer-port":               peerPort,
		"pex-enabled":             false,
		"port-forwarding-enabled": false,
		"rpc-bind-address":        "127.0.0.1",
		"rpc-port":                rpcPort,
		"seed-queue-enabled":      false,
		"utp-enabled":             false,
		"preallocation":           1,
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.config(), "settings.json"), settings, 0o600)
}

// answers waits until the RPC does.
func (d *daemon) answers(ctx context.Context) error {
	return poll(ctx, "transmission-daemon to answer", func() (bool, error) {
		if err := d.failed(); err != nil {
			return false, err
		}
		_, err := d.rpc.SessionArgumentsGet(ctx, []string{"version"})
		return err == nil, nil
	})
}

// add gives a torrent to the daemon and returns its id.
func (d *daemon) add(ctx context.Context, m metainfo, paused bool) (int64, error) {
	file, _ := m.encode()
	encoded := base64.StdEncoding.EncodeToString(file)
	t, err := d.rpc.TorrentAdd(ctx, transmissionrpc.TorrentAddPayload{MetaInfo: &encoded, Paused: &paused})
	if err != nil {
		return 0, fmt.Errorf("add %s: %w", m.Name, err)
	}
	return *t.ID, nil
}

// settles waits until the torrent is in the status wanted.
func (d *daemon) settles(ctx context.Context, id int64, want transmissionrpc.TorrentStatus) error {
	return poll(ctx, fmt.Sprintf("torrent %d to be %v", id, want), func() (bool, error) {
		ts, err := d.rpc.TorrentGet(ctx, []string{"status"}, []int64{id})
		if err != nil || len(ts) != 1 {
			return false, err
		}
		return *ts[0].Status == want, nil
	})
}

// webSeed serves files with Range requests (BEP 19).
type webSeed struct {
	url string
	srv http.Server
	end chan struct{}
}

func serveFiles(dir string) (*webSeed, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &webSeed{url: "http://" + l.Addr().String() + "/", end: make(chan struct{})}
	w.srv.Handler = http.FileServer(http.Dir(dir))
	go func() {
		defer close(w.end)
		w.srv.Serve(l)
	}()
	return w, nil
}

func (w *webSeed) close() {
	w.srv.Close()
	<-w.end
}

// freePorts returns n different TCP ports of 127.0.0.1 that were free a moment ago.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// poll asks ready until it says yes, fails, or ctx ends.
func poll(ctx context.Context, what string, ready func() (bool, error)) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := ready()
		if err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, context.Cause(ctx))
		case <-tick.C:
		}
	}
}
