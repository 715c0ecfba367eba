package rpc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"offing/controller/internal/account"
	"offing/controller/internal/control"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// Every field of torrent-get, in both dialects: what only a member of the tracker should
// know is told to owners who did not join, and administrators; the folder to all owners.
func TestSecretsOfEveryField(t *testing.T) {
	h := newHouse(t)
	x := sample(1)
	x.Dir, x.ErrorText = "/srv/torrents/annas-secret-folder", "refused by "+x.Trackers[0]
	h.put("attic", "", x)
	k := owners.Key{Box: "attic", Hash: x.Hash}
	h.details[k] = state.Detail{
		Dir: x.Dir, Comment: "see " + x.Trackers[0], Creator: x.Trackers[0],
		Trackers: []state.Tracker{{Announce: x.Trackers[0], Result: "bad " + x.Trackers[0]}},
	}
	var fields []string
	for name := range allFields {
		fields = append(fields, name)
	}
	tell := func(token string, ids any) string {
		old, _ := json.Marshal(h.ok(token, "torrent-get", m{"fields": fields, "ids": ids}))
		args, _ := json.Marshal(m{"fields": fields, "ids": ids, "format": "table"})
		return string(old) + string(h.raw(token, "attic", fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"torrent_get","params":%s}`, args)).Body)
	}
	for _, c := range []struct {
		token   string
		grant   owners.Grant
		secrets bool
	}{
		{"anna-token", owners.Grant{User: "anna", Access: owners.See}, false},
		{"anna-token", owners.Grant{User: "anna", Access: owners.Act}, false},
		{"anna-token", owners.Grant{User: "anna", Access: owners.Own, Joined: true}, false},
		{"anna-token", owners.Grant{User: "anna", Access: owners.Own}, true},
		{"ada-token", owners.Grant{User: "ben", Access: owners.Own}, true},
	} {
		h.grant(k, c.grant)
		h.ok(c.token, "torrent-get", m{"fields": []string{"id"}}) // which gives it a number
		for _, ids := range []any{1, x.Hash.String(), "recently-active"} {
			text := tell(c.token, ids)
			if strings.Count(text, "Linux 1") < 2 {
				t.Fatalf("%+v sees nothing of %v: %s", c.grant, ids, text)
			}
			owns := c.grant.Access == owners.Own
			for secret, theirs := range map[string]bool{"abcdef0123456789": c.secrets, "annas-secret-folder": owns} {
				if strings.Contains(text, secret) != theirs {
					t.Errorf("%+v of %v: %s told: %v", c.grant, ids, secret, !theirs)
				}
			}
		}
	}
}

// What a list of blocked addresses is fetched from is for administrators, and not for a
// token that may do less.
func TestSecretsOfTheSession(t *testing.T) {
	h := newHouse(t)
	_ = h.boxes[0].State.Update(func(tx *state.Tx) error {
		tx.SetSettings(state.Settings{BlocklistURL: "https://lists.example/secret"})
		return nil
	})
	for token, told := range map[string]bool{"anna-token": false, "ada-little": false, "ada-token": true} {
		text, _ := json.Marshal(h.ok(token, "session-get", m{}))
		if strings.Contains(string(text), "lists.example") != told {
			t.Errorf("%s: %s", token, text)
		}
	}
}

// A number is its owner's: another's of the same figure is another torrent.
func TestNumbersOfOthers(t *testing.T) {
	h := newHouse(t)
	h.put("attic", "anna", sample(1))
	h.put("attic", "ben", sample(2))
	for _, token := range []string{"anna-token", "ben-token", "anna-token"} {
		h.ok(token, "torrent-get", m{"fields": []string{"id"}})
		want := map[string]string{"anna-token": "Linux 1", "ben-token": "Linux 2"}[token]
		if got := names(h.ok(token, "torrent-get", m{"fields": []string{"name"}, "ids": 1})); got != want {
			t.Errorf("%s sees %s", token, got)
		}
		h.ok(token, "torrent-stop", m{"ids": 1})
	}
	for i, n := range []int{1, 2, 1} {
		if len(h.asked) != 3 || h.asked[i].Torrents[0].Hash != hashOf(n) {
			t.Fatalf("done: %+v", h.asked)
		}
	}
}

// A token that may only read changes nothing, whatever the method and the dialect.
func TestReadersOnlyRead(t *testing.T) {
	h := newHouse(t)
	h.put("attic", "anna", sample(1))
	h.question = func(command.Command) (command.Result, error) {
		t.Error("the box was asked")
		return command.Result{}, nil
	}
	for _, method := range []string{
		"torrent_add", "torrent_set", "torrent_remove", "torrent_set_location", "torrent_rename_path", "torrent_start", "torrent_start_now",
		"torrent_stop", "torrent_verify", "torrent_reannounce", "queue_move_top", "queue_move_up", "queue_move_down", "queue_move_bottom",
		"session_set", "port_test", "blocklist_update", "session_close", "group_set",
	} {
		body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{"ids":[1],"location":"/x","path":"a","name":"b","filename":"https://x.example/t","labels":["a"],"dht_enabled":true}}`, method)
		if r := h.raw("anna-read", "", body); !strings.Contains(string(r.Body), `"error"`) {
			t.Errorf("%s: %s", method, r.Body)
		}
	}
	if len(h.asked) != 0 {
		t.Errorf("done: %+v", h.asked)
	}
}

