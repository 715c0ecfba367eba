package rpc

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"offing/controller/internal/control"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// Who has no token, or another's name, learns nothing; who lacks the session id gets it.
func TestHandshake(t *testing.T) {
	h := newHouse(t)
	ask := func(method, auth, session string) Response {
		return h.end.Serve(t.Context(), Request{
			Method: method, Authorization: auth, SessionID: session, Address: netip.MustParseAddr("192.0.2.1"), Body: []byte(`{"method":"session-get"}`),
		})
	}
	header := func(r Response, name string) string {
		for _, x := range r.Header {
			if x[0] == name {
				return x[1]
			}
		}
		return ""
	}
	for name, auth := range map[string]string{
		"nothing": "", "bearer": "Bearer anna-token", "wrong token": "Basic YW5uYTp3cm9uZw==", "no base64": "Basic %%%",
		"another's name": "Basic YmVuOmFubmEtdG9rZW4=", "no name": "Basic OmFubmEtdG9rZW4=",
	} {
		r := ask("POST", auth, "")
		if r.Status != 401 || !strings.HasPrefix(header(r, "WWW-Authenticate"), "Basic ") || header(r, SessionHeader) != "" {
			t.Errorf("%s: %d %v", name, r.Status, r.Header)
		}
	}
	if len(h.audited) != 1 || h.audited[0] != "rpc.refused 1 from 192.0.2.1" {
		t.Errorf("audited %q", h.audited)
	}
	h.pass(refusalPause)
	ask("POST", "Basic YW5uYTp3cm9uZw==", "")
	if len(h.audited) != 2 || h.audited[1] != "rpc.refused 5 from 192.0.2.1" {
		t.Errorf("audited %q", h.audited)
	}
	session := ""
	for _, method := range []string{"GET", "POST"} {
		r := ask(method, basic("anna-token"), "wrong")
		if r.Status != 409 || len(header(r, SessionHeader)) < 32 || session != "" && header(r, SessionHeader) != session {
			t.Errorf("%s: %d %v", method, r.Status, r.Header)
		}
		session = header(r, SessionHeader)
	}
	if r := ask("POST", basic("anna-token"), session); r.Status != 200 {
		t.Errorf("with it: %d", r.Status)
	}
	if r := ask("POST", "Basic QU5OQTphbm5hLXRva2Vu", session); r.Status != 200 { // ANNA
		t.Errorf("in capitals: %d", r.Status)
	}
	if r := ask("GET", basic("anna-token"), session); r.Status != 405 {
		t.Errorf("GET with it: %d", r.Status)
	}
	if r := ask("POST", basic("ben-token"), session); r.Status != 409 {
		t.Errorf("another's: %d", r.Status)
	}
	h.retry = true
	if r := ask("POST", basic("anna-token"), session); r.Status != 429 || header(r, "Retry-After") != "3" {
		t.Errorf("too early: %d %v", r.Status, r.Header)
	}
}

// Both dialects say the same, each in its envelope and words.
func TestDialects(t *testing.T) {
	h := newHouse(t)
	h.put("attic", "anna", sample(1))
	for _, c := range []struct{ body, want string }{
		{`{"method":"torrent-get","arguments":{"fields":["id","hashString","nonsense","percentDone","peer-limit","fileCount","file-count"]},"tag":4}`,
			`{"arguments":{"torrents":[{"id":1,"hashString":"010000ab00000000000000000000000000000001","percentDone":0.75,"peer-limit":50,"fileCount":3,"file-count":3}]},"result":"success","tag":4}`},
		{`{"method":"torrent-get","arguments":{"fields":["id","name"],"format":"table"}}`,
			`{"arguments":{"torrents":[["id","name"],[1,"Linux 1"]]},"result":"success"}`},
		{`{"jsonrpc":"2.0","method":"torrent_get","params":{"fields":["id","percent_done"],"ids":"recently_active"},"id":"x"}`,
			`{"jsonrpc":"2.0","result":{"torrents":[{"id":1,"percent_done":0.75}],"removed":[]},"id":"x"}`},
		{`{"jsonrpc":"2.0","method":"no_such","id":1}`,
			`{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found","data":{"error_string":"there is no such method","result":{}}},"id":1}`},
		{`{"method":"no-such","tag":"a"}`, `{"arguments":{},"result":"there is no such method","tag":"a"}`},
		{`[{"jsonrpc":"2.0","method":"group_get","id":1},{"jsonrpc":"2.0","method":"group_get"},1,{"method":"group-get"}]`,
			`[{"jsonrpc":"2.0","result":{"group":[]},"id":1},` + invalid + `,` + invalid + `]`},
		{`[]`, invalid},
		{`[{"jsonrpc":"2.0","method":"group_get"}]`, ``},
		{`{"jsonrpc":"2.0","method":"group_get"}`, ``},
		{`{"jsonrpc":"2.0","method":"group_get","id":{"a":1}}`, invalid},
		{`{"jsonrpc":"1.0","method":"group_get","id":null}`, invalid},
		{`{"jsonrpc":"2.0","method":"torrent_get","params":[1],"id":3}`,
			`{"jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid params","data":{"error_string":"the arguments of the request cannot be read","result":{}}},"id":3}`},
		{`{"jsonrpc":"2.0","method"`, `{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error","data":{"error_string":"the request is not JSON","result":{}}},"id":null}`},
		{`nonsense`, `{"arguments":{},"result":"the request is not JSON"}`},
		{``, `{"arguments":{},"result":"the request is not JSON"}`},
		{`7`, `{"arguments":{},"result":"the request cannot be read"}`},
	} {
		r := h.raw("anna-token", "", c.body)
		if string(r.Body) != c.want || (r.Status == 204) != (c.want == "") {
			t.Errorf("%s\n got %d %s\nwant %s", c.body, r.Status, r.Body, c.want)
		}
	}
}

