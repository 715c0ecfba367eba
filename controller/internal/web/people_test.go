package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"offing/controller/internal/account"
)

// person makes somebody with the usual password, and returns their cookie.
func (f *fixture) person(t *testing.T, name string, role account.Role) string {
	t.Helper()
	if err := f.Accounts.Add(t.Context(), name, role, password); err != nil {
		t.Fatal(err)
	}
	return sessionOf(t, f.enter(t, name))
}

func (f *fixture) enter(t *testing.T, name string) *answer {
	t.Helper()
	return f.post(t, "/api/v1/session", "", `{"user":"`+name+`","password":"`+password+`"}`)
}

// token makes an API token.
func (f *fixture) token(t *testing.T, cookie, scope string) string {
	t.Helper()
	var made struct{ Token string }
	into(t, f.post(t, "/api/v1/tokens", cookie, `{"name":"a script","scope":"`+scope+`"}`), &made)
	return made.Token
}

// into decodes an answer of status 200, all of it.
func into(t *testing.T, a *answer, v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); a.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("%d %s: %v", a.StatusCode, a.body, err)
	}
}

// change sends a request of the page that may have no body.
func (f *fixture) change(t *testing.T, method, path, cookie, body string) *answer {
	t.Helper()
	return f.do(t, call{method: method, path: "/api/v1/" + path, origin: f.URL(), site: "same-origin", cookie: cookie, body: body})
}

