package controller

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"offing/controller/internal/boxtest"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// app is a program that speaks Transmission's RPC to a controller.
type app struct {
	t          *testing.T
	url, token string
	session    string
	user       string
}

// call makes a request and returns what follows "result", and the whole answer.
func (a *app) call(body string) (result, answer string) {
	a.t.Helper()
	for {
		r, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.url, strings.NewReader(body))
		if err != nil {
			a.t.Fatal(err)
		}
		r.SetBasicAuth(a.user, a.token)
		r.Header.Set("X-Transmission-Session-Id", a.session)
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			a.t.Fatal(err)
		}
		text, err := io.ReadAll(got.Body)
		_ = got.Body.Close()
		if got.StatusCode == http.StatusConflict && a.session == "" {
			a.session = got.Header.Get("X-Transmission-Session-Id")
			continue
		}
		var told struct{ Result string }
		if err != nil || got.StatusCode != http.StatusOK || json.Unmarshal(text, &told) != nil {
			a.t.Fatalf("%s: %d %s", body, got.StatusCode, text)
		}
		return told.Result, string(text)
	}
}

// apiToken makes an API token that may control, as its owner does on the page.
func (h *home) apiToken() string {
	h.t.Helper()
	post := func(path, body, cookie string) (*http.Response, []byte) {
		r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.url+"/api/v1/"+path, strings.NewReader(body))
		if err != nil {
			h.t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
			r.Header.Set("Origin", h.url)
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			h.t.Fatal(err)
		}
		defer a.Body.Close()
		text, err := io.ReadAll(a.Body)
		if err != nil || a.StatusCode >= 300 {
			h.t.Fatalf("%s: %d %v", path, a.StatusCode, err)
		}
		return a, text
	}
	in, _ := post("session", `{"user":"`+user+`","password":"`+password+`"}`, "")
	cookie := in.Cookies()[0]
	_, text := post("tokens", `{"name":"app","scope":"control","days":0}`, cookie.Name+"="+cookie.Value)
	var made struct{ Token string }
	if json.Unmarshal(text, &made) != nil || made.Token == "" {
		h.t.Fatal("there is no token in the answer")
	}
	return made.Token
}

// TestApp goes the way of an app once: through the door, by control and the line, to
// the box and back.
func TestApp(t *testing.T) {
	cfg := valid(t)
	box := boxtest.New(t, 1)
	box.Put(&state.Torrent{Hash: state.Hash{1}, Name: "debian.iso", Size: 100, Left: 50, Status: state.Downloading})
	box.State.Touch(time.Now()) // as an agent does that has heard from its daemon
	pair(t, cfg, "demo", box)
	h := start(t, cfg, box)
	page := h.page()
	if err := page.Setup(t.Context(), h.token, user, password); err != nil {
		t.Fatal(err)
	}
	a := &app{t: t, url: h.url + "/transmission/rpc", token: h.apiToken(), user: user}
	<-box.Followed
	for end := time.Now().Add(patience); ; { // until the box has told what it has
		if _, text := a.call(`{"method":"torrent-get","arguments":{"fields":["id","name"]}}`); strings.Contains(text, `{"id":1,"name":"debian.iso"}`) {
			break
		} else if time.Now().After(end) {
			t.Fatal(text)
		}
	}
	if result, text := a.call(`{"method":"torrent-stop","arguments":{"ids":1}}`); result != "success" {
		t.Errorf("stop: %s", text)
	}
	result, text := a.call(`{"method":"torrent-add","arguments":{"filename":"magnet:?xt=urn:btih:0123456789012345678901234567890123456789","paused":true}}`)
	if result != "success" || !strings.Contains(text, `"torrent-added":{"hashString":"0123456789012345678901234567890123456789","id":2`) {
		t.Errorf("add: %s", text)
	}
	var kinds []command.Kind
	for _, c := range box.Done() {
		kinds = append(kinds, c.Kind)
	}
	if len(kinds) != 2 || kinds[0] != command.Stop || kinds[1] != command.Add {
		t.Errorf("the box did %v", kinds)
	}
	if err := h.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
}
