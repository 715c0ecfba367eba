package executor

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"offing/tunnel/command"
)

func TestPrivate(t *testing.T) {
	for _, s := range []string{
		"127.0.0.1", "127.255.0.1", "::1", "0.0.0.0", "0.1.2.3", "::", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"169.254.169.254", "fe80::1", "fe80::1%eth0", "fec0::1", "100.64.0.1", "100.127.255.255", "224.0.0.1", "239.1.1.1", "ff02::1",
		"255.255.255.255", "240.0.0.1", "fc00::1", "fd12::1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1",
		"198.18.0.1", "192.0.0.1", "192.88.99.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1",
		"64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::",
		"2002:c0a8:101::", "2001:0:7f00:1::1", "2a00::5efe:127.0.0.1", "2a00::200:5efe:10.0.0.1", "100::1", "4000::1",
	} {
		if !private(netip.MustParseAddr(s)) {
			t.Errorf("%s counts as public", s)
		}
	}
	for _, s := range []string{"1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "193.0.0.1", "2606:4700::1111", "64:ff9b::1.1.1.1", "2002:101:101::1", "::ffff:1.1.1.1"} {
		if private(netip.MustParseAddr(s)) {
			t.Errorf("%s counts as private", s)
		}
	}
	if !private(netip.Addr{}) || !never(netip.Addr{}) || !never(netip.MustParseAddr("169.254.169.254")) || never(netip.MustParseAddr("127.0.0.1")) {
		t.Error("what is never fetched from")
	}
}

func TestPublicURL(t *testing.T) {
	for s, want := range map[string]bool{
		"http://list.example/x.gz": true, "https://1.1.1.1/": true, "http://list.example./": true,
		"http://127.0.0.1/": false, "http://localhost/": false, "http://LOCALHOST./": false, "http://box/": false, "ftp://list.example/": false,
		"http://0x7f.1/": false, "http://2130706433/": false, "http://017700000001/": false, "http://127.1/": false, "http://[::1]/": false,
		"http://printer.local/": false, "http://x.internal/": false, "file:///etc/passwd": false, "": false, "http://list.example/\n": false,
	} {
		if publicURL(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}

// site answers on loopback. What it is asked over is public when open says so.
type site struct {
	*httptest.Server
	host netip.AddrPort
}

func startSite(t *testing.T, h http.HandlerFunc) site {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return site{srv, netip.MustParseAddrPort(srv.Listener.Addr().String())}
}

func (s site) public(f *fetcher) {
	before := f.exempt
	f.exempt = func(a netip.AddrPort) bool { return a == s.host || before != nil && before(a) }
}

func TestFetch(t *testing.T) {
	const secret = "passkey-SECRET"
	var inside atomic.Int64
	private := startSite(t, func(w http.ResponseWriter, _ *http.Request) {
		inside.Add(1)
		_, _ = w.Write(metainfo(1))
	})
	var cookies, referers []string
	other := startSite(t, func(w http.ResponseWriter, r *http.Request) {
		cookies, referers = append(cookies, r.Header.Get("Cookie")), append(referers, r.Header.Get("Referer"))
		_, _ = w.Write(metainfo(2))
	})
	home := startSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good":
			if r.Header.Get("Cookie") != "uid=1" {
				http.Error(w, "login", http.StatusForbidden)
				return
			}
			_, _ = w.Write(metainfo(3))
		case "/same":
			http.Redirect(w, r, "/good", http.StatusFound)
		case "/other":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/inside":
			http.Redirect(w, r, private.URL, http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop?"+r.URL.RawQuery+"x", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/magnet":
			w.Header().Set("Location", "magnet:?xt=urn:btih:"+strings.Repeat("ab", 20))
			w.WriteHeader(http.StatusFound)
		case "/page":
			_, _ = w.Write([]byte("<html>" + secret))
		case "/huge":
			_, _ = w.Write(make([]byte, command.MaxMetainfo+2))
		default:
			http.NotFound(w, r)
		}
	})
	f := newFetcher(false)
	home.public(f)
	other.public(f)
	for _, c := range []struct {
		url  string
		code command.FaultCode
	}{
		{home.URL + "/good?" + secret, ""}, {home.URL + "/same?" + secret, ""}, {home.URL + "/other?" + secret, ""}, {home.URL + "/magnet", ""},
		{home.URL + "/inside", command.ForbiddenURL}, {private.URL + "/" + secret, command.ForbiddenURL},
		{"http://localhost:" + port(t, private.URL) + "/", command.ForbiddenURL},
		{home.URL + "/loop", command.NoFetch}, {home.URL + "/file", command.ForbiddenURL}, {home.URL + "/page?" + secret, command.NoFetch},
		{home.URL + "/huge", command.NoFetch}, {home.URL + "/absent?" + secret, command.NoFetch},
		{"file:///etc/passwd", command.ForbiddenURL}, {"gopher://x/", command.ForbiddenURL}, {"http:///x", command.ForbiddenURL},
		{"http://192.168.0.1:1/", command.ForbiddenURL}, {"http://[::ffff:127.0.0.1]:1/", command.ForbiddenURL},
	} {
		got, fault := f.fetch(t.Context(), c.url, "uid=1")
		switch {
		case c.code == "" && (fault != nil || len(got.Metainfo) == 0 && got.Magnet == ""):
			t.Errorf("%s: %+v", c.url, fault)
		case c.code != "" && (fault == nil || fault.Code != c.code):
			t.Errorf("%s: %+v, want %s", c.url, fault, c.code)
		case fault != nil && (strings.Contains(fault.Text, secret) || strings.Contains(fault.Text, "127.0.0.1")):
			t.Errorf("%s: %s", c.url, fault.Text)
		}
	}
	if inside.Load() != 0 {
		t.Error("the inside was reached")
	}
	if len(cookies) != 1 || cookies[0] != "" || referers[0] != "" {
		t.Errorf("the other host got the cookies %q and came from %q", cookies, referers)
	}
	if got, fault := newFetcher(true).fetch(t.Context(), private.URL, ""); fault != nil || len(got.Metainfo) == 0 {
		t.Errorf("with fetch_private: %+v", fault)
	}
}

func port(t *testing.T, s string) string {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// A name that leads to the box is no way in, nor is an address of the box that is
// public, nor a proxy of the environment.
func TestFetchOwn(t *testing.T) {
	f := newFetcher(false)
	f.own = func() ([]net.Addr, error) { return []net.Addr{&net.IPNet{IP: net.ParseIP("1.1.1.1")}}, nil }
	for address, good := range map[string]bool{"1.1.1.1:80": false, "[::ffff:1.1.1.1]:80": false, "1.1.1.2:80": true, "x": false} {
		if err := f.control(t.Context(), "tcp4", address, nil); good != (err == nil) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if f.control(t.Context(), "udp", "1.1.1.2:80", nil) == nil {
		t.Error("what is not TCP was dialled")
	}
	private := newFetcher(true)
	if private.control(context.Background(), "tcp", "169.254.169.254:80", nil) == nil {
		t.Error("an address of a cloud was dialled")
	}
	if f.client.Transport.(*http.Transport).Proxy != nil {
		t.Error("there is a proxy")
	}
}

func TestRedirectDowngrade(t *testing.T) {
	from, _ := http.NewRequest(http.MethodGet, "https://a.example/", nil)
	to, _ := http.NewRequest(http.MethodGet, "http://a.example/", nil)
	if err := checkRedirect(to, []*http.Request{from}); err != errDowngrade {
		t.Errorf("%v", err)
	}
}
