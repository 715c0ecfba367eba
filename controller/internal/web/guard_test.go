package web

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A site that makes its own name point to 127.0.0.1 gets nothing.
func TestRebinding(t *testing.T) {
	f := run(t, func(_ *fixture, c *Config) {
		c.PublicURL, c.Hosts = "https://Box.Example.org:443/", []string{"nas.local", "other.local:9000"}
	})
	session := f.setup(t)
	port := f.URL()[strings.LastIndex(f.URL(), ":"):]
	for _, host := range []string{
		"evil.example", "evil.example" + port, "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example" + port, "localhost." + port,
		"0.0.0.0" + port, "127.1" + port, "127.0.0.2" + port, "other.local", "other.local" + port, "xbox.example.org", "nas.local:1",
	} {
		for _, path := range []string{"/", "/setup", "/assets/app-12345.js", "/api/v1/setup", "/api/v1/session", "/api/v1/status", "/api/v1/ws"} {
			a := f.do(t, call{path: path, host: host, cookie: session})
			if a.StatusCode != 421 || a.code(t) != "wrong-host" || !strings.Contains(a.body, f.URL()) {
				t.Errorf("Host %s, %s: %d %s", host, path, a.StatusCode, a.body)
			}
		}
	}
	for _, host := range []string{
		"127.0.0.1" + port, "localhost" + port, "LOCALHOST" + port, "[::1]" + port,
		"box.example.org", "BOX.example.org", "nas.local", "nas.local" + port, "other.local:9000",
	} {
		if a := f.do(t, call{host: host}); a.StatusCode != 200 {
			t.Errorf("Host %s: %d %s", host, a.StatusCode, a.body)
		}
	}
}

// raw sends what no well-behaved client does, and returns the status line and the rest.
func (f *fixture) raw(t *testing.T, request string) *answer {
	t.Helper()
	for range 50 {
		a, err := f.rawOnce(t, request)
		if err == nil {
			return a
		}
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
			t.Fatal(err)
		}
	}
	t.Fatal("reset again and again")
	return nil
}

func (f *fixture) rawOnce(t *testing.T, request string) (*answer, error) {
	t.Helper()
	conn, err := net.Dial("tcp", f.tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return &answer{response, string(body)}, nil
}

func TestTwoNamesInOneRequest(t *testing.T) {
	f := run(t)
	good := strings.TrimPrefix(f.URL(), "http://")
	for _, request := range []string{
		"GET http://evil.example/api/v1/setup HTTP/1.1\nHost: " + good + "\nConnection: close\n\n",
		"GET http://" + good + "/api/v1/setup HTTP/1.1\nHost: evil.example\nConnection: close\n\n",
		"GET /api/v1/setup HTTP/1.1\nHost: evil.example\nX-Forwarded-Host: " + good + "\nConnection: close\n\n",
		"GET /api/v1/setup HTTP/1.1\nHost:\nConnection: close\n\n",
		"GET /api/v1/setup HTTP/1.0\n\n",
	} {
		if a := f.raw(t, request); a.StatusCode != 421 && a.StatusCode != 400 {
			t.Errorf("%q: %d %s", request, a.StatusCode, a.body)
		}
	}
}

// What changes something needs the page's own origin.
func TestOrigins(t *testing.T) {
	f := run(t, func(_ *fixture, c *Config) { c.PublicURL = "https://box.example.org" })
	session := f.setup(t)
	port := f.URL()[strings.LastIndex(f.URL(), ":"):]
	tests := []struct {
		origin, site, cookie string
		get, post            int
	}{
		{f.URL(), "same-origin", session, 200, 200},
		{f.URL(), "", session, 200, 200},
		{"http://localhost" + port, "", session, 200, 200},
		{"https://box.example.org", "same-origin", session, 200, 200},
		{"http://evil.example", "", session, 403, 403},
		{"http://evil.example", "cross-site", session, 403, 403},
		{"null", "", session, 403, 403},
		{"http://127.0.0.1", "", session, 403, 403},
		{"https://127.0.0.1" + port, "", session, 403, 403},
		{"http://box.example.org", "", session, 403, 403},
		{f.URL() + ".evil.example", "", session, 403, 403},
		{f.URL(), "cross-site", session, 403, 403},
		{"", "cross-site", session, 403, 403},
		{"", "same-site", session, 403, 403},
		{"", "none", session, 200, 403},        // typed into the address bar; nobody types a POST
		{"", "same-origin", session, 200, 403}, // a browser that leaves Origin out
		{"", "", session, 200, 403},            // the same, an old one
		{"", "", "", 401, 401},                 // a script: no cookie, nothing to abuse
	}
	for _, test := range tests {
		c := call{path: "/api/v1/session", origin: test.origin, site: test.site, cookie: test.cookie}
		if a := f.do(t, c); a.StatusCode != test.get {
			t.Errorf("GET  %+v: %d %s", test, a.StatusCode, a.body)
		}
		c.method, c.path = http.MethodPost, "/api/v1/tickets"
		if a := f.do(t, c); a.StatusCode != test.post || a.StatusCode == 403 && a.code(t) != "wrong-origin" {
			t.Errorf("POST %+v: %d %s", test, a.StatusCode, a.body)
		}
	}
	// No site can sign a browser out, nor in as somebody else.
	for _, method := range []string{http.MethodDelete, http.MethodPost} {
		a := f.do(t, call{method: method, path: "/api/v1/session", origin: "http://evil.example", cookie: session, body: `{"user":"ada","password":"` + password + `"}`})
		if a.StatusCode != 403 || len(a.Cookies()) != 0 {
			t.Errorf("%s: %d %v", method, a.StatusCode, a.Cookies())
		}
	}
	if a := f.do(t, call{path: "/api/v1/session", cookie: session}); a.StatusCode != 200 {
		t.Errorf("signed out by another site: %d", a.StatusCode)
	}
}

func TestHeadersAreEverywhere(t *testing.T) {
	f := run(t)
	good := "Host: " + strings.TrimPrefix(f.URL(), "http://") + "\nConnection: close\n"
	answers := map[string]*answer{
		"page":       f.do(t, call{path: "/"}),
		"asset":      f.do(t, call{path: "/assets/app-12345.js"}),
		"api":        f.do(t, call{}),
		"signed out": f.do(t, call{path: "/api/v1/status"}),
		"not found":  f.do(t, call{path: "/api/v1/nothing"}),
		"no method":  f.do(t, call{method: http.MethodPut, path: "/api/v1/setup"}),
		"host":       f.do(t, call{host: "evil.example"}),
		"large body": f.post(t, "/api/v1/session", "", strings.Repeat("x", maxBody+1)),
		"large head": f.raw(t, "GET / HTTP/1.1\n"+good+"X: "+strings.Repeat("x", 2*maxHead)+"\n\n"),
		"no http":    f.raw(t, "nonsense\n\n"),
	}
	for what, a := range answers {
		for name, want := range map[string]string{
			"Content-Security-Policy": contentSecurity, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Server": "",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s (%d): %s is %q", what, a.StatusCode, name, got)
			}
		}
		if a.Header.Get("Permissions-Policy") == "" {
			t.Errorf("%s: no Permissions-Policy", what)
		}
		if a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: other sites may read it", what)
		}
		if got := a.Header.Get("Cache-Control"); what != "asset" && got != "no-store" {
			t.Errorf("%s: Cache-Control is %q", what, got)
		}
		if a.StatusCode >= 400 {
			a.code(t)
		}
	}
	for what, status := range map[string]int{"large body": 413, "large head": 431, "no http": 400, "no method": 405, "not found": 404} {
		if got := answers[what].StatusCode; got != status {
			t.Errorf("%s: %d, want %d", what, got, status)
		}
	}
}

