package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"offing/controller/client"
	"offing/tunnel/state"
)

// seen is what a server made of a request.
type seen struct {
	method, path, body, origin, contentType, cookie string
}

// answering returns a handler that records requests and answers all alike.
func answering(requests *[]seen, status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		cookie := ""
		if c, err := r.Cookie("offing_session"); err == nil {
			cookie = c.Value
		}
		if strings.Contains(body, `"code"`) {
			w.Header().Set("Content-Type", "application/problem+json")
		}
		*requests = append(*requests, seen{r.Method, r.URL.EscapedPath(), string(data), r.Header.Get("Origin"), r.Header.Get("Content-Type"), cookie})
		http.SetCookie(w, &http.Cookie{Name: "offing_session", Value: "one", Path: "/", HttpOnly: true})
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// onSocket serves h on a Unix socket until the test is over.
func onSocket(t *testing.T, h http.Handler) (path string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "offing-") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "offing.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: h}}
	server.Start()
	t.Cleanup(func() { server.Close(); os.RemoveAll(dir) })
	return path
}

func TestSocket(t *testing.T) {
	var requests []seen
	c := client.New(onSocket(t, answering(&requests, 200, `{"boxes":[{"box":"demo","age_ms":7}],"box":"demo","age_ms":8}`)))
	defer c.Close()
	boxes, err := c.Status(t.Context())
	if err != nil || len(boxes) != 1 || boxes[0].Box != "demo" || boxes[0].AgeMS != 7 {
		t.Errorf("status: %+v, %v", boxes, err)
	}
	box, err := c.List(t.Context(), "a b/c")
	if err != nil || box.Box != "demo" || box.AgeMS != 8 {
		t.Errorf("list: %+v, %v", box, err)
	}
	if err := c.Reload(t.Context()); err != nil {
		t.Errorf("reload: %v", err)
	}
	want := []seen{
		{method: "GET", path: "/api/v1/status"},
		{method: "GET", path: "/api/v1/boxes/a%20b%2Fc/list"},
		{method: "POST", path: "/api/v1/boxes/reload", contentType: "application/json"},
	}
	for i, r := range requests {
		if r != want[i] {
			t.Errorf("request %d is %+v, want %+v", i, r, want[i])
		}
	}
}

func TestSession(t *testing.T) {
	var requests []seen
	server := httptest.NewServer(answering(&requests, 200, `{"needed":true,"ticket":"abc","expires_in":60}`))
	defer server.Close()
	c, err := client.NewHTTP(server.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := t.Context()
	needed, err := c.NeedsSetup(ctx)
	if err != nil || !needed {
		t.Errorf("needs setup: %v, %v", needed, err)
	}
	if err := errors.Join(c.Setup(ctx, "token", "user", "password"), c.SignIn(ctx, "user", "pass \"word")); err != nil {
		t.Error(err)
	}
	ticket, validFor, err := c.Ticket(ctx)
	if err != nil || ticket != "abc" || validFor != time.Minute {
		t.Errorf("ticket: %q for %v, %v", ticket, validFor, err)
	}
	if err := c.SignOut(ctx); err != nil {
		t.Error(err)
	}
	js := "application/json"
	want := []seen{
		{"GET", "/api/v1/setup", "", "", "", ""},
		{"POST", "/api/v1/setup", `{"password":"password","token":"token","user":"user"}`, server.URL, js, "one"},
		{"POST", "/api/v1/session", `{"password":"pass \"word","user":"user"}`, server.URL, js, "one"},
		{"POST", "/api/v1/tickets", "", server.URL, js, "one"},
		{"DELETE", "/api/v1/session", "", server.URL, js, "one"},
	}
	for i, r := range requests {
		if r != want[i] {
			t.Errorf("request %d is %+v, want %+v", i, r, want[i])
		}
	}
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   client.Error
		text   string
	}{
		"of the API":     {401, `{"type":"about:blank","title":"Unauthorized","status":401,"detail":"try again","code":"bad-credentials"}`, client.Error{Status: 401, Code: "bad-credentials", Text: "try again"}, "try again"},
		"without detail": {401, `{"title":"Unauthorized","code":"x"}`, client.Error{Status: 401, Code: "x", Text: "Unauthorized"}, "Unauthorized"},
		"not in JSON":    {401, `"code"`, client.Error{Status: 401}, "the controller answered 401 Unauthorized"},
		"of another":     {502, "<html>", client.Error{Status: 502}, "the controller answered 502 Bad Gateway"},
		"a redirect":     {302, "", client.Error{Status: 302}, "the controller answered 302 Found"},
		"of other JSON":  {500, `{"detail":"of somebody else"}`, client.Error{Status: 500}, "the controller answered 500 Internal Server Error"},
		"without a body": {404, "", client.Error{Status: 404}, "the controller answered 404 Not Found"},
	} {
		t.Run(name, func(t *testing.T) {
			var requests []seen
			_, err := client.New(onSocket(t, answering(&requests, c.status, c.body))).Status(t.Context())
			var got *client.Error
			if !errors.As(err, &got) || *got != c.want || err.Error() != c.text {
				t.Errorf("error %+v: %v", got, err)
			}
			if len(requests) != 1 {
				t.Errorf("%d requests", len(requests))
			}
		})
	}
}

