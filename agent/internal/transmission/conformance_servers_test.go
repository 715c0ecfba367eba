package transmission

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"offing/agent/internal/transmissiontest"
	"offing/agent/simulator"
	"offing/tunnel/state"
)

// server is a Transmission that the conformance suite runs against.
type server interface {
	URL() string
	DownloadDir() string
	// Place puts the content of a torrent of that name where it is found.
	Place(name string, content []byte)
	// Restart stops the daemon without warning and starts it again.
	Restart()
	// Elapse returns when the server's clock is that far from where it was at
	// since, as the wall clock has it.
	Elapse(since time.Time, d time.Duration)
	// Pause gives the server a moment to get on.
	Pause()
}

// kind is what a server may be.
type kind struct {
	name  string
	rpc   int32 // its "rpc-version"
	start func(t *testing.T, user, password string) server
}

// kinds are all that the suite runs against. No Debian release has 4.0, so its
// dialect is known from its sources only.
var kinds = []kind{
	{"3.00", 16, daemonOf(transmissiontest.V300)},
	{"4.1", 18, daemonOf(transmissiontest.V41)},
	{"simulator-16", 16, simulatorOf(simulator.RPC16)},
	{"simulator-17", 17, simulatorOf(simulator.RPC17)},
	{"simulator-18", 18, simulatorOf(simulator.RPC18)},
}

type daemon struct{ *transmissiontest.Daemon }

func daemonOf(g transmissiontest.Generation) func(*testing.T, string, string) server {
	return func(t *testing.T, user, password string) server {
		return daemon{transmissiontest.Start(t, transmissiontest.Of(g), transmissiontest.Login(user, password))}
	}
}

func (d daemon) Restart() {
	d.Stop()
	d.Run()
}

func (daemon) Pause() { time.Sleep(20 * time.Millisecond) }

func (d daemon) Elapse(since time.Time, span time.Duration) { time.Sleep(time.Until(since.Add(span))) }

type simulated struct {
	*simulator.Simulator
	url, dir string
}

func simulatorOf(dialect int) func(*testing.T, string, string) server {
	return func(t *testing.T, user, password string) server {
		t.Helper()
		dir := t.TempDir()
		s := simulator.New(simulator.Config{
			RPCVersion: dialect, User: user, Password: password,
			DownloadDir: dir, Start: time.Now(), Announce: announce,
		})
		srv := httptest.NewServer(s)
		t.Cleanup(srv.Close)
		return simulated{s, srv.URL + "/transmission/rpc", dir}
	}
}

func (s simulated) URL() string                         { return s.url }
func (s simulated) DownloadDir() string                 { return s.dir }
func (s simulated) Place(name string, _ []byte)         { s.Simulator.Place(name) }
func (s simulated) Elapse(_ time.Time, d time.Duration) { s.Step(d) }
func (s simulated) Pause()                              { s.Step(250 * time.Millisecond) } // a tick: faster than the wall clock

// announce asks a tracker on loopback, as the daemons do.
func announce(url string) simulator.Failure {
	resp, err := http.Get(url)
	if err != nil {
		return simulator.Failure{Text: "Could not connect to tracker"}
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if _, reason, refused := strings.Cut(string(body), "14:failure reason"); refused {
		_, reason, _ = strings.Cut(reason, ":")
		return simulator.Failure{Kind: state.TrackerError, Text: strings.TrimSuffix(reason, "e")}
	}
	return simulator.Failure{}
}

const refusalOfTracker = "not for you"

// trackerFor starts a tracker that answers announces, well or with a refusal.
func trackerFor(t *testing.T, refuses *atomic.Bool) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if refuses.Load() {
			_, _ = fmt.Fprintf(w, "d14:failure reason%d:%se", len(refusalOfTracker), refusalOfTracker)
			return
		}
		_, _ = io.WriteString(w, "d8:intervali66e5:peers0:e") // seconds; 3.00 lets nobody ask earlier
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/announce"
}
