package rpc

import (
	"encoding/json"
	"net/http"
	"testing"
)

// requests are what the fuzzers begin with.
var requests = []string{
	`{"method":"torrent-get","arguments":{"fields":["id","name","files"],"ids":[1,"010000ab00000000000000000000000000000001"]},"tag":4}`,
	`{"jsonrpc":"2.0","method":"torrent_set","params":{"ids":[1],"files_wanted":[],"labels":["a"],"tracker_replace":[0,"http://a"]},"id":"x"}`,
	`[{"jsonrpc":"2.0","method":"session_get","params":{"fields":["version"]},"id":null},{"jsonrpc":"2.0","method":"torrent_stop"}]`,
	`{"method":"torrent-add","arguments":{"metainfo":"ZDQ6aW5mb2VlZQ==","priority-high":[-1,1e300]}}`,
	`{"method":"session-set","arguments":{"speed-limit-down":1e999,"alt-speed-time-day":"x"}}`,
	`{"method":"torrent-set-location","arguments":{"ids":"recently-active","location":"../..","move":1}}`,
	`[[[[`, `{"a":`, "\xff", ``,
}

// FuzzRequest: whatever comes, there is an answer that is JSON, or none at all, and
// nothing is done with what the asker does not see.
func FuzzRequest(f *testing.F) {
	if len(requests) == 0 {
		f.Fatal("there is nothing to begin with")
	}
	for _, r := range requests {
		f.Add([]byte(r))
	}
	h := newHouse(f)
	h.put("attic", "anna", sample(1))
	h.put("attic", "ben", sample(2))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			return
		}
		h.asked = nil
		r := h.raw("anna-token", "", string(body))
		if r.Status != http.StatusNoContent && (r.Status != http.StatusOK || !json.Valid(r.Body)) {
			t.Fatalf("%d %q", r.Status, r.Body)
		}
		for _, done := range h.asked {
			for _, k := range done.Torrents {
				if k.Hash != hashOf(1) {
					t.Fatalf("%s with another's torrent", done.Command.Kind)
				}
			}
		}
	})
}

// FuzzSnake: a word in snake case stays, and one that was made so is one.
func FuzzSnake(f *testing.F) {
	for _, s := range []string{"hashString", "peer-limit", "isUTP", "cache-size-mb", "a_B-c", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := snake(s)
		if twice := snake(once); twice != once {
			t.Fatalf("%q, %q, %q", s, once, twice)
		}
	})
}
