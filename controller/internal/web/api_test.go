package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestSetupThenSession(t *testing.T) {
	f := run(t)
	if a := f.do(t, call{}); a.body != `{"needed":true}` {
		t.Fatalf("before: %s", a.body)
	}
	token, _, err := f.Accounts.NewSetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	body := `{"token":"` + string(token) + `","user":"Ada","password":"` + password + `"}`
	session := sessionOf(t, f.post(t, "/api/v1/setup", "", body))
	if a := f.do(t, call{}); a.body != `{"needed":false}` {
		t.Errorf("after: %s", a.body)
	}
	if a := f.do(t, call{path: "/api/v1/session", cookie: session}); a.body != `{"user":"ada","role":"admin","name":"Ada","second_factor":false}` {
		t.Errorf("session: %s", a.body)
	}
	if a := f.post(t, "/api/v1/setup", "", strings.Replace(body, "Ada", "Eve", 1)); a.StatusCode != 403 || a.code(t) != "setup-refused" {
		t.Errorf("the token used twice: %d %s", a.StatusCode, a.body)
	}
	for _, part := range []string{`"short"`, `""`, `"` + strings.Repeat("x", 257) + `"`} {
		a := f.post(t, "/api/v1/setup", "", `{"token":"x","user":"Ada","password":`+part+`}`)
		if a.StatusCode != 403 { // who has no token is told nothing else
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
}

func TestSessionCookie(t *testing.T) {
	f := run(t, func(_ *fixture, c *Config) { c.PublicURL = "https://box.example.org" })
	f.setup(t)
	for origin, secure := range map[string]bool{f.URL(): false, "https://box.example.org": true, "": true} {
		a := f.do(t, call{method: http.MethodPost, path: "/api/v1/session", origin: origin, body: `{"user":"ada","password":"` + password + `"}`})
		if a.StatusCode != 204 || len(a.Cookies()) != 1 {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
		c := a.Cookies()[0]
		if c.Name != cookie || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" ||
			c.MaxAge != 30*24*3600 || len(c.Value) != 43 || c.Secure != secure {
			t.Errorf("from %q: %s", origin, a.Header.Get("Set-Cookie"))
		}
	}
}

func TestSignOut(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	del := call{method: http.MethodDelete, path: "/api/v1/session", origin: f.URL(), cookie: session}
	for range 2 {
		a := f.do(t, del)
		if a.StatusCode != 204 || len(a.Cookies()) != 1 || !a.Cookies()[0].Expires.Before(time.Now()) || a.Cookies()[0].Value != "" {
			t.Fatalf("%d %v %s", a.StatusCode, a.Header["Set-Cookie"], a.body)
		}
	}
	if a := f.do(t, call{path: "/api/v1/session", cookie: session}); a.StatusCode != 401 || a.code(t) != "signed-out" {
		t.Errorf("the old cookie: %d %s", a.StatusCode, a.body)
	}
}

// Everything that shows something needs a session.
func TestSignedOut(t *testing.T) {
	f := run(t)
	f.setup(t)
	for _, session := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("B", 4000)} {
		for _, c := range []call{
			{path: "/api/v1/session"}, {path: "/api/v1/status"}, {path: "/api/v1/boxes/demo/list"}, {path: "/api/v1/boxes/none/list"},
			{path: "/api/v1/tickets", method: http.MethodPost, origin: f.URL()},
		} {
			c.cookie = session
			if a := f.do(t, c); a.StatusCode != 401 || a.code(t) != "signed-out" {
				t.Errorf("%s: %d %s", c.path, a.StatusCode, a.body)
			}
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		a := f.do(t, call{path: "/api/v1/boxes/reload", method: method, origin: f.URL()})
		if a.StatusCode != 404 && a.StatusCode != 405 {
			t.Errorf("reload by TCP: %d %s", a.StatusCode, a.body)
		}
	}
}

func TestGuessingIsSlowedDown(t *testing.T) {
	now := time.Unix(2e9, 0)
	f := run(t, func(f *fixture, _ *Config) { f.now = func() time.Time { return now } })
	f.setup(t)
	for i := range 10 {
		if a := f.signIn(t, "wrong wrong wrong"); a.StatusCode != 401 || a.code(t) != "bad-credentials" {
			t.Fatalf("attempt %d: %d %s", i+1, a.StatusCode, a.body)
		}
	}
	a := f.signIn(t, "wrong wrong wrong")
	wait, err := strconv.Atoi(a.Header.Get("Retry-After"))
	if a.StatusCode != 429 || a.code(t) != "too-many-attempts" || err != nil || wait < 1 {
		t.Fatalf("attempt 11: %d, Retry-After %q, %s", a.StatusCode, a.Header.Get("Retry-After"), a.body)
	}
	if a := f.signIn(t, password); a.StatusCode != 429 {
		t.Fatalf("the right one at once: %d", a.StatusCode)
	}
	now = now.Add(time.Duration(wait) * time.Second)
	sessionOf(t, f.signIn(t, password))
}

func TestBoxes(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	if a := f.do(t, call{path: "/api/v1/status", cookie: session}); a.StatusCode != 200 || !strings.HasPrefix(a.body, `{"boxes":[{"box":"demo"`) {
		t.Errorf("status: %d %s", a.StatusCode, a.body)
	}
	for _, path := range []string{"/api/v1/boxes/demo/list", "/api/v1/boxes/de%6Do/list"} {
		if a := f.do(t, call{path: path, cookie: session}); a.StatusCode != 200 || !strings.HasPrefix(a.body, `{"box":"demo"`) {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
	for _, path := range []string{"/api/v1/boxes/other/list", "/api/v1/boxes/de%25/list"} {
		if a := f.do(t, call{path: path, cookie: session}); a.StatusCode != 404 || a.code(t) != "unknown-box" {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
	if a := f.do(t, call{path: "/api/v1/boxes/panic/list", cookie: session}); a.StatusCode != 500 || a.code(t) != "internal" {
		t.Errorf("panic: %d %s", a.StatusCode, a.body)
	}
	if log := f.log.String(); strings.Contains(log, "secret of the request") || !strings.Contains(log, "a request failed") {
		t.Errorf("log after a panic:\n%s", log)
	}
}

func TestUnixSocketNeedsNoSignIn(t *testing.T) {
	f := run(t)
	client := f.overUnix()
	for path, want := range map[string]string{
		"/api/v1/setup": `{"needed":true}`, "/api/v1/status": `{"boxes":[{"box":"demo"`, "/api/v1/boxes/demo/list": `{"box":"demo"`,
	} {
		r, _ := http.NewRequest(http.MethodGet, "http://offing"+path, nil)
		if a := send(t, client, r); a.StatusCode != 200 || !strings.HasPrefix(a.body, want) {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
	r, _ := http.NewRequest(http.MethodPost, "http://offing/api/v1/boxes/reload", nil)
	if a := send(t, client, r); a.StatusCode != 204 {
		t.Errorf("reload: %d %s", a.StatusCode, a.body)
	}
	<-f.Boxes.(boxes).reloaded
	for _, path := range []string{"/", "/api/v1/session", "/api/v1/ws"} {
		r, _ := http.NewRequest(http.MethodGet, "http://offing"+path, nil)
		if a := send(t, client, r); a.StatusCode != 404 || a.code(t) != "not-found" {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
	if info, err := os.Stat(f.Socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info.Mode(), err)
	}
}

func TestBadBodies(t *testing.T) {
	f := run(t)
	f.setup(t)
	good := `{"user":"ada","password":"` + password + `"}`
	tests := []struct {
		kind, body string
		status     int
		code       string
	}{
		{"application/json", good, 204, ""},
		{"Application/JSON; charset=utf-8", good, 204, ""},
		{"text/plain", good, 415, "wrong-type"},
		{"application/x-www-form-urlencoded", good, 415, "wrong-type"},
		{"multipart/form-data; boundary=x", good, 415, "wrong-type"},
		{"application/json;;", good, 415, "wrong-type"},
		{"application/json", "{", 400, "bad-request"},
		{"application/json", good + good, 400, "bad-request"},
		{"application/json", `{"user":1}`, 400, "bad-request"},
		{"application/json", `{"user":"ada","password":"x","role":"admin"}`, 400, "bad-request"},
		{"application/json", `[]`, 400, "bad-request"},
		{"application/json", `null`, 401, "bad-credentials"},
		{"application/json", `{"user":"` + strings.Repeat("a", maxBody) + `"}`, 413, "too-large"},
	}
	for _, test := range tests {
		a := f.do(t, call{method: http.MethodPost, path: "/api/v1/session", kind: test.kind, body: test.body})
		if a.StatusCode != test.status || test.code != "" && a.code(t) != test.code {
			t.Errorf("%s %.60s: %d %s", test.kind, test.body, a.StatusCode, a.body)
		}
	}
}

// TestLogHoldsNoSecrets goes through sign-in and out, and reads the log of it.
func TestLogHoldsNoSecrets(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	f.signIn(t, "wrong wrong wrong")
	s, a := f.open(t, session)
	f.do(t, call{method: http.MethodDelete, path: "/api/v1/session", origin: f.URL(), cookie: session})
	expectClose(t, s, 4409)
	log := strings.ToLower(f.log.String())
	for _, secret := range []string{session, a, password, "wrong wrong", "ada"} {
		if strings.Contains(log, strings.ToLower(secret)) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"user":"ada","password":"x"}`, `{}`, `null`, `[`, `{"user":"\ud800"}`, `{"user":"a"}{}`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var r signInRequest
		if decode("application/json", body, &r) != nil {
			return
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back signInRequest
		if err := decode("application/json", again, &back); err != nil || back != r {
			t.Fatalf("%q decodes to %+v, that to %+v, %v", body, r, back, err)
		}
		if !json.Valid(bytes.TrimSpace(body)) {
			t.Fatalf("%q is taken for JSON", body)
		}
	})
}
