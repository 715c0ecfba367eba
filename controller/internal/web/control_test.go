package web

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"offing/controller/client"
	"offing/controller/internal/account"
	"offing/controller/internal/control"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
)

const hashText = "ab00000000000000000000000000000000000000"

// told is what an answer says of commands.
type told struct {
	Commands []client.Order `json:"commands"`
}

func read[T any](t *testing.T, a *answer) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%d %s: %v", a.StatusCode, a.body, err)
	}
	return v
}

func TestCommands(t *testing.T) {
	f := run(t)
	ada := f.setup(t)
	ben := f.person(t, "ben", account.RoleUser)
	body := `{"do":"remove","torrents":[{"box":"demo","hash":"` + strings.ToUpper(hashText) + `"}],"remove":{"data":true},"life":60}`
	a := f.post(t, "/api/v1/commands", ben, body)
	if a.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	o := read[told](t, a).Commands[0]
	r, p := f.control.last()
	if p.User != "ben" || r.Command.Kind != command.Remove || !r.Command.Remove.Data || r.Life != time.Minute || r.Box != "" ||
		!slices.Equal(r.Torrents, []owners.Key{{Box: "demo", Hash: theTorrent}}) {
		t.Errorf("asked for %+v", r)
	}
	if o.User != "ben" || o.State != client.Waiting || o.Why == "" || o.Result != nil {
		t.Errorf("answered %+v", o)
	}
	path := "/api/v1/commands/" + o.ID.String()
	for who, want := range map[string]int{ada: 200, ben: 200, f.person(t, "eve", account.RoleUser): 404} {
		if a := f.do(t, call{path: path, cookie: who}); a.StatusCode != want || want == 404 && a.code(t) != "unknown-command" {
			t.Errorf("read: %d %s", a.StatusCode, a.body)
		}
	}
	if all := read[told](t, f.do(t, call{path: "/api/v1/commands", cookie: ben})).Commands; len(all) != 1 || all[0].ID != o.ID {
		t.Errorf("list: %+v", all)
	}
	if a := f.do(t, call{method: http.MethodDelete, path: path, origin: f.URL(), cookie: ben}); a.StatusCode != 204 {
		t.Errorf("cancel: %d %s", a.StatusCode, a.body)
	}
	f.control.finish()
	if a := f.do(t, call{path: path + "?wait=30", cookie: ben}); read[client.Order](t, a).Result == nil {
		t.Errorf("ended: %s", a.body)
	}
	f.control.err = control.ErrTooLate
	if a := f.do(t, call{method: http.MethodDelete, path: path, origin: f.URL(), cookie: ben}); a.StatusCode != 409 || a.code(t) != "too-late" {
		t.Errorf("cancel too late: %d %s", a.StatusCode, a.body)
	}
}

