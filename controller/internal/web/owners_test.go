package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/controller/internal/owners"
	"offing/controller/internal/store"
	"offing/tunnel/state"
)

const (
	annas  = "aa00000000000000000000000000000000000000"
	eves   = "ee00000000000000000000000000000000000000"
	nobody = "0000000000000000000000000000000000000001" // is not there
)

// people is an owners.People.
type people map[account.User]bool

func (p people) Exists(_ context.Context, u account.User) (bool, error) { return p[u], nil }

// onlyBox is an owners.Source with one box.
type onlyBox struct{ *state.State }

func (b onlyBox) Boxes() []fleet.Box { return []fleet.Box{{Name: "vps", State: b.State}} }

// withOwners gives a server two torrents on the box "vps", Anna's and Eve's.
func withOwners(t *testing.T) func(*fixture, *Config) {
	return func(f *fixture, c *Config) {
		st, err := store.Open(t.Context(), store.Config{Dir: filepath.Join(f.dir, "owned"), KeyFile: filepath.Join(f.dir, "owned.key"), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = st.Close() })
		o, err := owners.Open(t.Context(), owners.Config{Store: st, People: people{"ada": true, "anna": true, "ben": true, "eve": true}, Log: c.Log})
		if err != nil {
			t.Fatal(err)
		}
		box := onlyBox{state.New(1)}
		box.Touch(time.Now())
		counted := make(chan struct{}, 2)
		for hash, owner := range map[string]account.User{annas: "anna", eves: "eve"} {
			h, _ := state.ParseHash(hash)
			if err := box.Update(func(tx *state.Tx) error {
				tx.Put(&state.Torrent{Hash: h, Name: string(owner) + "'s", Size: 1000, Added: 100})
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if _, err := o.Set(t.Context(), map[owners.Key]int64{{Box: "vps", Hash: h}: 100}, owner, owners.Own); err != nil {
				t.Fatal(err)
			}
			defer o.WatchQuota(owner, func() { counted <- struct{}{} })()
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { o.Follow(ctx, box); close(done) }()
		t.Cleanup(func() { cancel(); <-done })
		<-counted
		<-counted
		c.Owners = o
	}
}

// asks sends a request past the sign-in, as a person who has signed in.
func (f *fixture) asks(t *testing.T, p account.Principal, method, path, body string) *answer {
	t.Helper()
	app := f.newApp(f.uploader)
	signedIn := func(c *fiber.Ctx) error { c.Locals(who, p); return c.Next() }
	f.ownerRoutes(app.Group("/api/v1"), signedIn)
	app.Get("/api/v1/quota", signedIn, f.getQuota)
	r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	response, err := app.Test(r, int(patience.Milliseconds()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &answer{response, string(text)}
}

// grants is a body of PUT /grants.
func grants(user, access string, hashes ...string) string {
	var torrents []string
	for _, h := range hashes {
		torrents = append(torrents, `{"box":"vps","hash":"`+h+`"}`)
	}
	return fmt.Sprintf(`{"torrents":[%s],"user":%q,"access":%q}`, strings.Join(torrents, ","), user, access)
}

var (
	ada   = account.Principal{User: "ada", Role: account.RoleAdmin}
	anna  = account.Principal{User: "anna", Role: account.RoleUser}
	ben   = account.Principal{User: "ben", Role: account.RoleUser}
	ghost = account.Principal{User: "anna"} // with a role that nobody knows
)

func TestOwnerRoutes(t *testing.T) {
	f := start(t, withOwners(t))
	defer func() { _ = f.Close() }()
	tests := []struct {
		who          account.Principal
		method, path string
		body         string
		status       int
		want         string // how the answer begins, or the code of the fault
	}{
		{anna, "GET", "/quota", "", 200, `{"quota":{},"used":{"torrents":1,"bytes":1000}}`},
		{anna, "PUT", "/grants", grants("Ben", "see", annas), 200, `{"changed":1}`},
		{anna, "GET", "/grants?box=vps&hash=" + annas, "", 200, `{"grants":[{"user":"anna","access":"own"},{"user":"ben","access":"see"}]}`},
		{ada, "GET", "/grants?box=vps&hash=" + eves, "", 200, `{"grants":[{"user":"eve","access":"own"}]}`},
		{ben, "GET", "/grants?box=vps&hash=" + annas, "", 403, "not-owner"},
		{anna, "GET", "/grants?box=vps&hash=" + eves, "", 404, "unknown-torrent"},
		{anna, "GET", "/grants?box=vps&hash=" + nobody, "", 404, "unknown-torrent"},
		{anna, "GET", "/grants?box=vps&hash=short", "", 400, "bad-request"},
		{ghost, "GET", "/grants?box=vps&hash=" + annas, "", 403, "not-allowed"},
		{anna, "PUT", "/grants", grants("ben", "see", annas, annas), 200, `{"changed":0}`},
		{anna, "PUT", "/grants", grants("ben", "none", annas), 200, `{"changed":1}`},
		{anna, "PUT", "/grants", grants("ben", "own", annas), 403, "not-yours-to-give"},
		{anna, "PUT", "/grants", grants("zoe", "see", annas), 404, "unknown-user"},
		{ghost, "PUT", "/grants", grants("ben", "see", annas), 403, "not-allowed"},
		{ada, "PUT", "/grants", grants("ben", "own", annas, nobody), 200, `{"changed":2}`},
		{ada, "PUT", "/grants", grants("ben", "none", annas, nobody), 200, `{"changed":2}`},
		{ada, "PUT", "/grants", strings.Replace(grants("ben", "own", annas), "vps", "no such box", 1), 404, "unknown-torrent"},

		{ada, "GET", "/owners", "", 200, `{"torrents":[{"box":"vps","hash":"` + annas + `","name":"anna's","size":1000,"added":100,"grants":[{"user":"anna","access":"own"}]},{"box":`},
		{ada, "GET", "/owners?user=EVE&box=vps", "", 200, `{"torrents":[{"box":"vps","hash":"` + eves},
		{ada, "GET", "/owners?box=other", "", 200, `{"torrents":[]}`},
		{ada, "GET", "/owners?unowned=true", "", 200, `{"torrents":[]}`},
		{ada, "GET", "/owners?unowned=1", "", 400, "bad-request"},

		{ada, "GET", "/rules", "", 200, `{"rules":[]}`},
		{ada, "PUT", "/rules", `{"rules":[{"label":"tv","user":"Anna","access":"own"},{"box":"vps","name":"*.iso","user":"ben","access":"see"}]}`, 204, ""},
		{ada, "GET", "/rules", "", 200, `{"rules":[{"label":"tv","user":"anna","access":"own"},{"box":"vps","name":"*.iso","user":"ben","access":"see"}]}`},
		{ada, "PUT", "/rules", `{}`, 400, "bad-request"},
		{ada, "PUT", "/rules", `{"rules":[{"user":"anna"}]}`, 400, "bad-rules"},
		{ada, "PUT", "/rules", `{"rules":[{"user":"zoe","access":"own"}]}`, 404, "unknown-user"},
		{ada, "PUT", "/rules", `{"rules":[{"user":"anna","access":"king"}]}`, 400, "bad-request"},
		{ada, "PUT", "/rules", `{"rules":[` + strings.Repeat(`{"user":"anna","access":"own"},`, 200) + `{"user":"anna","access":"own"}]}`, 400, "bad-rules"},

		{ada, "PUT", "/users/Anna/quota", `{"torrents":5,"bytes":2000,"down":3,"up":4}`, 204, ""},
		{anna, "GET", "/quota", "", 200, `{"quota":{"torrents":5,"bytes":2000,"down":3,"up":4},"used":{"torrents":1,"bytes":1000}}`},
		{ada, "PUT", "/users/a%6Ena/quota", `{}`, 204, ""},
		{anna, "GET", "/quota", "", 200, `{"quota":{},"used":{"torrents":1,"bytes":1000}}`},
		{ada, "PUT", "/users/anna/quota", `{"torrents":-1}`, 400, "bad-quota"},
		{ada, "PUT", "/users/anna/quota", `{"torrents":1e99}`, 400, "bad-request"},
		{ada, "PUT", "/users/zoe/quota", `{}`, 404, "unknown-user"},
		{ada, "PUT", "/users/%25zz/quota", `{}`, 404, "unknown-user"},

		// What administrators do is not for others.
		{anna, "GET", "/owners?user=anna", "", 403, "not-allowed"},
		{anna, "GET", "/rules", "", 403, "not-allowed"},
		{anna, "PUT", "/rules", `{"rules":[]}`, 403, "not-allowed"},
		{anna, "PUT", "/users/anna/quota", `{}`, 403, "not-allowed"},
		{ghost, "GET", "/owners", "", 403, "not-allowed"},
	}
	for _, test := range tests {
		a := f.asks(t, test.who, test.method, test.path, test.body)
		ok := a.StatusCode == test.status
		if ok && test.status >= 400 {
			ok = a.code(t) == test.want
		} else {
			ok = ok && strings.HasPrefix(a.body, test.want)
		}
		if !ok {
			t.Errorf("%s %s %.80s: %d %s", test.method, test.path, test.body, a.StatusCode, a.body)
		}
	}
	if a := f.asks(t, ada, "PUT", "/rules", `{"rules":[{"user":"anna","access":"own"},{"user":"zoe","access":"own"}]}`); !strings.Contains(a.body, "Rule 2: ") {
		t.Errorf("which rule it is, is not said: %s", a.body)
	}
}

// TestForeignTorrentsAreMissing: Anna tries Eve's torrent, one that is not there,
// and one on a box that is not there. All three answers are the same to the byte.
func TestForeignTorrentsAreMissing(t *testing.T) {
	f := start(t, withOwners(t))
	defer func() { _ = f.Close() }()
	for _, user := range []string{"ben", "anna", "eve", "zoe"} {
		for _, access := range []string{"none", "see", "act", "own"} {
			var first *answer
			for _, body := range []string{
				grants(user, access, eves), grants(user, access, nobody), strings.Replace(grants(user, access, eves), "vps", "xyz", 1),
				grants(user, access, eves, nobody),
			} {
				a := f.asks(t, anna, "PUT", "/grants", body)
				if first == nil {
					first = a
				}
				if a.StatusCode != first.StatusCode || a.body != first.body || a.StatusCode != 404 && access != "own" || a.StatusCode < 400 {
					t.Errorf("%s to %s: %d %s, and before %d %s", access, user, a.StatusCode, a.body, first.StatusCode, first.body)
				}
			}
		}
	}
}

func TestBadGrants(t *testing.T) {
	f := start(t, withOwners(t))
	defer func() { _ = f.Close() }()
	many := func(n int) string {
		hashes := make([]string, n)
		for i := range hashes {
			hashes[i] = fmt.Sprintf("%040x", i)
		}
		return grants("ben", "see", hashes...)
	}
	long := strings.ReplaceAll(many(1000), "vps", strings.Repeat("x", 64)) // no box has a longer name
	good := grants("ben", "see", annas)
	tests := []struct {
		body   string
		status int
		code   string
	}{
		{many(1000), 200, ""},
		{many(1001), 400, "too-many-torrents"},
		{long, 404, "unknown-torrent"},
		{grants("ben", "see"), 400, "bad-request"}, // none does not mean all
		{strings.Replace(good, "[", "[null,", 1), 404, "unknown-torrent"},
		{grants("ben", "see", "xyz"), 400, "bad-request"},
		{grants("ben", "see", annas[1:]), 400, "bad-request"},
		{grants("ben", "see", annas+"0"), 400, "bad-request"},
		{grants("ben", "see", strings.Replace(annas, "a", "g", 1)), 400, "bad-request"},
		{grants("ben", "", annas), 400, "bad-request"},
		{grants("ben", "admin", annas), 400, "bad-request"},
		{grants("", "see", annas), 400, "bad-request"},
		{strings.Replace(good, `,"access":"see"`, "", 1), 400, "bad-request"},
		{strings.Replace(good, `"see"`, "1", 1), 400, "bad-request"},
		{strings.Replace(good, `"user"`, `"everybody":true,"user"`, 1), 400, "bad-request"},
		{strings.Replace(good, `"vps"`, `["vps"]`, 1), 400, "bad-request"},
		{good + good, 400, "bad-request"},
		{``, 400, "bad-request"},
	}
	for _, test := range tests {
		a := f.asks(t, ada, "PUT", "/grants", test.body)
		if a.StatusCode != test.status || test.code != "" && a.code(t) != test.code {
			t.Errorf("%.100s: %d %s", test.body, a.StatusCode, a.body)
		}
	}
	if len(long) > maxBody {
		t.Errorf("%d bytes are allowed, and 1,000 torrents take %d", maxBody, len(long))
	}
}

// The doors of the server itself: sign-in on TCP, and none on the Unix socket.
func TestOwnersBehindTheDoors(t *testing.T) {
	f := run(t, withOwners(t))
	session := f.setup(t)
	routes := []call{
		{method: "GET", path: "/api/v1/quota"}, {method: "GET", path: "/api/v1/owners"}, {method: "GET", path: "/api/v1/rules"},
		{method: "PUT", path: "/api/v1/rules", body: `{"rules":[]}`},
		{method: "PUT", path: "/api/v1/grants", body: grants("ben", "see", annas)},
		{method: "PUT", path: "/api/v1/users/anna/quota", body: `{"torrents":5}`},
	}
	for _, c := range routes {
		c.origin = f.URL()
		if a := f.do(t, c); a.StatusCode != 401 || a.code(t) != "signed-out" {
			t.Errorf("%s %s by a stranger: %d %s", c.method, c.path, a.StatusCode, a.body)
		}
		c.cookie = session
		if a := f.do(t, c); a.StatusCode >= 300 {
			t.Errorf("%s %s by an administrator: %d %s", c.method, c.path, a.StatusCode, a.body)
		}
		c.origin = "http://evil.example"
		if a := f.do(t, c); a.StatusCode != 403 || a.code(t) != "wrong-origin" {
			t.Errorf("%s %s by another site: %d %s", c.method, c.path, a.StatusCode, a.body)
		}
		r, _ := http.NewRequest(c.method, "http://offing"+c.path, strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		a, isNobodys := send(t, f.overUnix(), r), c.path == "/api/v1/quota"
		if isNobodys && a.StatusCode != 404 || !isNobodys && a.StatusCode >= 300 {
			t.Errorf("%s %s on the socket: %d %s", c.method, c.path, a.StatusCode, a.body)
		}
	}
}

func FuzzGrantsRequest(f *testing.F) {
	for _, seed := range []string{
		grants("ben", "see", annas), grants("ben", "none"), `{"torrents":[null],"user":"x","access":null}`, `{"torrents":[{"hash":""}]}`, `{}`, `[`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var r grantsRequest
		if decode("application/json", body, &r) != nil {
			return
		}
		if r.Access != nil && *r.Access > owners.Own {
			t.Fatalf("%q gives %d", body, *r.Access)
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back grantsRequest
		if err := decode("application/json", again, &back); err != nil || len(back.Torrents) != len(r.Torrents) || back.User != r.User {
			t.Fatalf("%q decodes to %+v, that to %+v, %v", body, r, back, err)
		}
	})
}