const invalid = `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request","data":{"error_string":"the request cannot be read","result":{}}},"id":null}`

// Nobody sees, or reaches, what was not given to them: it is as if it were not there.
func TestIsolation(t *testing.T) {
	h := newHouse(t)
	h.put("attic", "anna", sample(1))
	h.put("attic", "ben", sample(2), sample(3))
	h.put("attic", "", sample(4))
	get := func(token string, args m) map[string]any {
		args["fields"] = []string{"id", "name", "hashString", "trackers", "trackerList", "magnetLink", "downloadDir"}
		return h.ok(token, "torrent-get", args)
	}
	if got := names(get("anna-token", m{})); got != "Linux 1" {
		t.Errorf("anna sees %s", got)
	}
	if got := names(get("ben-token", m{})); got != "Linux 2,Linux 3" {
		t.Errorf("ben sees %s", got)
	}
	if got := names(get("ada-token", m{})); got != "Linux 1,Linux 2,Linux 3,Linux 4" {
		t.Errorf("ada sees %s", got)
	}
	for _, ids := range []any{[]any{}, []any{2, 3, 4, 99, -1, 0}, hashOf(2).String(), []any{hashOf(4).String()}, "nonsense", []any{nil, m{}, true}, 2, m{"a": 1}} {
		if got := names(get("anna-token", m{"ids": ids})); got != "" {
			t.Errorf("anna sees %s of %v", got, ids)
		}
		for _, method := range []string{"torrent-stop", "torrent-remove", "torrent-set", "queue-move-top"} {
			h.ok("anna-token", method, m{"ids": ids, "labels": []string{"x"}})
		}
	}
	if len(h.asked) != 0 {
		t.Fatalf("something was done: %+v", h.asked)
	}
	for _, ids := range []any{1, []any{1}, []any{1.0, strings.ToUpper(hashOf(1).String()), hashOf(1).String()}, hashOf(1).String()} {
		if got := names(get("anna-token", m{"ids": ids})); got != "Linux 1" {
			t.Errorf("anna sees %s of %v", got, ids)
		}
	}
	h.grant(owners.Key{Box: "attic", Hash: hashOf(2)}, owners.Grant{User: "anna", Access: owners.Own, Joined: true}, owners.Grant{User: "ben", Access: owners.Own})
	h.grant(owners.Key{Box: "attic", Hash: hashOf(3)}, owners.Grant{User: "anna", Access: owners.See})
	if got := names(get("anna-token", m{})); got != "Linux 1,Linux 2,Linux 3" { // and so they have numbers
		t.Errorf("anna sees %s", got)
	}
	for id := 2; id <= 3; id++ {
		text, _ := json.Marshal(get("anna-token", m{"ids": id}))
		if strings.Contains(string(text), "abcdef0123456789") || !strings.Contains(string(text), "https://tracker.example.org") {
			t.Errorf("anna is told %s", text)
		}
		if strings.Contains(string(text), "/srv/torrents") != (id == 2) {
			t.Errorf("anna is told of the folder %s", text)
		}
	}
	if result, _ := h.call("anna-token", "torrent-stop", m{"ids": 3}); result != control.ErrMayOnlySee.Error() {
		t.Errorf("stopping what is only seen: %s", result)
	}
	if result, _ := h.call("anna-token", "torrent-set", m{"ids": 2, "trackerList": ""}); !strings.Contains(result, "not yours") {
		t.Errorf("replacing trackers that are not told: %s", result)
	}
}