func TestBadCommands(t *testing.T) {
	f := run(t)
	ben := f.person(t, "ben", account.RoleUser)
	one := `"torrents":[{"box":"demo","hash":"` + hashText + `"}]`
	for _, test := range []struct{ body, code string }{
		{`{"do":"start","torrents":[]}`, "no-torrents"},
		{`{"do":"start"}`, "no-torrents"},
		{`null`, "no-torrents"},
		{`{"do":"start","torrents":{}}`, "bad-request"},
		{`{"do":"start","torrents":"all"}`, "bad-request"},
		{`{"do":"start",` + one + `,"unknown":1}`, "bad-request"},
		{`{"do":"start",` + one + `,"add":{}}`, "bad-request"},
		{`{"do":"start",` + one + `,"wait":"5"}`, "bad-request"},
		{`{"do":"start",` + one + `,"wait":1.5}`, "bad-request"},
		{`{"do":"start",` + one + `,"wait":31}`, "bad-request"},
		{`{"do":"start",` + one + `,"wait":-1}`, "bad-request"},
		{`{"do":"start",` + one + `,"wait":9223372036854775807}`, "bad-request"},
		{`{"do":"start",` + one + `,"life":-1}`, "bad-request"},
		{`{"do":"start",` + one + `,"life":2592001}`, "bad-request"},
		{`{"do":"start",` + one + `,"box":"demo"}`, "bad-request"},
		{`{"do":"configure",` + one + `}`, "bad-request"},
		{`{"do":"start","torrents":[{"box":"demo","hash":"../` + hashText[3:] + `"}]}`, "bad-request"},
		{`{"do":"start","torrents":[{"box":"demo","hash":"` + hashText[2:] + `"}]}`, "bad-request"},
		{`{"do":["start"],` + one + `}`, "bad-request"},
		{`{"do":"add","box":"demo"}`, "bad-command"},
		{`{"do":"free-space","box":"demo"}`, "bad-command"},
		{`{"do":"test-port","box":"demo"}`, "bad-command"},
		{`{"do":"start",` + one + `}}`, "bad-request"},
		{`{"do":"start",`, "bad-request"},
	} {
		if a := f.post(t, "/api/v1/commands", ben, test.body); a.StatusCode != 400 || a.code(t) != test.code {
			t.Errorf("%s: %d %s", test.body, a.StatusCode, a.body)
		}
	}
	many := `{"do":"start","torrents":[` + strings.Repeat(`{"box":"d","hash":"`+hashText+`"},`, command.MaxTorrents) + `{"box":"d","hash":"` + hashText + `"}]}`
	if a := f.post(t, "/api/v1/commands", ben, many); a.StatusCode != 400 || a.code(t) != "too-many-torrents" {
		t.Errorf("50,001 torrents: %d %.200s", a.StatusCode, a.body)
	}
	if r, _ := f.control.last(); r.Command.Kind != "" {
		t.Errorf("%+v was done", r)
	}
	for _, id := range []string{"x", strings.Repeat("0", 32), "%2e%2e%2fusers", strings.Repeat("z", 32)} {
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			if a := f.do(t, call{method: method, path: "/api/v1/commands/" + id, origin: f.URL(), cookie: ben}); a.StatusCode != 404 || a.code(t) != "unknown-command" {
				t.Errorf("%s %s: %d %s", method, id, a.StatusCode, a.body)
			}
		}
	}
	for _, wait := range []string{"x", "-1", "31", "1e1"} {
		if a := f.do(t, call{path: "/api/v1/commands/" + strings.Repeat("0", 32) + "?wait=" + wait, cookie: ben}); a.StatusCode != 400 {
			t.Errorf("wait=%s: %d %s", wait, a.StatusCode, a.body)
		}
	}
}

// TestRefusals: what control has against a request comes in the words of the table.
func TestRefusals(t *testing.T) {
	f := run(t)
	ben := f.person(t, "ben", account.RoleUser)
	for _, test := range []struct {
		err          error
		status       int
		code, detail string
	}{
		{control.ErrUnknownBox, 404, "unknown-box", "There is no such box."},
		{control.ErrNotAllowed, 403, "not-allowed", ""},
		{control.ErrMayOnlySee, 403, "see-only", ""},
		{control.ErrTooMany, 429, "too-many-commands", ""},
		{control.ErrNameTaken, 409, "name-taken", ""},
		{owners.ErrUnknownTorrent, 404, "unknown-torrent", ""},
		{fmt.Errorf("deep: %w", owners.ErrNotOwner), 403, "not-owner", ""},
		{&owners.QuotaError{Torrents: 1, Bytes: -1}, 403, "quota", "This does not fit into your quota: there is room for 1 more torrent. Remove something first, or ask an administrator for more."},
		{&command.Fault{Code: command.BadPath, Text: "name a folder"}, 400, "bad-path", "Name a folder."},
		{&command.Fault{Code: command.DiskFull, Text: "Full \xff."}, 507, "disk-full", "Full ?."},
		{&command.Fault{Code: "of-the-future", Text: "What?"}, 502, "of-the-future", "What?"},
		{fmt.Errorf("a secret"), 500, "internal", ""},
	} {
		f.control.err = test.err
		a := f.post(t, "/api/v1/commands", ben, `{"do":"start","torrents":[{"box":"demo","hash":"`+hashText+`"}]}`)
		p := read[problem](t, a)
		if a.StatusCode != test.status || a.code(t) != test.code || test.detail != "" && p.Detail != test.detail || strings.Contains(a.body, "secret") {
			t.Errorf("%v: %d %s", test.err, a.StatusCode, a.body)
		}
	}
	for code := range faultStatus {
		if status, told := f.explain(nil, &command.Fault{Code: code, Text: "x"}); status < 400 || told.Code != string(code) {
			t.Errorf("%s: %d %+v", code, status, told)
		}
	}
}

