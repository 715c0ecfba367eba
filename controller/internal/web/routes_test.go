package web

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
)

// access says who may use a route.
type access string

const (
	everybody  access = "everybody"      // who is not signed in too
	readers    access = "readers"        // who is signed in, by API token too
	sessions   access = "sessions"       // who is signed in, but not by API token
	controls   access = "control"        // by API token from the scope "control" on
	adminsOnly access = "administrators" // by API token only with its widest scope
	apart      access = "apart"          // a test of its own
)

// routes is every route of the TCP port. A route that is not here fails the test:
// whoever adds one says who may use it.
var routes = map[string]access{
	"GET /*":                                   apart, // TestPage
	"GET /api/v1/ws":                           apart, // TestSocketOrigins and others: it needs a ticket
	"POST /api/v1/stream":                      apart, // TestStreamRefusals and others: it needs a ticket
	"POST /api/v1/stream/messages":             apart, // TestStreamBelongsToItsSession
	"GET /api/v1/features":                     everybody,
	"GET /api/v1/setup":                        everybody,
	"POST /api/v1/setup":                       everybody,
	"POST /api/v1/session":                     everybody,
	"POST /api/v1/session/second":              everybody,
	"POST /api/v1/session/second/passkey":      everybody,
	"POST /api/v1/session/passkey":             everybody,
	"DELETE /api/v1/session":                   everybody,
	"POST /api/v1/invitations/check":           everybody,
	"POST /api/v1/invitations/accept":          everybody,
	"GET /api/v1/session":                      readers,
	"GET /api/v1/sessions":                     readers,
	"GET /api/v1/factors":                      readers,
	"GET /api/v1/tokens":                       readers,
	"GET /api/v1/status":                       readers,
	"GET /api/v1/boxes/:box/list":              readers,
	"POST /api/v1/tickets":                     sessions,
	"DELETE /api/v1/sessions":                  sessions,
	"DELETE /api/v1/sessions/:id":              sessions,
	"POST /api/v1/password":                    sessions,
	"POST /api/v1/factors/totp":                sessions,
	"POST /api/v1/factors/totp/confirm":        sessions,
	"POST /api/v1/factors/totp/remove":         sessions,
	"POST /api/v1/factors/recovery":            sessions,
	"POST /api/v1/factors/passkeys":            sessions,
	"POST /api/v1/factors/passkeys/finish":     sessions,
	"POST /api/v1/factors/passkeys/:id/remove": sessions,
	"POST /api/v1/tokens":                      sessions,
	"DELETE /api/v1/tokens/:id":                sessions,
	"GET /api/v1/openapi.json":                 everybody,
	"GET /api/v1/commands":                     readers,
	"POST /api/v1/commands":                    controls,
	"GET /api/v1/commands/:id":                 readers,
	"DELETE /api/v1/commands/:id":              controls,
	"GET /api/v1/torrents":                     readers,
	"POST /api/v1/torrents":                    controls,
	"GET /api/v1/torrents/:box/:hash":          readers,
	"GET /api/v1/boxes":                        readers,
	"GET /api/v1/boxes/:box/free-space":        controls,
	"GET /api/v1/boxes/:box/settings":          adminsOnly,
	"PATCH /api/v1/boxes/:box/settings":        adminsOnly,
	"POST /api/v1/boxes/:box/test-port":        adminsOnly,
	"POST /api/v1/boxes/:box/blocklist":        adminsOnly,
	"GET /api/v1/quota":                        readers,
	"GET /api/v1/grants":                       readers,
	"PUT /api/v1/grants":                       controls,
	"GET /api/v1/owners":                       adminsOnly,
	"GET /api/v1/rules":                        adminsOnly,
	"PUT /api/v1/rules":                        adminsOnly,
	"PUT /api/v1/users/:user/quota":            adminsOnly,
	"GET /api/v1/users":                        adminsOnly,
	"POST /api/v1/users":                       adminsOnly,
	"PATCH /api/v1/users/:user":                adminsOnly,
	"DELETE /api/v1/users/:user":               adminsOnly,
	"POST /api/v1/users/:user/password":        adminsOnly,
	"POST /api/v1/users/:user/factors/remove":  adminsOnly,
	"GET /api/v1/users/:user/sessions":         adminsOnly,
	"DELETE /api/v1/users/:user/sessions":      adminsOnly,
	"DELETE /api/v1/users/:user/sessions/:id":  adminsOnly,
	"GET /api/v1/users/:user/tokens":           adminsOnly,
	"DELETE /api/v1/users/:user/tokens/:id":    adminsOnly,
	"GET /api/v1/invitations":                  adminsOnly,
	"POST /api/v1/invitations":                 adminsOnly,
	"DELETE /api/v1/invitations/:id":           adminsOnly,
	"GET /api/v1/audit":                        adminsOnly,
}