// Numbers stay, whatever happens, and are nobody else's.
func TestNumbers(t *testing.T) {
	h := newHouse(t)
	var all []*state.Torrent
	for i := range 1200 {
		all = append(all, sample(i+1))
	}
	h.put("attic", "anna", all...)
	ids := func() map[string]int64 {
		found := map[string]int64{}
		for _, x := range h.ok("anna-token", "torrent-get", m{"fields": []string{"id", "hashString"}})["torrents"].([]any) {
			found[x.(m)["hashString"].(string)] = int64(x.(m)["id"].(float64))
		}
		return found
	}
	before := ids()
	if len(before) != 1200 {
		t.Fatalf("%d torrents", len(before))
	}
	h.remove("attic", hashOf(5))
	h.put("attic", "anna", sample(2000))
	h.put("attic", "ben", sample(3000))
	h.reopen()
	after := ids()
	for hash, id := range before {
		if hash == hashOf(5).String() {
			continue
		}
		if after[hash] != id {
			t.Fatalf("%s was %d and is %d", hash, id, after[hash])
		}
	}
	if after[hashOf(2000).String()] != 1201 {
		t.Errorf("a new one is %d", after[hashOf(2000).String()])
	}
	h.put("attic", "anna", sample(5))
	if now := ids(); now[hashOf(5).String()] != before[hashOf(5).String()] {
		t.Error("one that came back has another number")
	}
	if err := h.end.Forget(t.Context(), "anna"); err != nil {
		t.Fatal(err)
	}
	h.reopen()
	if now := ids(); len(now) != 1201 || now[hashOf(2000).String()] == 0 {
		t.Error("after all was forgotten there are no numbers")
	}
	if left := h.ok("ben-token", "torrent-get", m{"fields": []string{"id"}})["torrents"].([]any); left[0].(m)["id"] != 1.0 {
		t.Errorf("ben's is %v", left)
	}
}

// What has changed in the last minute is told, and what is gone.
func TestRecentlyActive(t *testing.T) {
	h := newHouse(t)
	h.put("attic", "anna", sample(1), sample(2), sample(3))
	h.put("attic", "ben", sample(9))
	get := func() (string, []any) {
		a := h.ok("anna-token", "torrent-get", m{"fields": []string{"name"}, "ids": "recently-active"})
		return names(a), a["removed"].([]any)
	}
	if got, removed := get(); got != "Linux 1,Linux 2,Linux 3" || len(removed) != 0 {
		t.Errorf("at first %s %v", got, removed)
	}
	h.pass(2 * recent)
	if got, removed := get(); got != "" || len(removed) != 0 {
		t.Errorf("after a while %s %v", got, removed)
	}
	moved := sample(2)
	moved.RateDown++
	h.put("attic", "", moved)
	h.remove("attic", hashOf(3))
	h.remove("attic", hashOf(9))
	h.grant(owners.Key{Box: "attic", Hash: hashOf(1)})
	for range 2 { // it is told to each who asks within a minute
		if got, removed := get(); got != "Linux 2" || !slices.Equal(removed, []any{1.0, 3.0}) {
			t.Errorf("after changes %s %v", got, removed)
		}
		h.pass(10 * time.Second)
	}
	h.pass(recent)
	h.grant(owners.Key{Box: "attic", Hash: hashOf(1)}, owners.Grant{User: "anna", Access: owners.See})
	if got, removed := get(); got != "Linux 1" || len(removed) != 0 {
		t.Errorf("after it was given back %s %v", got, removed)
	}
	h.pass(2 * recent)
	h.mu.Lock()
	h.boxes = nil
	h.mu.Unlock()
	h.pass(upkeep)
	if got, removed := get(); got != "" || len(removed) != 3 {
		t.Errorf("after the box was taken away %s %v", got, removed)
	}
}

