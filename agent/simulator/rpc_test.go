package simulator

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// ask sends a request with the right session id and returns the status and the
// body.
func ask(t *testing.T, s *Simulator, body string, edit func(*http.Request)) (int, string) {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	req.Header.Set(sessionHeader, s.sessionID)
	if edit != nil {
		edit(req)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	return w.Code, w.Body.String()
}

// arguments asks and returns those of the answer, which must be a success.
func arguments(t *testing.T, s *Simulator, method, args string) map[string]any {
	t.Helper()
	_, body := ask(t, s, `{"method":"`+method+`","arguments":`+args+`}`, nil)
	var answer struct {
		Result    string
		Arguments map[string]any
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Result != "success" {
		t.Fatalf("%s %s: %.300s (%v)", method, args, body, err)
	}
	return answer.Arguments
}

func TestDoor(t *testing.T) {
	s := New(Config{Torrents: 3, User: "u", Password: "p"})
	right := func(r *http.Request) { r.SetBasicAuth("u", "p") }
	old := func(r *http.Request) { right(r); r.Header.Set(sessionHeader, "old") }
	const stats = `{"method":"session-stats"}`
	if code, body := ask(t, s, stats, old); code != 409 || !strings.Contains(body, s.sessionID) {
		t.Errorf("%d %s", code, body)
	}
	if code, body := ask(t, s, stats, right); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	for i := range maxRefusals {
		if code, body := ask(t, s, stats, nil); code != 401 || !strings.Contains(body, fmt.Sprintf(" %d unsuccessful", i+1)) {
			t.Fatalf("%d %s", code, body)
		}
	}
	if code, body := ask(t, s, stats, right); code != 403 || !strings.Contains(body, "Too many unsuccessful login attempts") {
		t.Errorf("%d %s", code, body)
	}
	s.Restart()
	if code, _ := ask(t, s, stats, right); code != 200 {
		t.Errorf("after a restart: %d", code)
	}
}

// TestAnswersAreJSON: whatever is asked for, in each dialect, the answer reads.
func TestAnswersAreJSON(t *testing.T) {
	every := `"id","name","percentDone","peersFrom","secondsSeeding","eta","isPrivate","seedRatioLimit","downloadLimited",
		"files","fileStats","priorities","wanted","peers","trackers","trackerStats","pieces","pieceCount","pieceSize",
		"comment","creator","dateCreated","magnetLink","torrentFile","webseeds","haveValid","trackerList","nonsense"`
	for _, dialect := range []int{RPC16, RPC17, RPC18} {
		s := New(Config{Torrents: 40, Active: 10, RPCVersion: dialect})
		s.Step(time.Second)
		list := arguments(t, s, "torrent-get", `{"fields":[`+every+`]}`)["torrents"].([]any)
		if len(list) != 40 {
			t.Fatalf("%d torrents", len(list))
		}
		for _, one := range list {
			o := one.(map[string]any)
			if len(o["files"].([]any)) != len(o["wanted"].([]any)) || len(o["files"].([]any)) == 0 || len(o["trackers"].([]any)) == 0 {
				t.Errorf("%v", o)
			}
			if _, there := o["nonsense"]; there != (dialect < RPC18) {
				t.Errorf("dialect %d and an unknown field: %v", dialect, there)
			}
		}
		table := arguments(t, s, "torrent-get", `{"fields":`+listFields+`,"format":"table"}`)["torrents"].([]any)
		if len(table) != 41 || len(table[0].([]any)) != 22 || len(table[40].([]any)) != 22 {
			t.Errorf("a table of %d rows", len(table))
		}
		if v := arguments(t, s, "session-get", `{}`)["rpc-version"]; v != float64(dialect) {
			t.Errorf("rpc-version %v", v)
		}
	}
}

func TestSelection(t *testing.T) {
	s := New(Config{Torrents: 20, Active: 5})
	hash := s.torrents[3].hash.String()
	for ids, want := range map[string]int{
		`1`: 1, `[1,2,2000]`: 2, `"` + hash + `"`: 1, `["` + strings.ToUpper(hash) + `",1]`: 2, `[]`: 0, `"nonsense"`: 0,
	} {
		if n := len(arguments(t, s, "torrent-get", `{"fields":["id"],"ids":`+ids+`}`)["torrents"].([]any)); n != want {
			t.Errorf("ids %s: %d torrents, want %d", ids, n, want)
		}
	}
	s.Step(3 * time.Minute)
	recent := arguments(t, s, "torrent-get", `{"fields":["id"],"ids":"recently-active"}`)
	if n := len(recent["torrents"].([]any)); n < 5 || recent["removed"] == nil {
		t.Errorf("recently active: %v", recent)
	}
}

func TestFreeze(t *testing.T) {
	s := New(Config{})
	release := s.Freeze()
	done := make(chan int)
	go func() {
		code, _ := ask(t, s, `{"method":"session-get"}`, nil)
		done <- code
	}()
	select {
	case <-done:
		t.Error("a frozen box answered")
	default:
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, body := ask(t, s, `{}`, func(r *http.Request) { *r = *r.WithContext(ctx) })
	if body != "" {
		t.Errorf("a frozen box answered %q", body)
	}
	release()
	release()
	if code := <-done; code != 200 {
		t.Errorf("after the release: %d", code)
	}
}

func TestCompression(t *testing.T) {
	s := New(Config{Torrents: 500})
	body := `{"method":"torrent-get","arguments":{"fields":` + listFields + `,"format":"table"}}`
	_, plain := ask(t, s, body, nil)
	_, small := ask(t, s, body, func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip, deflate") })
	z, err := gzip.NewReader(bytes.NewReader([]byte(small)))
	if err != nil {
		t.Fatal(err)
	}
	again, err := io.ReadAll(z)
	if err != nil || string(again) != plain {
		t.Errorf("the compressed answer differs (%v)", err)
	}
	if part := float64(len(small)) / float64(len(plain)); part < 0.15 || part > 0.6 {
		t.Errorf("names and figures shrink to %.2f", part)
	}
}

func FuzzBencode(f *testing.F) {
	for _, seed := range []string{"d4:infod6:lengthi1e4:name1:a12:piece lengthi9eee", "li-3e2:abe", "d", "i1", "9999999999:", "llllllllllllllllllllll"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		if len(b) < 1<<16 {
			parseMetainfo(b)
		}
	})
}