func TestAdditions(t *testing.T) {
	f := run(t)
	ada := f.setup(t)
	ben := f.person(t, "ben", account.RoleUser)
	file := []byte("d4:infod4:name1:aee")
	a := f.post(t, "/api/v1/torrents", ben, `{"metainfo":"`+base64.StdEncoding.EncodeToString(file)+`","dir":"films","changes":{"labels":["a"]}}`)
	r, _ := f.control.last()
	if a.StatusCode != 202 || r.Box != "demo" || r.For != "" || r.Command.Kind != command.Add || string(r.Command.Add.Metainfo) != string(file) ||
		r.Command.Add.Dir != "films" || r.Command.Add.Changes == nil {
		t.Fatalf("%d %s: %+v", a.StatusCode, a.body, r)
	}
	a = f.do(t, call{method: http.MethodPost, path: "/api/v1/torrents?box=other&paused=true&dir=a%2Fb", origin: f.URL(), cookie: ben, kind: torrentFile, body: string(file)})
	if r, _ = f.control.last(); a.StatusCode != 202 || r.Box != "other" || !r.Command.Add.Paused || r.Command.Add.Dir != "a/b" || string(r.Command.Add.Metainfo) != string(file) {
		t.Errorf("raw: %d %s: %+v", a.StatusCode, a.body, r)
	}
	// What was taken of the body outlives the request.
	f.do(t, call{method: http.MethodPost, path: "/api/v1/torrents", origin: f.URL(), cookie: ben, kind: torrentFile, body: strings.Repeat("x", len(file))})
	if string(r.Command.Add.Metainfo) != string(file) {
		t.Errorf("the file became %q", r.Command.Add.Metainfo)
	}
	for _, test := range []struct{ kind, query, body, code string }{
		{"", "", `{}`, "bad-request"},
		{"", "", `{"magnet":"magnet:?a","url":"http://a.example"}`, "bad-request"},
		{"", "", `{"magnet":"magnet:?a","cookies":"a=b"}`, "bad-request"},
		{"", "", `{"metainfo":"***"}`, "bad-request"},
		{"", "", `{"magnet":"magnet:?a","wait":31}`, "bad-request"},
		{"", "", `{"magnet":"magnet:?a","for":"eve"}`, "not-allowed"},
		{torrentFile, "?paused=yes", "d", "bad-request"},
		{torrentFile, "?wait=x", "d", "bad-request"},
		{torrentFile, "", "", "bad-request"},
		{"multipart/form-data; boundary=x", "", "d", "wrong-type"},
		{"text/plain", "", "d", "wrong-type"},
	} {
		a := f.do(t, call{method: http.MethodPost, path: "/api/v1/torrents" + test.query, origin: f.URL(), cookie: ben, kind: test.kind, body: test.body})
		if a.code(t) != test.code {
			t.Errorf("%s %s: %d %s", test.kind, test.body, a.StatusCode, a.body)
		}
	}
	if a := f.post(t, "/api/v1/torrents", ada, `{"magnet":"magnet:?a","for":"Eve"}`); a.StatusCode != 202 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if r, _ := f.control.last(); string(r.For) != "eve" {
		t.Errorf("for %q", string(r.For))
	}
}