// routesOf returns the routes of an app as the table has them.
func routesOf(app *fiber.App) map[string]bool {
	all := map[string]bool{}
	for _, r := range app.GetRoutes(true) {
		if r.Method != fiber.MethodHead { // comes with each GET
			all[r.Method+" "+r.Path] = true
		}
	}
	return all
}

func TestEveryRouteSaysWhoMayUseIt(t *testing.T) {
	f := start(t)
	defer func() { _ = f.Close() }()
	there := routesOf(f.tcpApp())
	for route := range there {
		if routes[route] == "" {
			t.Errorf("%s is not in the table: say who may use it", route)
		}
	}
	for route := range routes {
		if !there[route] {
			t.Errorf("%s is in the table and not in the app", route)
		}
	}
}

// caller is somebody who asks, and what each kind of route says to them: "" is to
// be let in.
type caller struct {
	name          string
	cookie, token string
	refused       map[access]string
}

func (f *fixture) callers(t *testing.T) []caller {
	t.Helper()
	ada := f.setup(t)
	ben := f.person(t, "ben", account.RoleUser)
	out := map[access]string{readers: "signed-out", sessions: "signed-out", controls: "signed-out", adminsOnly: "signed-out"}
	noToken := map[access]string{readers: "bad-token", sessions: "bad-token", controls: "bad-token", adminsOnly: "bad-token"}
	user := map[access]string{adminsOnly: "not-allowed"}
	userReads := map[access]string{sessions: "session-needed", controls: "scope", adminsOnly: "not-allowed"}
	reads := map[access]string{sessions: "session-needed", controls: "scope", adminsOnly: "scope"}
	userToken := map[access]string{sessions: "session-needed", adminsOnly: "not-allowed"}
	narrow := map[access]string{sessions: "session-needed", adminsOnly: "scope"}
	wide := map[access]string{sessions: "session-needed"}
	return []caller{
		{"nobody", "", "", out},
		{"a foreign cookie", strings.Repeat("A", 43), "", out},
		{"a foreign token", "", strings.Repeat("A", 43), noToken},
		{"a user", ben, "", user},
		{"a user's token to read", "", f.token(t, ben, "read"), userReads},
		{"a user's token to control", "", f.token(t, ben, "control"), userToken},
		{"an administrator's token to read", "", f.token(t, ada, "read"), reads},
		{"an administrator's token to control", "", f.token(t, ada, "control"), narrow},
		{"an administrator's token", "", f.token(t, ada, "admin"), wide},
		{"an administrator", ada, "", nil},
	}
}

// TestRoutesAreGuarded calls every route as everybody.
func TestRoutesAreGuarded(t *testing.T) {
	var later atomic.Int64 // wrong tokens make one wait after a while
	begun := time.Now()
	f := run(t, func(f *fixture, _ *Config) {
		f.now = func() time.Time { return begun.Add(time.Duration(later.Load())) }
	})
	callers := f.callers(t)
	refusals := map[string]bool{"signed-out": true, "bad-token": true, "not-allowed": true, "scope": true, "session-needed": true}
	for route, who := range routes {
		if who == apart || who == everybody {
			continue
		}
		method, path, _ := strings.Cut(route, " ")
		path = strings.NewReplacer(":user", "nobody", ":id", "0000000000000000", ":box", "demo", ":hash", strings.Repeat("ab", 20)).Replace(path)
		later.Add(int64(16 * time.Minute))
		for _, c := range callers {
			r := call{method: method, path: path, cookie: c.cookie}
			if method != http.MethodGet {
				r.body = "{}"
			}
			if c.token != "" {
				r.authorization = "Bearer " + c.token
			} else {
				r.origin = f.URL()
			}
			a := f.do(t, r)
			code := ""
			if a.StatusCode >= 400 {
				code = a.code(t)
			}
			if want := c.refused[who]; want != "" && code != want || want == "" && refusals[code] {
				t.Errorf("%s by %s: %d %s, want %q", route, c.name, a.StatusCode, code, want)
			}
		}
	}
}