// Names that somebody thought up are valid JSON, and the torrent's own.
func TestHostileNames(t *testing.T) {
	h := newHouse(t)
	for i, name := range []string{
		"\x00\x01\x1f\x7f\"\\/<script>", "\u202egpj.exe\u2066\u200f\u2028\u0085", "\xff\xfe\xc3(", strings.Repeat("ä", 2048), "😀 \ufeff", "",
	} {
		one := sample(i + 1)
		one.Name = name
		one.Labels = []string{name}
		h.put("attic", "anna", one)
	}
	h.ok("anna-token", "torrent-get", m{"fields": []string{"name", "labels", "magnetLink"}})
	body := h.raw("anna-token", "", `{"method":"torrent-get","arguments":{"fields":["name","labels"],"format":"table"}}`).Body
	if !json.Valid(body) || !utf8.Valid(body) {
		t.Errorf("not JSON: %q", body)
	}
	for _, c := range string(body) {
		if c < ' ' || c == 0x202e || c == 0x2028 || c == 0x85 {
			t.Errorf("%U is in it", c)
		}
	}
	for i := range 6 {
		a := h.ok("anna-token", "torrent-get", m{"fields": []string{"name"}, "ids": i + 1})
		want, _ := h.Boxes()[0].State.Get(hashOf(i + 1))
		if names(a) != want.Name {
			t.Errorf("%q became %q", want.Name, names(a))
		}
	}
}

// What a box has not done is said in words, and taken back where it can be.
func TestOutcomes(t *testing.T) {
	h := newHouse(t)
	h.put("attic", "anna", sample(1))
	h.ok("anna-token", "torrent-get", m{"fields": []string{"id"}}) // gives it a number
	fault := &command.Fault{Code: command.DiskFull, Text: "the disk is full"}
	for name, c := range map[string]struct {
		order control.Order
		want  string
	}{
		"done":    {control.Order{State: control.Done, Result: command.Result{Done: 1}}, "success"},
		"fault":   {control.Order{State: control.Failed, Result: command.Result{Fault: fault}}, "the disk is full"},
		"partly":  {control.Order{State: control.Done, Result: command.Result{Done: 2, Failed: 1, Faults: []command.Failure{{Fault: *fault}}}}, "done with 2 torrents, but not with 1: the disk is full"},
		"waiting": {control.Order{State: control.Waiting, Why: "the line is down"}, "not done: the line is down"},
		"sent":    {control.Order{State: control.Sent, Box: "attic"}, "the box has not answered yet, and may still do it: the box attic did not answer in time"},
	} {
		h.answer = func(control.Request) control.Order { return c.order }
		h.boxes[0].Line = report.Line{State: "down"}
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
		r := h.end.Serve(ctx, Request{Method: http.MethodPost, Authorization: basic("anna-token"), SessionID: h.end.sessionID("anna"),
			Body: []byte(`{"method":"torrent-stop","arguments":{"ids":1}}`)})
		stop()
		if want := `{"arguments":{},"result":"` + c.want + `"}`; string(r.Body) != want {
			t.Errorf("%s: %s, want %s", name, r.Body, want)
		}
	}
}

// What may be done depends on the person and on the token.
func TestRights(t *testing.T) {
	h := newHouse(t)
	h.put("attic", "anna", sample(1))
	for _, c := range []struct{ token, method, want string }{
		{"anna-read", "torrent-stop", "this API token may not do this: make one with a wider scope"},
		{"anna-read", "torrent-add", "this API token may not do this: make one with a wider scope"},
		{"anna-read", "session-get", "success"},
		{"anna-token", "session-set", "only an administrator may do this"},
		{"anna-token", "port-test", "only an administrator may do this"},
		{"ada-little", "session-set", "this API token may not do this: make one with a wider scope"},
		{"ada-token", "session-close", "the daemon on the box is not closed from here"},
		{"ada-token", "session-set", "success"},
		{"anna-token", "torrent-remove", "name the torrents that are to be removed"},
		{"anna-token", "torrent-stop", "success"},
	} {
		if got, _ := h.call(c.token, c.method, m{}); got != c.want {
			t.Errorf("%s %s: %s", c.token, c.method, got)
		}
	}
	if len(h.asked) != 1 || h.asked[0].Command.Kind != command.Stop || len(h.asked[0].Torrents) != 1 {
		t.Errorf("done: %+v", h.asked)
	}
	if got, _ := h.call("anna-token", "torrent-stop", m{"ids": nil}); got == "success" {
		t.Error("null means all")
	}
}

// A box that has told nothing yet has no list that an app could believe.
func TestBeforeTheFirstNews(t *testing.T) {
	h := newHouse(t)
	h.boxes[0].State = state.New(99)
	h.boxes[0].Line = report.Line{State: "connecting", Reason: "no way yet"}
	if got, _ := h.call("anna-token", "torrent-get", m{"fields": []string{"id"}}); !strings.HasSuffix(got, "no way yet") {
		t.Errorf("told %s", got)
	}
	if got, _ := h.call("anna-token", "session-get", m{"fields": []string{"version"}}); got != "success" {
		t.Errorf("session-get: %s", got)
	}
}