// A torrent that is there was added, though something could not be set after: an app
// that is told of a failure adds it again.
func TestAddedInPart(t *testing.T) {
	h := newHouse(t)
	h.answer = func(r control.Request) control.Order {
		return control.Order{Box: r.Box, State: control.Done, Result: command.Result{
			Added: &command.Added{Hash: hashOf(1), Name: "Linux 1"}, Fault: &command.Fault{Code: command.DaemonRefused, Text: "no"},
		}}
	}
	if result, a := h.call("anna-token", "torrent-add", m{"filename": "https://x.example/t"}); result != "success" || a["torrent-added"] == nil {
		t.Errorf("%s %v", result, a)
	}
}

// A request does not ask for many times its own size.
func TestBoundsOfRequests(t *testing.T) {
	h := newHouse(t)
	h.put("attic", "anna", sample(1))
	for _, body := range []string{
		"[" + strings.Repeat("0,", maxCommas+1) + "0]",
		`{"method":"torrent-get","arguments":{"fields":["id"],"ids":[` + strings.Repeat("1,", maxCommas+1) + `1]}}`,
	} {
		if r := h.raw("anna-token", "", body); !strings.Contains(string(r.Body), badRequest.text) {
			t.Errorf("%.60s: %.200s", body, r.Body)
		}
	}
	var fields []string
	for i := range 32 {
		name := []byte("files")
		for bit := range name {
			if i>>bit&1 == 1 {
				name[bit] -= 'a' - 'A'
			}
		}
		fields = append(fields, string(name))
	}
	got := h.ok("anna-token", "torrent-get", m{"fields": fields})["torrents"].([]any)[0].(m)
	if len(got) != maxNames {
		t.Errorf("one field under %d names", len(got))
	}
}

// A batch takes no longer than one request may, whatever it waits for: what comes late is
// not begun.
func TestBatchesEnd(t *testing.T) {
	h := newHouse(t)
	h.put("attic", "anna", sample(1))
	h.answer = func(r control.Request) control.Order {
		h.now = h.now.Add(patience) // as the box took its time
		return control.Order{Box: "attic", State: control.Done}
	}
	h.ok("anna-token", "torrent-get", m{"fields": []string{"id"}})
	var all []string
	for i := range maxBatch {
		all = append(all, fmt.Sprintf(`{"jsonrpc":"2.0","method":"torrent_stop","params":{"ids":[1]},"id":%d}`, i))
	}
	r := h.raw("anna-token", "", "["+strings.Join(all, ",")+"]")
	if len(h.asked) != 2 || strings.Count(string(r.Body), tooMuch.text) != maxBatch-2 {
		t.Errorf("%d done: %.300s", len(h.asked), r.Body)
	}
}

// One person cannot have the controller hold any number of requests, and keeps nobody
// else from theirs.
func TestCrowd(t *testing.T) {
	h := newHouse(t)
	h.put("attic", "anna", sample(1))
	begun, held := make(chan struct{}), make(chan struct{})
	h.question = func(command.Command) (command.Result, error) {
		begun <- struct{}{}
		<-held
		return command.Result{Space: &command.Space{}}, nil
	}
	ask := func() Response {
		return h.raw("anna-token", "", `{"method":"free-space","arguments":{"path":"/elsewhere"}}`)
	}
	var asking sync.WaitGroup
	for range maxAtOnce {
		asking.Go(func() { ask() })
		<-begun
	}
	if r := ask(); r.Status != http.StatusServiceUnavailable {
		t.Errorf("one more: %d", r.Status)
	}
	if r := h.raw("ben-token", "", `{"method":"session-get"}`); r.Status != http.StatusOK {
		t.Errorf("another: %d", r.Status)
	}
	close(held)
	asking.Wait()
	if r := h.raw("anna-token", "", `{"method":"session-get"}`); r.Status != http.StatusOK {
		t.Errorf("after: %d", r.Status)
	}
}