func TestWhichBox(t *testing.T) {
	f := run(t, func(_ *fixture, c *Config) { c.Boxes = boxes{further: []string{"other"}} })
	ada := f.setup(t)
	for path, body := range map[string]string{"/api/v1/torrents": `{"magnet":"magnet:?a"}`, "/api/v1/commands": `{"do":"blocklist"}`} {
		if a := f.post(t, path, ada, body); a.StatusCode != 400 || a.code(t) != "box-needed" {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
}

func TestReading(t *testing.T) {
	f := run(t)
	ben := f.person(t, "ben", account.RoleUser)
	for path, want := range map[string]string{
		"torrents":                                     `"total":1`,
		"torrents?text=none":                           `{"torrents":[],"total":0}`,
		"torrents?box=none":                            "unknown-box",
		"torrents?state=none":                          "bad-request",
		"torrents?sort=none":                           "bad-request",
		"torrents?sort=--name":                         "bad-request",
		"torrents?limit=-1":                            "bad-request",
		"torrents?limit=x":                             "bad-request",
		"torrents?offset=1000000000000":                "bad-request",
		"torrents/demo/" + hashText:                    `"age_ms":3`,
		"torrents/d%65mo/" + strings.ToUpper(hashText): `"age_ms":3`,
		"torrents/none/" + hashText:                    "unknown-torrent",
		"torrents/%25zz/" + hashText:                   "unknown-torrent",
		"torrents/%2e%2e/" + hashText:                  "unknown-torrent",
		"torrents/de%2Fmo/" + hashText:                 "unknown-torrent",
		"torrents/demo/" + hashText[1:]:                "unknown-torrent",
		"torrents/demo/%2e%2e":                         "unknown-torrent",
		"torrents/demo/" + strings.Repeat("0", 40):     "unknown-torrent",
		"boxes":                          `"name":"demo"`,
		"boxes/demo/free-space?dir=abc":  `{"space":{"free":5,"total":3}}`,
		"boxes/none/free-space":          "unknown-box",
		"boxes/%2e%2e%2fdemo/free-space": "unknown-box",
		"boxes/demo/settings":            "not-allowed",
	} {
		a := f.do(t, call{path: "/api/v1/" + path, cookie: ben})
		if !strings.Contains(a.body, want) || (a.StatusCode == 200) != strings.HasPrefix(want, `"`) && !strings.HasPrefix(want, `{`) {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
}

func TestBoxCommands(t *testing.T) {
	f := run(t)
	ada := f.setup(t)
	if a := f.do(t, call{path: "/api/v1/boxes/demo/settings", cookie: ada}); !strings.Contains(a.body, `"peer_port":51413`) || !strings.Contains(a.body, `"alt_speed":true`) {
		t.Errorf("settings: %d %s", a.StatusCode, a.body)
	}
	a := f.do(t, call{method: http.MethodPatch, path: "/api/v1/boxes/demo/settings", origin: f.URL(), cookie: ada, body: `{"dht":false}`})
	if r, _ := f.control.last(); a.StatusCode != 202 || r.Box != "demo" || r.Command.Kind != command.Configure || *r.Command.Settings.DHT {
		t.Errorf("%d %s: %+v", a.StatusCode, a.body, r)
	}
	for _, body := range []string{`{}`, `{"blocklist_size":1}`, `{"dht":"no"}`} {
		if a := f.do(t, call{method: http.MethodPatch, path: "/api/v1/boxes/demo/settings", origin: f.URL(), cookie: ada, body: body}); a.StatusCode != 400 {
			t.Errorf("%s: %d %s", body, a.StatusCode, a.body)
		}
	}
	a = f.post(t, "/api/v1/boxes/demo/blocklist", ada, "")
	if r, _ := f.control.last(); a.StatusCode != 202 || r.Command.Kind != command.Blocklist || r.Box != "demo" {
		t.Errorf("%d %s: %+v", a.StatusCode, a.body, r)
	}
	if a := f.post(t, "/api/v1/boxes/demo/test-port", ada, ""); a.body != `{"open":true}` {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	f.control.fault = &command.Fault{Code: command.DaemonAway, Text: "It is away."}
	if a := f.post(t, "/api/v1/boxes/demo/test-port", ada, ""); a.StatusCode != 503 || a.code(t) != "daemon-away" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// TestWait: an answer comes when the command has ended, not when the time is over.
func TestWait(t *testing.T) {
	f := run(t)
	ben := f.person(t, "ben", account.RoleUser)
	answers := make(chan *answer)
	go func() {
		answers <- f.post(t, "/api/v1/commands", ben, `{"do":"start","torrents":[{"box":"demo","hash":"`+hashText+`"}],"wait":30}`)
	}()
	<-f.control.waiting
	f.control.finish()
	a := <-answers
	if o := read[told](t, a).Commands[0]; a.StatusCode != 200 || o.State != client.Done || o.Result == nil || o.Result.Done != 1 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if n := f.waits.all; n != 0 {
		t.Errorf("%d still wait", n)
	}
}

// ask sends the head of a request that waits over a connection of its own.
func (f *fixture) ask(t *testing.T, cookieValue, path string) net.Conn {
	t.Helper()
	host := strings.TrimPrefix(f.URL(), "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: %s=%s\r\n\r\n", path, host, cookie, cookieValue); err != nil {
		t.Fatal(err)
	}
	return conn
}

// noticed returns when n that waited no longer do.
func (f *fixture) noticed(t *testing.T, n int) {
	t.Helper()
	for range n {
		select {
		case <-f.control.left:
		case <-time.After(patience):
			t.Fatal("who has gone away still waits")
		}
	}
}

func TestWaitEndsWithItsClient(t *testing.T) {
	f := run(t)
	ben := f.person(t, "ben", account.RoleUser)
	f.control.silent = true
	conn := f.ask(t, ben, "/api/v1/boxes/demo/free-space")
	<-f.control.waiting
	_ = conn.Close()
	f.noticed(t, 1)
}

// TestWaitThenNext: a connection on which a request has waited serves the next one,
// also one that was sent while the first was waiting.
func TestWaitThenNext(t *testing.T) {
	f := run(t)
	ben := f.person(t, "ben", account.RoleUser)
	o := read[told](t, f.post(t, "/api/v1/commands", ben, `{"do":"start","torrents":[{"box":"demo","hash":"`+hashText+`"}]}`)).Commands[0]
	conn := f.ask(t, ben, "/api/v1/commands/"+o.ID.String()+"?wait=30")
	host, next := strings.TrimPrefix(f.URL(), "http://"), "GET /api/v1/boxes HTTP/1.1\r\nHost: %s\r\nCookie: %s=%s\r\n\r\n"
	<-f.control.waiting
	_, _ = fmt.Fprintf(conn, next, host, cookie, ben)
	f.control.finish()
	reader := bufio.NewReader(conn)
	for i, want := range []string{`"state":"done"`, `"name":"demo"`, `"name":"demo"`} {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		var v json.RawMessage
		if err := json.NewDecoder(response.Body).Decode(&v); err != nil || !strings.Contains(string(v), want) {
			t.Errorf("answer %d: %s, %v", i, v, err)
		}
		if i == 1 {
			_, _ = fmt.Fprintf(conn, next, host, cookie, ben)
		}
	}
}

func TestWaitEndsWithTheServer(t *testing.T) {
	f := start(t)
	ctx, stop := context.WithCancel(t.Context())
	go func() { f.served <- f.Serve(ctx) }()
	ben := f.person(t, "ben", account.RoleUser)
	f.control.silent = true
	conn := f.ask(t, ben, "/api/v1/boxes/demo/free-space")
	<-f.control.waiting
	stop()
	if err := <-f.served; err != nil {
		t.Error(err)
	}
	select {
	case <-f.control.left:
	default:
		t.Error("the server does not tell who waits that it stops")
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("answer %+v, %v", response, err)
	}
}

// TestWaitingIsBounded: who has too many requests waiting is refused before
// anything is done, and keeps nobody else from it.
func TestWaitingIsBounded(t *testing.T) {
	f := run(t)
	ben, eve := f.person(t, "ben", account.RoleUser), f.person(t, "eve", account.RoleUser)
	f.control.silent = true
	conns := make([]net.Conn, 0, maxWaitingOne)
	for range maxWaitingOne {
		conns = append(conns, f.ask(t, ben, "/api/v1/boxes/demo/free-space"))
	}
	for range conns {
		<-f.control.waiting
	}
	body := `{"do":"start","torrents":[{"box":"demo","hash":"` + hashText + `"}],"wait":1}`
	if a := f.post(t, "/api/v1/commands", ben, body); a.StatusCode != 503 || a.code(t) != "too-many-waiting" {
		t.Errorf("one more: %d %s", a.StatusCode, a.body)
	}
	if r, _ := f.control.last(); r.Command.Kind != "" {
		t.Errorf("%+v was done", r)
	}
	if a := f.post(t, "/api/v1/commands", eve, body); a.StatusCode != 202 {
		t.Errorf("somebody else: %d %s", a.StatusCode, a.body)
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
	f.noticed(t, len(conns))
	w := newWaits()
	for i := range maxWaiting {
		if !w.enter(account.User(fmt.Sprint(i))) {
			t.Fatalf("only %d may wait", i)
		}
	}
	if w.enter("more") {
		t.Error("there is no bound")
	}
}

// TestUploads: only who may control can have the server read a large body.
func TestUploads(t *testing.T) {
	f := run(t)
	ada := f.setup(t)
	ben := f.person(t, "ben", account.RoleUser)
	reads, controls := f.token(t, ada, "read"), f.token(t, ada, "control")
	host := strings.TrimPrefix(f.URL(), "http://")
	for _, test := range []struct {
		head, method, path string
		size               int
		read               bool
	}{
		{"", "POST", "/api/v1/torrents", maxUpload, false},
		{"Cookie: offing_session=" + strings.Repeat("A", 43), "POST", "/api/v1/torrents", maxUpload, false},
		{"Authorization: Bearer " + strings.Repeat("A", 43), "POST", "/api/v1/torrents", maxUpload, false},
		{"Authorization: Bearer " + reads, "POST", "/api/v1/torrents", maxUpload, false},
		{"Authorization: Basic " + controls, "POST", "/api/v1/torrents", maxUpload, false},
		{"Authorization: Bearer " + controls, "POST", "/api/v1/torrents", maxUpload, true},
		{"Authorization: Bearer " + controls, "POST", "/api/v1/torrents?box=demo", maxBody + 1, true},
		{"Authorization: Bearer " + controls, "POST", "/api/v1/commands", maxBody + 1, true},
		{"Authorization: Bearer " + controls, "POST", "/api/v1/torrents", maxUpload + 1, false},
		{"Authorization: Bearer " + controls, "PUT", "/api/v1/rules", maxUpload, false},
		{"Authorization: Bearer " + controls, "POST", "/api/v1/session?/api/v1/torrents", maxUpload, false},
		{"Cookie: offing_session=" + ben, "POST", "/api/v1/torrents", maxBody + 1, true},
		{"Cookie: offing_session=" + ben, "POST", "/api/v1/session", maxUpload, false},
	} {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		head := test.head
		if head != "" {
			head += "\r\n"
		}
		_, _ = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\n%sContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", test.method, test.path, host, head, test.size)
		if test.read { // and answered, 415, once it is all there
			_, _ = fmt.Fprintf(conn, "%s", strings.Repeat(" ", test.size))
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || (response.StatusCode == http.StatusRequestEntityTooLarge) == test.read {
			t.Errorf("%.30s %s %s of %d: %+v, %v", test.head, test.method, test.path, test.size, response, err)
		}
		_ = conn.Close()
	}
}

// TestStrangersUploadsAreNotHeld: of a stranger's body that does not say how long it
// is no more is taken than of any other.
func TestStrangersUploadsAreNotHeld(t *testing.T) {
	f := run(t)
	host := strings.TrimPrefix(f.URL(), "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprintf(conn, "POST /api/v1/torrents HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", host)
	var sent int
	var sending sync.WaitGroup
	sending.Go(func() {
		chunk := fmt.Sprintf("%x\r\n%s\r\n", 1<<10, strings.Repeat(" ", 1<<10))
		for range maxUpload >> 10 {
			if _, err := conn.Write([]byte(chunk)); err != nil {
				return
			}
			sent += 1 << 10
		}
	})
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil && response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%+v", response)
	}
	_ = conn.Close()
	sending.Wait()
	if sent > 8<<20 { // what the sockets' buffers take
		t.Errorf("%d bytes were taken", sent)
	}
}

// TestClient: the typed client and the handlers understand each other, by TCP with a
// token and by the socket.
func TestClient(t *testing.T) {
	f := run(t)
	ada := f.setup(t)
	byToken, err := client.NewToken(f.URL(), f.token(t, ada, "admin"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*client.Client{byToken, client.New(f.Socket)} {
		defer c.Close()
		ctx, at := t.Context(), client.Torrent{Box: "demo", Hash: theTorrent}
		made, err := c.Do(ctx, client.DoRequest{Do: command.Stop, Torrents: []client.Torrent{at}, Life: client.Seconds(time.Minute)})
		if err != nil || len(made) != 1 || made[0].Box != "demo" || made[0].HasEnded() {
			t.Fatalf("do: %+v, %v", made, err)
		}
		added, err := c.Add(ctx, client.AddRequest{Metainfo: []byte(strings.Repeat("x", 2*maxBody))})
		if err != nil || added.Do != command.Add {
			t.Fatalf("add: %+v, %v", added, err)
		}
		if o, err := c.Command(ctx, made[0].ID, 0); err != nil || o.ID != made[0].ID {
			t.Errorf("command: %+v, %v", o, err)
		}
		if all, err := c.Commands(ctx); err != nil || len(all) < 2 {
			t.Errorf("commands: %+v, %v", all, err)
		}
		if err := c.Cancel(ctx, made[0].ID); err != nil {
			t.Errorf("cancel: %v", err)
		}
		if rows, total, err := c.Torrents(ctx, client.Filter{Sort: "-added", Limit: 5}); err != nil || total != 1 || rows[0].Torrent != at {
			t.Errorf("torrents: %+v, %v", rows, err)
		}
		if whole, err := c.Torrent(ctx, "demo", theTorrent); err != nil || len(whole.Detail.Files) != 1 {
			t.Errorf("torrent: %+v, %v", whole, err)
		}
		if all, err := c.Boxes(ctx); err != nil || len(all) != 1 {
			t.Errorf("boxes: %+v, %v", all, err)
		}
		if s, err := c.Settings(ctx, "demo"); err != nil || !s.AltSpeed || s.PeerPort != 51413 {
			t.Errorf("settings: %+v, %v", s, err)
		}
		no := false
		if o, err := c.Configure(ctx, "demo", command.NewSettings{DHT: &no}, 0); err != nil || o.Do != command.Configure {
			t.Errorf("configure: %+v, %v", o, err)
		}
		if o, err := c.Blocklist(ctx, "demo", 0); err != nil || o.Do != command.Blocklist {
			t.Errorf("blocklist: %+v, %v", o, err)
		}
		if open, err := c.TestPort(ctx, "demo"); err != nil || !open {
			t.Errorf("port: %v, %v", open, err)
		}
		if s, err := c.FreeSpace(ctx, "demo", "abc"); err != nil || s.Free != 5 || s.Total != 3 {
			t.Errorf("space: %+v, %v", s, err)
		}
		var refused *client.Error
		if _, err := c.Torrent(ctx, "none", theTorrent); !errors.As(err, &refused) || refused.Code != "unknown-torrent" || refused.Status != 404 || refused.Text == "" {
			t.Errorf("an error: %v", err)
		}
	}
}
