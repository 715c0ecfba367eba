package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/alexedwards/argon2id"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
	"offing/controller/internal/owners"
	"offing/controller/internal/store"
)

// patience is when a test that hangs gives up.
const patience = 2 * time.Minute

// unhurried is for tests that are about something else than time: on a busy machine
// they may take any.
func unhurried() hub.Pace {
	return hub.Pace{Open: time.Hour, Ping: time.Hour, Silence: time.Hour, Grace: time.Hour}
}

const password = "correct horse battery"

// cheap keeps the tests short; what it costs is not what they are about.
var cheap = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// fixture is a server on a free port, with a store of its own.
type fixture struct {
	*Server
	log     lockedBuffer
	now     func() time.Time
	dir     string
	stop    context.CancelFunc
	served  chan error
	pace    hub.Pace
	views   *views
	control *standIn
	live    *hub.Hub
	instead Hub // of live
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu      sync.Mutex
	b       bytes.Buffer
	written chan struct{} // closed at the next write
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.written != nil {
		close(l.written)
		l.written = nil
	}
	return l.b.Write(p)
}

// wait returns when the log holds text.
func (l *lockedBuffer) wait(t *testing.T, text string) {
	t.Helper()
	for {
		l.mu.Lock()
		if strings.Contains(l.b.String(), text) {
			l.mu.Unlock()
			return
		}
		if l.written == nil {
			l.written = make(chan struct{})
		}
		written := l.written
		l.mu.Unlock()
		select {
		case <-written:
		case <-time.After(patience):
			t.Fatalf("the log never says %q", text)
		}
	}
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var ui = fstest.MapFS{
	"index.html":            {Data: []byte("<!doctype html><title>Offing</title>")},
	"favicon.svg":           {Data: []byte("<svg/>")},
	"assets/app-12345.js":   {Data: []byte("export{}")},
	"assets/app-12345.wasm": {Data: []byte("\x00asm")},
}

// inMemory returns a folder that no disk keeps, where the machine has such: the store
// syncs each write, and on a busy disk some writes take longer than it bears with.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "offing-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// start serves with what change makes of the usual configuration.
func start(t *testing.T, change ...func(*fixture, *Config)) *fixture {
	t.Helper()
	f := &fixture{now: time.Now, dir: inMemory(t), served: make(chan error, 1), control: newStandIn(), pace: unhurried(), views: newViews()}
	c := Config{
		Listen: "127.0.0.1:0", Socket: filepath.Join(f.dir, "run", "offing.sock"),
		Boxes: boxes{reloaded: make(chan struct{}, 1)}, Control: f.control, UI: fs.FS(ui),
		Log: slog.New(slog.NewTextHandler(&f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, change := range change {
		change(f, &c)
	}
	f.live = hub.New(f.views, c.Log, hub.WithPace(f.pace))
	t.Cleanup(f.live.Close)
	if c.Hub = f.live; f.instead != nil {
		c.Hub = f.instead
	}
	st, err := store.Open(t.Context(), store.Config{Dir: filepath.Join(f.dir, "store"), KeyFile: filepath.Join(f.dir, "key"), Log: c.Log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	c.Accounts, err = account.Open(t.Context(), account.Config{Store: st, Log: c.Log, Cost: cheap, Now: func() time.Time { return f.now() }})
	if err != nil {
		t.Fatal(err)
	}
	if c.Owners == nil {
		if c.Owners, err = owners.Open(t.Context(), owners.Config{Store: st, People: c.Accounts, Log: c.Log}); err != nil {
			t.Fatal(err)
		}
	}
	if f.Server, err = New(c); err != nil {
		t.Fatal(err)
	}
	return f
}

// run serves until the test ends.
func run(t *testing.T, change ...func(*fixture, *Config)) *fixture {
	t.Helper()
	f := start(t, change...)
	f.serve(t)
	return f
}

// serve serves until the test ends.
func (f *fixture) serve(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	f.stop = cancel
	go func() { f.served <- f.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-f.served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// call is one request; the zero call is GET /api/v1/setup by a script.
type call struct {
	method, path, host, origin, site, body, kind, cookie string
	authorization                                        string
}

// answer is what came back.
type answer struct {
	*http.Response
	body string
}

func (a *answer) code(t *testing.T) string {
	t.Helper()
	var p problem
	err := json.Unmarshal([]byte(a.body), &p)
	if err != nil || p.Code == "" || p.Detail == "" || p.Title == "" || p.Type != "about:blank" || p.Status != a.StatusCode || a.Header.Get("Content-Type") != problemJSON {
		t.Fatalf("status %d without an error in its form: %s %q", a.StatusCode, a.Header.Get("Content-Type"), a.body)
	}
	return p.Code
}

func (f *fixture) do(t *testing.T, c call) *answer {
	t.Helper()
	if c.method == "" {
		c.method = http.MethodGet
	}
	if c.path == "" {
		c.path = "/api/v1/setup"
	}
	r, err := http.NewRequestWithContext(t.Context(), c.method, f.URL()+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = c.host
	if c.kind == "" && c.body != "" {
		c.kind = "application/json"
	}
	for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.site, "Content-Type": c.kind, "Authorization": c.authorization} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if c.cookie != "" {
		r.AddCookie(&http.Cookie{Name: cookie, Value: c.cookie})
	}
	return send(t, http.DefaultClient, r)
}

func send(t *testing.T, client *http.Client, r *http.Request) *answer {
	t.Helper()
	response, err := client.Do(r)
	// Who is still sending a body that the server will not have may get a reset
	// before the answer.
	for tries := 0; tries < 50 && (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)); tries++ {
		if r.GetBody != nil {
			r.Body, _ = r.GetBody()
		}
		response, err = client.Do(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := &answer{response, string(body)}
	asDescribed(t, r, a)
	return a
}

// post sends a body as the page does.
func (f *fixture) post(t *testing.T, path, cookie, body string) *answer {
	t.Helper()
	return f.do(t, call{method: http.MethodPost, path: path, origin: f.URL(), site: "same-origin", cookie: cookie, body: body})
}

// setup makes the administrator Ada and returns her cookie.
func (f *fixture) setup(t *testing.T) string {
	t.Helper()
	token, _, err := f.Accounts.NewSetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sessionOf(t, f.post(t, "/api/v1/setup", "", `{"token":"`+string(token)+`","user":"Ada","password":"`+password+`"}`))
}

func (f *fixture) signIn(t *testing.T, password string) *answer {
	t.Helper()
	return f.post(t, "/api/v1/session", "", `{"user":"ada","password":"`+password+`"}`)
}

func sessionOf(t *testing.T, a *answer) string {
	t.Helper()
	if a.StatusCode != http.StatusNoContent || len(a.Cookies()) != 1 {
		t.Fatalf("status %d, %d cookies: %s", a.StatusCode, len(a.Cookies()), a.body)
	}
	return a.Cookies()[0].Value
}

// overUnix returns a client of the Unix socket.
func (f *fixture) overUnix() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", f.Socket)
		},
	}}
}
