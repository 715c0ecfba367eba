package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fasthttp/websocket"
)

// The page may live below a path, whether the proxy passes that on or not.
func TestPrefix(t *testing.T) {
	f := run(t, func(_ *fixture, c *Config) { c.PublicURL = "https://home.example/seed/box" })
	const host, origin = "home.example", "https://home.example"
	for path, want := range map[string]string{
		"/seed/box/": "<!doctype", "/": "<!doctype", "/seed/box/setup": "<!doctype",
		"/seed/box/favicon.svg": "<svg/>", "/favicon.svg": "<svg/>",
		"/seed/box/api/v1/setup": `{"needed":true}`, "/api/v1/setup": `{"needed":true}`,
		"/seed/box/api/v1/none": `{"type"`, "/seed/box/seed/box/favicon.svg": `{"type"`,
		"/seed/boxes/favicon.svg": `{"type"`,
	} {
		if a := f.do(t, call{path: path, host: host}); !strings.HasPrefix(a.body, want) || a.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %.40s", path, a.StatusCode, a.body)
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.URL()+"/seed/box", nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := send(t, client, r); a.StatusCode != http.StatusPermanentRedirect || a.Header.Get("Location") != "/seed/box/" {
		t.Errorf("without a slash: %d %q", a.StatusCode, a.Header.Get("Location"))
	}
	for _, c := range []call{
		{path: "/seed/box/api/v1/setup", host: "evil.example"}, {path: "/seed/box/api/v1/session", method: http.MethodPost, host: host, origin: "https://evil.example"},
	} {
		if a := f.do(t, c); a.StatusCode != 421 && a.StatusCode != 403 {
			t.Errorf("%+v: %d", c, a.StatusCode)
		}
	}
	header := http.Header{"Origin": {origin}, "Host": {host}}
	s, _, err := websocket.DefaultDialer.DialContext(t.Context(), strings.Replace(f.URL(), "http", "ws", 1)+"/seed/box/api/v1/ws", header)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
}

// The cookie goes where the page is, and nowhere else on its host.
func TestPrefixOfCookies(t *testing.T) {
	f := run(t, func(_ *fixture, c *Config) { c.PublicURL = "https://home.example/seed" })
	f.setup(t)
	body := `{"user":"ada","password":"` + password + `"}`
	for what, c := range map[string]struct {
		host, origin, path string
	}{
		"through the proxy":         {"home.example", "https://home.example", "/seed"},
		"a proxy with its own name": {"", "https://home.example", "/seed"},
		"a program at the proxy":    {"home.example", "", "/seed"},
		"a browser on this machine": {"", f.URL(), "/"},
		"a program on this machine": {"", "", "/"},
	} {
		a := f.do(t, call{method: http.MethodPost, path: "/seed/api/v1/session", host: c.host, origin: c.origin, body: body})
		if cookies := a.Cookies(); len(cookies) != 1 || cookies[0].Path != c.path || cookies[0].Secure != (c.path != "/" || c.origin == "") {
			t.Errorf("%s: %d, cookies %v", what, a.StatusCode, cookies)
		}
	}
}