func TestNoController(t *testing.T) {
	// A socket without a listener is what a killed controller leaves.
	dead := filepath.Join(filepath.Dir(onSocket(t, nil)), "dead.sock")
	listener, err := net.Listen("unix", dead)
	if err != nil {
		t.Fatal(err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	listener.Close()
	for _, path := range []string{dead, dead + ".absent"} {
		_, err := client.New(path).Status(t.Context())
		if !errors.Is(err, client.ErrNoController) || !strings.Contains(err.Error(), "start one with `offing serve`") || !strings.Contains(err.Error(), path) {
			t.Errorf("error: %v", err)
		}
	}
}

func TestAnswerThatIsNone(t *testing.T) {
	hangUp := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	})
	if _, err := client.New(onSocket(t, hangUp)).Status(t.Context()); !errors.Is(err, client.ErrNoController) {
		t.Errorf("hung up: %v", err)
	}
	var requests []seen
	_, err := client.New(onSocket(t, answering(&requests, 200, "<html>"))).Status(t.Context())
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		t.Errorf("no JSON: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.New(onSocket(t, hangUp)).Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestNewHTTPRefusesWhatIsNoPage(t *testing.T) {
	for _, page := range []string{"", "127.0.0.1:8080", "ftp://host", "http://", "://"} {
		if _, err := client.NewHTTP(page); err == nil {
			t.Errorf("%q was accepted", page)
		}
	}
}

func TestAdministration(t *testing.T) {
	hash := state.Hash{0xab}
	for want, call := range map[string]func(context.Context, *client.Client) error{
		"GET users": func(ctx context.Context, c *client.Client) error { _, err := c.Users(ctx); return err },
		`POST users {"password":"secret","role":"user","user":"anna"}`: func(ctx context.Context, c *client.Client) error {
			return c.AddUser(ctx, "anna", "user", "secret")
		},
		`PATCH users/a%2Fb {"role":"admin"}`: func(ctx context.Context, c *client.Client) error { return c.SetRole(ctx, "a/b", "admin") },
		`PATCH users/anna {"disabled":true}`: func(ctx context.Context, c *client.Client) error { return c.SetDisabled(ctx, "anna", true) },
		"DELETE users/anna":                  func(ctx context.Context, c *client.Client) error { return c.RemoveUser(ctx, "anna") },
		`POST users/anna/password {"password":"secret"}`: func(ctx context.Context, c *client.Client) error {
			return c.SetPassword(ctx, "anna", "secret")
		},
		"POST users/anna/factors/remove": func(ctx context.Context, c *client.Client) error { return c.RemoveFactors(ctx, "anna") },
		"GET users/anna/sessions":        func(ctx context.Context, c *client.Client) error { _, err := c.Sessions(ctx, "anna"); return err },
		"DELETE users/anna/sessions/%2F": func(ctx context.Context, c *client.Client) error { return c.EndSession(ctx, "anna", "/") },
		"DELETE users/anna/sessions":     func(ctx context.Context, c *client.Client) error { return c.EndSessions(ctx, "anna") },
		"GET users/anna/tokens":          func(ctx context.Context, c *client.Client) error { _, err := c.Tokens(ctx, "anna"); return err },
		"DELETE users/anna/tokens/ef":    func(ctx context.Context, c *client.Client) error { return c.RevokeToken(ctx, "anna", "ef") },
		"GET invitations":                func(ctx context.Context, c *client.Client) error { _, err := c.Invitations(ctx); return err },
		"DELETE invitations/ef":          func(ctx context.Context, c *client.Client) error { return c.RevokeInvitation(ctx, "ef") },
		"GET audit?n=5":                  func(ctx context.Context, c *client.Client) error { _, err := c.Audit(ctx, 5); return err },
		"GET rules":                      func(ctx context.Context, c *client.Client) error { _, err := c.Rules(ctx); return err },
		`PUT rules {"rules":[]}`:         func(ctx context.Context, c *client.Client) error { return c.SetRules(ctx, nil) },
		`PUT users/anna/quota {"bytes":5}`: func(ctx context.Context, c *client.Client) error {
			return c.SetQuota(ctx, "anna", client.Quota{Bytes: 5})
		},
		"GET owners?box=b+c&unowned=true&user=anna": func(ctx context.Context, c *client.Client) error {
			_, err := c.Owners(ctx, client.OwnersFilter{Box: "b c", User: "anna", Unowned: true})
			return err
		},
		`PUT grants {"access":"see","torrents":[{"box":"b","hash":"` + hash.String() + `"}],"user":"anna"}`: func(ctx context.Context, c *client.Client) error {
			_, err := c.Grant(ctx, []client.Torrent{{Box: "b", Hash: hash}}, "anna", "see")
			return err
		},
		`POST users/anna/tokens {"days":7,"name":"an app","scope":"read"}`: func(ctx context.Context, c *client.Client) error {
			_, err := c.MakeToken(ctx, "anna", "an app", "read", 7)
			return err
		},
		`POST invitations {"hours":3,"role":"user"}`: func(ctx context.Context, c *client.Client) error { _, err := c.Invite(ctx, "user", 3); return err },
	} {
		var requests []string
		server := onSocket(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			requests = append(requests, strings.TrimSpace(r.Method+" "+strings.TrimPrefix(r.RequestURI, "/api/v1/")+" "+string(body)))
			_, _ = io.WriteString(w, "{}")
		}))
		c := client.New(server)
		if err := call(t.Context(), c); err != nil || len(requests) != 1 || requests[0] != want {
			t.Errorf("asked %q, %v; want %q", requests, err, want)
		}
		c.Close()
	}
}

// TestGrantInParts: more torrents than fit a request take several, and what was
// done before one fails is told.
func TestGrantInParts(t *testing.T) {
	sizes := []int{}
	c := client.New(onSocket(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Torrents []client.Torrent `json:"torrents"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		if sizes = append(sizes, len(body.Torrents)); len(sizes) == 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, `{"changed":7}`)
	})))
	defer c.Close()
	changed, err := c.Grant(t.Context(), make([]client.Torrent, 2500), "anna", "own")
	if err == nil || changed != 14 || !slices.Equal(sizes, []int{1000, 1000, 500}) {
		t.Errorf("%d changed in requests of %v: %v", changed, sizes, err)
	}
}