func expectStatus(t *testing.T, a *answer, status int, code string) {
	t.Helper()
	if a.StatusCode != status || code != "" && a.code(t) != code {
		t.Errorf("%s %s: %d %s, want %d %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, a.body, status, code)
	}
}

func TestAdministratorsAndPeople(t *testing.T) {
	var kept []AuditEntry
	f := run(t, func(_ *fixture, c *Config) {
		c.Audit = func(_ context.Context, p account.Principal, action, object string) {
			kept = append(kept, AuditEntry{At: time.Unix(0, 0).UTC(), Actor: p.User, Action: action, Object: object})
		}
		c.AuditLog = func(_ context.Context, n int) ([]AuditEntry, error) { return kept[max(0, len(kept)-n):], nil }
	})
	ada := f.setup(t)
	expectStatus(t, f.change(t, "POST", "users", ada, `{"user":"Ben","role":"user","password":"`+password+`"}`), 204, "")
	expectStatus(t, f.change(t, "POST", "users", ada, `{"user":"ben","role":"user","password":"`+password+`"}`), 409, "user-exists")
	expectStatus(t, f.change(t, "POST", "users", ada, `{"user":"eve","role":"root","password":"`+password+`"}`), 400, "bad-role")
	ben := sessionOf(t, f.enter(t, "ben"))
	var list struct{ Users []listedUser }
	into(t, f.do(t, call{path: "/api/v1/users", cookie: ada}), &list)
	if len(list.Users) != 2 || list.Users[1].User != "ben" || list.Users[1].Name != "Ben" || list.Users[1].Sessions != 1 || list.Users[1].Seen.IsZero() {
		t.Errorf("%+v", list.Users)
	}
	socket, _ := f.open(t, ben)
	expectStatus(t, f.change(t, "PATCH", "users/BEN", ada, `{"disabled":true}`), 204, "")
	expectClose(t, socket, 4409)
	expectStatus(t, f.do(t, call{path: "/api/v1/session", cookie: ben}), 401, "signed-out")
	expectStatus(t, f.enter(t, "ben"), 403, "disabled")
	expectStatus(t, f.change(t, "PATCH", "users/ben", ada, `{"disabled":false,"role":"admin"}`), 204, "")
	expectStatus(t, f.change(t, "PATCH", "users/ben", ada, `{}`), 400, "bad-request")
	expectStatus(t, f.change(t, "POST", "users/ben/password", ada, `{"password":"another password"}`), 204, "")
	expectStatus(t, f.change(t, "POST", "users/ben/factors/remove", ada, ""), 204, "")
	expectStatus(t, f.change(t, "DELETE", "users/ben", ada, ""), 204, "")
	for _, path := range []string{"users/ben", "users/a%20b", "users/%25", "users/" + strings.Repeat("x", 500)} {
		expectStatus(t, f.change(t, "DELETE", path, ada, ""), 404, "unknown-user")
	}
	for _, body := range []string{`{"disabled":true}`, `{"role":"user"}`} {
		expectStatus(t, f.change(t, "PATCH", "users/ada", ada, body), 409, "last-admin")
	}
	expectStatus(t, f.change(t, "DELETE", "users/ada", ada, ""), 409, "last-admin")
	a := f.do(t, call{path: "/api/v1/audit?n=2", cookie: ada})
	want := `{"audit":[{"at":"1970-01-01T00:00:00Z","actor":"ada","action":"user-factors-removed","object":"ben"},` +
		`{"at":"1970-01-01T00:00:00Z","actor":"ada","action":"user-removed","object":"ben"}]}`
	if a.body != want {
		t.Errorf("audit: %s", a.body)
	}
	for _, n := range []string{"0", "-1", "1001", "x", "99999999999999999999"} {
		expectStatus(t, f.do(t, call{path: "/api/v1/audit?n=" + n, cookie: ada}), 400, "bad-request")
	}
	var actions []string
	for _, e := range kept {
		actions = append(actions, e.Action)
	}
	if want := []string{auditAdd, auditDisable, auditRole, auditEnable, auditPassword, auditFactors, auditRemove}; !slices.Equal(actions, want) {
		t.Errorf("kept %q", actions)
	}
}

func TestPeopleByTheSocket(t *testing.T) {
	f := run(t)
	client := f.overUnix()
	do := func(method, path, body string) *answer {
		r, err := http.NewRequest(method, "http://offing/api/v1/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		return send(t, client, r)
	}
	f.setup(t)
	expectStatus(t, do("POST", "users", `{"user":"ben","role":"user","password":"`+password+`"}`), 204, "")
	f.enter(t, "ben")
	var list struct{ Sessions []listedSession }
	into(t, do("GET", "users/ben/sessions", ""), &list)
	if len(list.Sessions) != 1 || list.Sessions[0].Current {
		t.Fatalf("%+v", list.Sessions)
	}
	expectStatus(t, do("DELETE", "users/ben/sessions/"+list.Sessions[0].ID, ""), 204, "")
	expectStatus(t, do("DELETE", "users/ben/sessions/"+list.Sessions[0].ID, ""), 404, "unknown-session")
	expectStatus(t, do("DELETE", "users/ben/tokens/0000000000000000", ""), 404, "unknown-token")
	expectStatus(t, do("DELETE", "users/ben/sessions", ""), 204, "")
	if a := do("GET", "users/ben/tokens", ""); a.body != `{"tokens":[]}` {
		t.Errorf("tokens: %s", a.body)
	}
	if a := do("GET", "audit", ""); a.body != `{"audit":[]}` {
		t.Errorf("audit: %s", a.body)
	}
}

// Who has the controller's socket makes tokens of people, which are no more than those
// that they make themselves, and nobody makes another's over HTTP.
func TestTokensOfPeopleByTheSocket(t *testing.T) {
	var kept []string
	f := run(t, func(_ *fixture, c *Config) {
		c.Audit = func(_ context.Context, p account.Principal, action, object string) {
			kept = append(kept, string(p.User)+" "+action+" "+object)
		}
	})
	ada := f.setup(t)
	f.person(t, "ben", account.RoleUser)
	ask := func(user, body string) *answer {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://offing/api/v1/users/"+user+"/tokens", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		return send(t, f.overUnix(), r)
	}
	expectStatus(t, ask("ben", `{"name":"x","scope":"admin"}`), 400, "bad-scope")
	expectStatus(t, ask("ben", `{"name":"x","scope":"write"}`), 400, "bad-scope")
	expectStatus(t, ask("ben", `{"name":"","scope":"read"}`), 400, "bad-name")
	expectStatus(t, ask("ben", `{"name":"x","scope":"read","days":100000}`), 400, "bad-lifetime")
	expectStatus(t, ask("eve", `{"name":"x","scope":"read"}`), 404, "unknown-user")
	if len(kept) > 0 {
		t.Errorf("kept %q of what was refused", kept)
	}
	var made struct{ Token, Page string }
	into(t, ask("BEN", `{"name":"x","scope":"read"}`), &made)
	if made.Page != f.URL() {
		t.Errorf("the page is at %q, want %q", made.Page, f.URL())
	}
	into(t, ask("ada", `{"name":"x","scope":"admin"}`), &made)
	into(t, ask("ben", `{"name":"x","scope":"control","days":7}`), &made)
	if want := []string{" user-token-made ben", " user-token-made ada", " user-token-made ben"}; !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
	var who sessionAnswer
	into(t, f.do(t, call{path: "/api/v1/session", authorization: "Bearer " + made.Token}), &who)
	if who.User != "ben" || who.Role != account.RoleUser || who.Scope != account.ScopeControl {
		t.Errorf("%+v", who)
	}
	expectStatus(t, f.change(t, "POST", "users/ben/tokens", ada, `{"name":"x","scope":"read"}`), 405, "")
}

func TestOwnSessionsAndPassword(t *testing.T) {
	f := run(t)
	first := f.setup(t)
	second := sessionOf(t, f.signIn(t, password))
	var list struct{ Sessions []listedSession }
	into(t, f.do(t, call{path: "/api/v1/sessions", cookie: second}), &list)
	if len(list.Sessions) != 2 || list.Sessions[0].Current == list.Sessions[1].Current || list.Sessions[0].Agent == "" {
		t.Fatalf("%+v", list.Sessions)
	}
	expectStatus(t, f.change(t, "POST", "password", second, `{"old":"wrong wrong","new":"another password"}`), 403, "wrong-password")
	third := sessionOf(t, f.change(t, "POST", "password", second, `{"old":"`+password+`","new":"another password"}`))
	for _, ended := range []string{first, second} {
		expectStatus(t, f.do(t, call{path: "/api/v1/session", cookie: ended}), 401, "signed-out")
	}
	fourth := sessionOf(t, f.signIn(t, "another password"))
	expectStatus(t, f.change(t, "DELETE", "sessions", third, ""), 204, "")
	expectStatus(t, f.do(t, call{path: "/api/v1/session", cookie: fourth}), 401, "signed-out")
	into(t, f.do(t, call{path: "/api/v1/sessions", cookie: third}), &list)
	expectStatus(t, f.change(t, "DELETE", "sessions/x", third, ""), 404, "unknown-session")
	expectStatus(t, f.change(t, "DELETE", "sessions/"+list.Sessions[0].ID, third, ""), 204, "")
	expectStatus(t, f.do(t, call{path: "/api/v1/session", cookie: third}), 401, "signed-out")
}

func TestOwnTokens(t *testing.T) {
	f := run(t)
	ben := ""
	f.setup(t)
	ben = f.person(t, "ben", account.RoleUser)
	for body, code := range map[string]string{
		`{"name":"x","scope":"admin"}`: "bad-scope", `{"name":"","scope":"read"}`: "bad-name",
		`{"name":"x","scope":"read","days":-1}`: "bad-lifetime", `{"name":"x","scope":"read","days":4000000000000000000}`: "bad-lifetime",
	} {
		expectStatus(t, f.change(t, "POST", "tokens", ben, body), 400, code)
	}
	text := f.token(t, ben, "read")
	var list struct{ Tokens []listedToken }
	into(t, f.do(t, call{path: "/api/v1/tokens", cookie: ben}), &list)
	if len(list.Tokens) != 1 || list.Tokens[0].Name != "a script" || list.Tokens[0].Scope != "read" {
		t.Fatalf("%+v", list.Tokens)
	}
	expectStatus(t, f.do(t, call{path: "/api/v1/status", authorization: "Bearer " + text}), 200, "")
	expectStatus(t, f.change(t, "DELETE", "tokens/"+list.Tokens[0].ID, ben, ""), 204, "")
	expectStatus(t, f.do(t, call{path: "/api/v1/status", authorization: "Bearer " + text}), 401, "bad-token")
}

func TestSignInWithTwoSteps(t *testing.T) {
	f := run(t)
	ada := f.setup(t)
	var enrolment struct{ Secret, URI, QR string }
	into(t, f.change(t, "POST", "factors/totp", ada, `{"password":"`+password+`"}`), &enrolment)
	code, err := totp.GenerateCode(enrolment.Secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var recovery struct {
		Codes []string `json:"recovery_codes"`
	}
	into(t, f.change(t, "POST", "factors/totp/confirm", ada, `{"code":"`+code+`"}`), &recovery)
	if len(recovery.Codes) != 10 {
		t.Fatalf("%d codes", len(recovery.Codes))
	}
	if a := f.do(t, call{path: "/api/v1/factors", cookie: ada}); a.body != `{"passkeys":[],"recovery_left":10,"totp":true}` {
		t.Errorf("factors: %s", a.body)
	}
	a := f.signIn(t, password)
	var asked struct {
		Second struct {
			Step    string
			Methods []string
		}
	}
	into(t, a, &asked)
	if len(a.Cookies()) != 0 || len(asked.Second.Step) != 43 || !slices.Equal(asked.Second.Methods, []string{"totp", "recovery"}) {
		t.Fatalf("%v %s", a.Cookies(), a.body)
	}
	second := func(step, method, code string) *answer {
		return f.post(t, "/api/v1/session/second", "", `{"step":"`+step+`","method":"`+method+`","code":"`+code+`"}`)
	}
	expectStatus(t, second(asked.Second.Step, "totp", code), 403, "bad-code") // it has confirmed the enrolment
	expectStatus(t, second(strings.Repeat("A", 43), "recovery", recovery.Codes[0]), 403, "step-refused")
	cookie := sessionOf(t, second(asked.Second.Step, "recovery", recovery.Codes[0]))
	if a := f.do(t, call{path: "/api/v1/session", cookie: cookie}); !strings.Contains(a.body, `"second_factor":true`) {
		t.Errorf("session: %s", a.body)
	}
	into(t, f.change(t, "POST", "factors/recovery", cookie, `{"password":"`+password+`"}`), &recovery)
	expectStatus(t, f.change(t, "POST", "factors/totp/remove", cookie, `{"password":"wrong wrong"}`), 403, "wrong-password")
	expectStatus(t, f.change(t, "POST", "factors/totp/remove", cookie, `{"password":"`+password+`"}`), 204, "")
	sessionOf(t, f.signIn(t, password))
	log := strings.ToLower(f.log.String())
	for _, secret := range append(recovery.Codes, enrolment.Secret, asked.Second.Step, code, password, "ada") {
		if strings.Contains(log, strings.ToLower(secret)) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestInvitations(t *testing.T) {
	f := run(t, func(_ *fixture, c *Config) { c.PublicURL = "https://box.example.org/seedbox/" })
	ada := f.setup(t)
	var made struct {
		Link, Token string
		Expires     time.Time
	}
	into(t, f.change(t, "POST", "invitations", ada, `{"role":"user"}`), &made)
	if made.Link != "https://box.example.org/seedbox/invite#"+made.Token {
		t.Errorf("the link is %s", made.Link)
	}
	var checked struct {
		Role    string
		Expires time.Time
	}
	into(t, f.post(t, "/api/v1/invitations/check", "", `{"token":"`+made.Token+`"}`), &checked)
	if checked.Role != "user" || !checked.Expires.Equal(made.Expires) {
		t.Errorf("%+v", checked)
	}
	accept := func(user string) *answer {
		return f.post(t, "/api/v1/invitations/accept", "", `{"token":"`+made.Token+`","user":"`+user+`","password":"`+password+`"}`)
	}
	expectStatus(t, accept("ada"), 409, "user-exists")
	cookie := sessionOf(t, accept("Ben"))
	if a := f.do(t, call{path: "/api/v1/session", cookie: cookie}); a.body != `{"user":"ben","role":"user","name":"Ben","second_factor":false}` {
		t.Errorf("session: %s", a.body)
	}
	expectStatus(t, accept("eve"), 403, "invitation-refused")
	into(t, f.change(t, "POST", "invitations", ada, `{"role":"admin","hours":1}`), &made)
	var list struct{ Invitations []listedInvitation }
	into(t, f.do(t, call{path: "/api/v1/invitations", cookie: ada}), &list)
	if len(list.Invitations) != 1 || list.Invitations[0].Role != "admin" {
		t.Fatalf("%+v", list.Invitations)
	}
	expectStatus(t, f.change(t, "DELETE", "invitations/"+list.Invitations[0].ID, ada, ""), 204, "")
	expectStatus(t, f.change(t, "DELETE", "invitations/"+list.Invitations[0].ID, ada, ""), 404, "unknown-invitation")
	expectStatus(t, accept("eve"), 403, "invitation-refused")
	for body, code := range map[string]string{`{"role":"x"}`: "bad-role", `{"role":"user","hours":721}`: "bad-lifetime", `{"role":"user","hours":-1}`: "bad-lifetime"} {
		expectStatus(t, f.change(t, "POST", "invitations", ada, body), 400, code)
	}
}

// Passkeys are for the origins that browsers have them at, and for none that
// somebody else's header names.
func TestPasskeySites(t *testing.T) {
	f := run(t, func(_ *fixture, c *Config) { c.PublicURL = "https://box.example.org" })
	ada := f.setup(t)
	local := strings.Replace(f.URL(), "127.0.0.1", "localhost", 1)
	for origin, site := range map[string]string{local: "localhost", "https://box.example.org": "box.example.org", f.URL(): "", "": ""} {
		c := call{method: http.MethodPost, path: "/api/v1/session/passkey", origin: origin, body: "{}"}
		a := f.do(t, c)
		c.path, c.body, c.cookie = "/api/v1/factors/passkeys", `{"password":"`+password+`"}`, ada
		if site == "" {
			expectStatus(t, a, 400, "no-passkeys-here")
			if origin != "" { // without one there is no cookie
				expectStatus(t, f.do(t, c), 400, "no-passkeys-here")
			}
			continue
		}
		if a.StatusCode != 200 || !strings.Contains(a.body, `"rpId":"`+site+`"`) || !strings.Contains(a.body, `"userVerification":"required"`) {
			t.Errorf("%q: %d %s", origin, a.StatusCode, a.body)
		}
		if a := f.do(t, c); a.StatusCode != 200 || !strings.Contains(a.body, `"rp":{"name":"Offing","id":"`+site+`"}`) {
			t.Errorf("%q: %d %s", origin, a.StatusCode, a.body)
		}
	}
	for host, want := range map[string]string{"": "false", strings.TrimPrefix(local, "http://"): "true", "box.example.org": "true"} {
		if a := f.do(t, call{path: "/api/v1/features", host: host}); a.body != `{"passkeys":`+want+`}` {
			t.Errorf("features at %q: %s", host, a.body)
		}
	}
	plain := run(t, func(_ *fixture, c *Config) { c.PublicURL = "http://box.example.org" })
	if a := plain.do(t, call{path: "/api/v1/features", host: "box.example.org"}); a.body != `{"passkeys":false}` {
		t.Errorf("features without TLS: %s", a.body)
	}
	expectStatus(t, f.change(t, "POST", "factors/passkeys/x/remove", ada, `{"password":"`+password+`"}`), 404, "unknown-factor")
	expectStatus(t, f.do(t, call{
		method: http.MethodPost, path: "/api/v1/factors/passkeys/finish", origin: local, cookie: ada, body: `{"name":"x","credential":{"id":"x"}}`,
	}), 403, "bad-passkey")
	expectStatus(t, f.do(t, call{
		method: http.MethodPost, path: "/api/v1/session/second/passkey", origin: local, body: `{"step":"x"}`,
	}), 403, "step-refused")
}

// What one's own account asks the password for cannot be had without it by way of
// the people: who has found an administrator's page open, or one of their API
// tokens, cannot make the account theirs. The controller's own socket can help out.
func TestAdministratorsDoNotPassTheirOwnPasswordBy(t *testing.T) {
	f := run(t)
	ada := f.setup(t)
	script := f.token(t, ada, "admin")
	for path, body := range map[string]string{"password": `{"password":"another good one"}`, "factors/remove": ""} {
		expectStatus(t, f.change(t, "POST", "users/ada/"+path, ada, body), 403, "own-account")
		expectStatus(t, f.change(t, "POST", "users/ADA/"+path, ada, body), 403, "own-account")
		expectStatus(t, f.do(t, call{method: "POST", path: "/api/v1/users/ada/" + path, authorization: "Bearer " + script, body: body}), 403, "own-account")
	}
	expectStatus(t, f.enter(t, "ada"), 204, "")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://offing/api/v1/users/ada/factors/remove", nil)
	if err != nil {
		t.Fatal(err)
	}
	expectStatus(t, send(t, f.overUnix(), r), 204, "")
	expectStatus(t, f.do(t, call{path: "/api/v1/session", cookie: ada}), 401, "signed-out")
}
