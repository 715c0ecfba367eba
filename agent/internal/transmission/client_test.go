package transmission

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"offing/agent/internal/transmissiontest"
	"offing/tunnel/state"
)

// client returns a Client for the RPC at url.
func client(t *testing.T, url string) *Client {
	t.Helper()
	endpoint, err := ParseEndpoint(url)
	if err != nil {
		t.Fatal(err)
	}
	c := New(Config{Endpoint: endpoint})
	t.Cleanup(c.Close)
	return c
}

// proxy stands between a client and the daemon; count counts the requests, and
// edit, which may be nil, changes them.
func proxy(t *testing.T, daemon string, count *atomic.Int64, edit func(*http.Request)) string {
	t.Helper()
	target, err := url.Parse(daemon)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		count.Add(1)
		r.Out.URL.Host = target.Host
		r.Out.URL.Scheme = "http"
		if edit != nil {
			edit(r.Out)
		}
	}})
	t.Cleanup(srv.Close)
	return srv.URL + target.Path
}

func TestSessionOfDaemon(t *testing.T) {
	d := transmissiontest.Start(t)
	s, err := client(t, d.URL()).Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.DownloadDir != d.DownloadDir() || s.RPCVersion < minRPCVersion || s.Version == "" || s.AltSpeed {
		t.Errorf("session %+v", s)
	}
}

func TestListOfDaemon(t *testing.T) {
	d := transmissiontest.Start(t)
	empty, whole := d.Add("a file to come", false), d.Add("\u201cüber\u201d", true)
	c := client(t, d.URL())
	for _, which := range []Selection{All, RecentlyActive} {
		l, err := c.Torrents(t.Context(), which)
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Rows) != 2 || l.Run == 0 || len(l.Removed) != 0 {
			t.Fatalf("%d rows, run %d, removed %v", len(l.Rows), l.Run, l.Removed)
		}
		rows := byHash(l)
		one := rows[empty].Torrent
		if one.Name != "a file to come" || one.Left != one.Size || one.Size == 0 ||
			one.Metadata != state.Whole || one.Done != 0 || one.Added == 0 || one.Error != state.NoError {
			t.Errorf("torrent %+v", one)
		}
		if rows[whole].Torrent.Name != "\u201cüber\u201d" || rows[whole].Torrent.Queue == one.Queue {
			t.Errorf("torrent %+v", rows[whole])
		}
	}
	id := byHash(must(c.Torrents(t.Context(), All)))[empty].ID
	d.Remove(empty)
	l := must(c.Torrents(t.Context(), RecentlyActive))
	if len(l.Removed) != 1 || l.Removed[0] != id {
		t.Errorf("removed %v, want the id %d", l.Removed, id)
	}
}

func must(l Listing, err error) Listing {
	if err != nil {
		panic(err)
	}
	return l
}

func byHash(l Listing) map[state.Hash]Row {
	rows := make(map[state.Hash]Row)
	for _, r := range l.Rows {
		rows[r.Torrent.Hash] = r
	}
	return rows
}

// A restart changes ids, so it must be seen in the answer that has the new ones.
func TestRestartChangesRun(t *testing.T) {
	d := transmissiontest.Start(t)
	d.Add("one", false)
	c := client(t, d.URL())
	before, again := must(c.Torrents(t.Context(), All)), must(c.Torrents(t.Context(), All))
	if before.Run != again.Run {
		t.Errorf("run %d became %d without a restart", before.Run, again.Run)
	}
	d.Stop()
	_, err := c.Torrents(t.Context(), All)
	if kind, text := c.Explain(err); kind != state.DaemonUnreachable || !strings.Contains(text, "nothing answers at "+d.Addr()) {
		t.Errorf("a stopped daemon: %v %q (%v)", kind, text, err)
	}
	d.Run()
	if after := must(c.Torrents(t.Context(), All)); after.Run == before.Run {
		t.Errorf("run %d is the same after a restart", after.Run)
	}
}

func TestHungDaemon(t *testing.T) {
	stop := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	defer srv.Close()
	defer close(stop)
	c := client(t, srv.URL)
	c.timeout = 50 * time.Millisecond
	_, err := c.Torrents(t.Context(), All)
	if kind, text := c.Explain(err); kind != state.DaemonUnreachable || !strings.Contains(text, "does not answer in time") {
		t.Errorf("%v %q (%v)", kind, text, err)
	}
}

// 3.00 answers 421 to a host name that it was not told of.
func TestUnknownHost(t *testing.T) {
	d := transmissiontest.Start(t)
	var count atomic.Int64
	c := client(t, proxy(t, d.URL(), &count, func(r *http.Request) { r.Host = "seedbox.example" }))
	_, err := c.Session(t.Context())
	if kind, text := c.Explain(err); !errors.Is(err, ErrHostRefused) || kind != state.DaemonUnreachable || !strings.Contains(text, "rpc-host-whitelist") {
		t.Errorf("%v %q (%v)", kind, text, err)
	}
}

func TestNotTransmission(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    error
	}{
		"page":            {answer(200, "<html>"), ErrNotTransmission},
		"empty":           {answer(200, ""), ErrNotTransmission},
		"other JSON":      {answer(200, `[1]`), ErrNotTransmission},
		"missing":         {answer(404, ""), ErrNotTransmission},
		"redirect":        {http.RedirectHandler("http://127.0.0.1:1/", http.StatusFound).ServeHTTP, ErrNotTransmission},
		"no session id":   {answer(409, ""), ErrNotTransmission},
		"address refused": {answer(403, "403: Forbidden. Unauthorized IP Address."), ErrForbidden},
		"locked":          {answer(403, "Too many unsuccessful login attempts."), ErrLocked},
		"no login":        {answer(401, ""), ErrUnauthorized},
		"an error":        {answer(200, `{"result":"invalid argument"}`), ErrRefused},
		"old":             {answer(200, `{"result":"success","arguments":{"rpc-version":15,"version":"2.94"}}`), ErrTooOld},
		"endless":         {endless, ErrNotTransmission},
		"ever new ids":    {everNewIDs(), ErrNotTransmission},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(c.handler)
			defer srv.Close()
			client := client(t, srv.URL)
			client.maxAnswer = 1 << 20
			_, err := client.Session(t.Context())
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if kind, text := client.Explain(err); kind == state.DaemonOK || kind == state.DaemonUnknown || text == "" {
				t.Errorf("explained as %v %q", kind, text)
			}
		})
	}
}

// endless never stops sending one string.
func endless(w http.ResponseWriter, _ *http.Request) {
	_, err := w.Write([]byte(`{"result":"`))
	for chunk := make([]byte, 1<<20); err == nil; {
		for i := range chunk {
			chunk[i] = 'x'
		}
		_, err = w.Write(chunk)
	}
}

func everNewIDs() http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(sessionHeader, strings.Repeat("i", int(n.Add(1))))
		w.WriteHeader(http.StatusConflict)
	}
}
