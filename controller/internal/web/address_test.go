package web

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// TestAddress: only what a trusted proxy has written itself is believed.
func TestAddress(t *testing.T) {
	s := &Server{Config: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("fd00::/8")}}}
	app := fiber.New()
	for _, test := range []struct{ peer, header, want string }{
		{"192.0.2.7", "", "192.0.2.7"},
		{"192.0.2.7", "198.51.100.1", "192.0.2.7"}, // anybody can say that
		{"127.0.0.1", "", "127.0.0.1"},
		{"127.0.0.1", "198.51.100.1", "198.51.100.1"},
		{"127.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"}, // the first is the stranger's own
		{"127.0.0.1", "203.0.113.9\n198.51.100.1", "198.51.100.1"}, // as HAProxy says it
		{"127.0.0.1", "203.0.113.9, 192.0.2.1\n198.51.100.1", "198.51.100.1"},
		{"127.0.0.1", "198.51.100.1,", "127.0.0.1"},
		{"127.0.0.1", "unknown", "127.0.0.1"},
		{"127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"},
		{"fd00::1", "2001:db8::5", "2001:db8::5"},
		{"::ffff:127.0.0.1", "2001:db8::5", "2001:db8::5"},
		{"127.0.0.2", "2001:db8::5", "127.0.0.2"},
	} {
		var request fasthttp.RequestCtx
		request.SetRemoteAddr(&net.TCPAddr{IP: net.ParseIP(test.peer), Port: 1})
		for line := range strings.Lines(test.header) {
			request.Request.Header.Add("X-Forwarded-For", strings.TrimSpace(line))
		}
		c := app.AcquireCtx(&request)
		if got := s.address(c); got.String() != test.want {
			t.Errorf("%s saying %q is taken for %s, want %s", test.peer, test.header, got, test.want)
		}
		app.ReleaseCtx(c)
	}
}