// The socket has what administrators do with others, and nothing of everybody's own.
func TestRoutesOfTheUnixSocket(t *testing.T) {
	f := start(t)
	defer func() { _ = f.Close() }()
	also := map[string]bool{
		"GET /api/v1/openapi.json": true, "GET /api/v1/commands": true, "POST /api/v1/commands": true,
		"GET /api/v1/commands/:id": true, "DELETE /api/v1/commands/:id": true, "GET /api/v1/torrents": true,
		"POST /api/v1/torrents": true, "GET /api/v1/torrents/:box/:hash": true, "GET /api/v1/boxes": true,
		"GET /api/v1/boxes/:box/free-space": true,
		"GET /api/v1/setup":                 true, "GET /api/v1/grants": true, "PUT /api/v1/grants": true, "GET /api/v1/status": true, "GET /api/v1/boxes/:box/list": true, "POST /api/v1/boxes/reload": true,
		"POST /api/v1/users/:user/tokens": true, // over HTTP nobody gets another's token
	}
	there := routesOf(f.unixApp())
	for route := range there {
		if !also[route] && routes[route] != adminsOnly {
			t.Errorf("%s is by the socket", route)
		}
	}
	for route, who := range routes {
		if who == adminsOnly && !there[route] {
			t.Errorf("%s is not by the socket", route)
		}
	}
}

func TestBearer(t *testing.T) {
	f := run(t)
	ada := f.setup(t)
	token := f.token(t, ada, "admin")
	newUser := `{"user":"kim","role":"user","password":"` + password + `"}`
	for _, test := range []struct {
		call
		status int
		code   string
	}{
		{call{path: "/api/v1/users", authorization: "Bearer " + token}, 200, ""},
		{call{path: "/api/v1/users", authorization: "bearer  " + token}, 401, "bad-token"},
		{call{path: "/api/v1/users", authorization: "bearer " + token}, 200, ""},
		{call{path: "/api/v1/users", authorization: "Bearer"}, 401, "bad-token"},
		{call{path: "/api/v1/users", authorization: "Basic " + token}, 401, "signed-out"},
		{call{path: "/api/v1/users", authorization: "Basic abc", cookie: ada}, 200, ""},
		{call{path: "/api/v1/users", authorization: "Bearer " + token, cookie: ada}, 400, "two-proofs"},
		{call{path: "/api/v1/users", authorization: "Bearer " + token, cookie: "x"}, 400, "two-proofs"},
		{call{path: "/api/v1/users", authorization: "Bearer " + token, origin: "https://evil.example"}, 403, "wrong-origin"},
		{call{path: "/api/v1/users", authorization: "Bearer " + token, site: "cross-site"}, 403, "wrong-origin"},
		{call{path: "/api/v1/users", cookie: token}, 401, "signed-out"},
		{call{path: "/api/v1/users", authorization: "Bearer " + ada}, 401, "bad-token"},
		{call{path: "/api/v1/users", method: http.MethodPost, authorization: "Bearer " + token, body: newUser}, 204, ""},
		{call{path: "/api/v1/users", method: http.MethodPost, authorization: "Bearer " + token, cookie: ada, body: newUser}, 403, "wrong-origin"},
	} {
		a := f.do(t, test.call)
		if a.StatusCode != test.status || test.code != "" && a.code(t) != test.code {
			t.Errorf("%+v: %d %s", test.call, a.StatusCode, a.body)
		}
	}
	if a := f.do(t, call{path: "/api/v1/session", authorization: "Bearer " + token}); !strings.Contains(a.body, `"scope":"admin"`) {
		t.Errorf("session: %s", a.body)
	}
}