func TestPage(t *testing.T) {
	f := run(t)
	for path, want := range map[string][3]string{
		"/":                     {"200", "text/html; charset=utf-8", "no-store"},
		"/index.html":           {"200", "text/html; charset=utf-8", "no-store"},
		"/setup":                {"200", "text/html; charset=utf-8", "no-store"},
		"/boxes/demo":           {"200", "text/html; charset=utf-8", "no-store"},
		"/apiary":               {"200", "text/html; charset=utf-8", "no-store"},
		"/favicon.svg":          {"200", "image/svg+xml", "no-cache"},
		"/assets/app-12345.js":  {"200", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		"/assets/missing.js":    {"404", "application/problem+json", "no-store"},
		"/assets/../index.html": {"404", "application/problem+json", "no-store"},
		"/../../etc/passwd.txt": {"404", "application/problem+json", "no-store"},
		"/%2e%2e/secret.txt":    {"404", "application/problem+json", "no-store"},
		"/api":                  {"404", "application/problem+json", "no-store"},
		"/api/":                 {"404", "application/problem+json", "no-store"},
		"/api/v2/status":        {"404", "application/problem+json", "no-store"},
	} {
		a := f.raw(t, "GET "+path+" HTTP/1.1\nHost: "+strings.TrimPrefix(f.URL(), "http://")+"\nConnection: close\n\n")
		got := [3]string{fmt.Sprint(a.StatusCode), a.Header.Get("Content-Type"), a.Header.Get("Cache-Control")}
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestPageNotBuilt(t *testing.T) {
	f := run(t, func(_ *fixture, c *Config) { c.UI = nil })
	if a := f.do(t, call{path: "/"}); a.body != notBuilt || a.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// Whoever sends a request a byte at a time does not hold its place for ever.
func TestReadTimeoutIsSet(t *testing.T) {
	f := start(t)
	defer func() { _ = f.Close() }()
	server := f.tcpApp().Server()
	for what, d := range map[string]time.Duration{"read": server.ReadTimeout, "write": server.WriteTimeout, "idle": server.IdleTimeout} {
		if d <= 0 || d > 5*time.Minute {
			t.Errorf("the %s timeout is %v", what, d)
		}
	}
}

func TestPortInUse(t *testing.T) {
	f := run(t)
	c := f.Config
	c.Listen = f.tcp.Addr().String()
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), `in use by another program: stop that one, or set "listen"`) || strings.Contains(err.Error(), "\n") {
		t.Errorf("the same port: %v", err)
	}
	c.Listen = "127.0.0.1:0"
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), "another controller answers at") {
		t.Errorf("the same socket: %v", err)
	}
	if a := f.do(t, call{}); a.StatusCode != 200 {
		t.Errorf("after that the first one answers %d", a.StatusCode)
	}
	if _, err := f.overUnix().Get("http://offing/api/v1/setup"); err != nil {
		t.Errorf("after that the first one's socket: %v", err)
	}
}

func TestSocketFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")

	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	_ = stale.Close()
	l, err := listenUnix(path)
	if err != nil {
		t.Fatalf("over a stale one: %v", err)
	}
	_ = l.Close()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}

	if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte("precious"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := listenUnix(path); err == nil || !strings.Contains(err.Error(), "in the way") {
		t.Errorf("over a file: %v", err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "precious" {
		t.Errorf("the file: %q, %v", content, err)
	}
	if _, err := listenUnix(filepath.Join(dir, strings.Repeat("x", 110))); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a long path: %v", err)
	}
}

func TestCloseUnbinds(t *testing.T) {
	f := start(t)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(f.Socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	l, err := net.Listen("tcp", f.tcp.Addr().String())
	if err != nil {
		t.Fatalf("the port is still bound: %v", err)
	}
	_ = l.Close()
}