// Who names no torrents means those with which they may do it, and nobody else's.
func TestAllIsWhatOneMay(t *testing.T) {
	h := newHouse(t)
	h.put("attic", "anna", sample(1))
	h.put("attic", "ben", sample(2), sample(3), sample(4))
	h.grant(owners.Key{Box: "attic", Hash: hashOf(2)}, owners.Grant{User: "anna", Access: owners.Act})
	h.grant(owners.Key{Box: "attic", Hash: hashOf(3)}, owners.Grant{User: "anna", Access: owners.See})
	for method, want := range map[string][]int{"torrent-stop": {1, 2}, "torrent-set": {1}, "queue-move-top": {1}} {
		h.asked = nil
		h.ok("anna-token", method, m{"labels": []string{"x"}})
		var got []int
		for _, k := range h.asked[0].Torrents {
			got = append(got, int(k.Hash[0]))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s of %v, want %v", method, got, want)
		}
	}
}

// A box's own address is about that box alone, also for numbers, hashes and additions;
// one that is not there has nothing.
func TestBoxOfTheAddress(t *testing.T) {
	h := newHouse(t)
	h.addBox("cellar")
	h.put("attic", "anna", sample(1))
	h.put("cellar", "anna", sample(2))
	h.ok("anna-token", "torrent-get", m{"fields": []string{"id"}})
	for box, want := range map[string]string{"attic": "Linux 1", "cellar": "Linux 2", "..": "", "%2e%2e": ""} {
		for _, ids := range []string{`[1,2]`, `["` + hashOf(1).String() + `","` + hashOf(2).String() + `"]`, `"recently-active"`} {
			body := string(h.raw("anna-token", box, `{"method":"torrent-get","arguments":{"fields":["name"],"ids":`+ids+`}}`).Body)
			if n := strings.Count(body, "Linux"); !strings.Contains(body, want) || want == "" && n != 0 || want != "" && n != 1 {
				t.Errorf("%s, %s: %s", box, ids, body)
			}
		}
	}
	for _, box := range []string{"", ".."} {
		h.raw("anna-token", box, `{"method":"torrent-add","arguments":{"filename":"https://x.example/t"}}`)
	}
	if len(h.asked) != 0 {
		t.Errorf("added: %+v", h.asked)
	}
}

// A batch is of so many requests, and of answers so long.
func TestBatchesAreBounded(t *testing.T) {
	h := newHouse(t)
	for i := range 1000 {
		long := sample(i)
		long.Name = strings.Repeat("x", 4000)
		h.put("attic", "anna", long)
	}
	one := `{"jsonrpc":"2.0","method":"torrent_get","params":{"fields":["name"]},"id":1}`
	if r := h.raw("anna-token", "", "["+strings.Repeat(one+",", maxBatch)+one+"]"); string(r.Body) != invalid {
		t.Errorf("one too many: %.100s", r.Body)
	}
	r := h.raw("anna-token", "", "["+strings.Repeat(one+",", maxBatch-1)+one+"]")
	if len(r.Body) > maxBatchBytes+4<<20 || !strings.Contains(string(r.Body), tooMuch.text) {
		t.Errorf("%d bytes", len(r.Body))
	}
}

// A token of no scope that is known, or of somebody with a role that is not, opens
// nothing.
func TestOddTokens(t *testing.T) {
	h := newHouse(t)
	for name, p := range map[string]account.Principal{
		"odd-scope": {User: "anna", Role: account.RoleUser, Scope: "odd"},
		"odd-role":  {User: "anna", Role: "guest", Scope: account.ScopeControl},
		"odd-user":  {Role: account.RoleUser, Scope: account.ScopeControl},
	} {
		people[name] = p
		defer delete(people, name)
		if r := h.raw(name, "", `{"method":"session-get"}`); r.Status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, r.Status)
		}
	}
}

// Who gets the name of somebody who was removed has none of their numbers.
func TestNumbersAreForgotten(t *testing.T) {
	h := newHouse(t)
	h.put("attic", "anna", sample(1), sample(2))
	h.ok("anna-token", "torrent-get", m{"fields": []string{"id"}})
	if err := h.end.Forget(t.Context(), "anna"); err != nil {
		t.Fatal(err)
	}
	h.grant(owners.Key{Box: "attic", Hash: hashOf(1)})
	for range 2 {
		a := h.ok("anna-token", "torrent-get", m{"fields": []string{"id", "name"}})["torrents"].([]any)
		if len(a) != 1 || a[0].(m)["id"] != 1.0 || a[0].(m)["name"] != "Linux 2" {
			t.Errorf("the next anna has %v", a)
		}
		h.reopen()
	}
}
