package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
)

// views is a hub.Views with the same topics for everybody: "list", which a test
// adds to, and "large", whose every change is a reset of a megabyte.
type views struct{ list, large feed }

func newViews() *views { return &views{large: feed{size: 1 << 20}} }

func (*views) View(p account.Principal, _ string) string { return string(p.User) }

func (v *views) Feed(_ account.Principal, topic string) (hub.Feed, bool) {
	switch topic {
	case "list":
		return &v.list, true
	case "large":
		return &v.large, true
	}
	return nil, false
}

// feed is a hub.Feed of a number that grows.
type feed struct {
	size int // of a snapshot, in parts of 64 KiB; 0 sends differences
	pad  int // bytes to be added to a difference

	mu       sync.Mutex
	n        int
	watchers map[int]func()
	next     int
}

// add makes the number larger by one.
func (f *feed) add() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	for _, changed := range f.watchers {
		changed()
	}
}

func (f *feed) Watch(changed func()) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watchers == nil {
		f.watchers = map[int]func(){}
	}
	id := f.next
	f.next++
	f.watchers[id] = changed
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.watchers, id)
	}
}

func (f *feed) Since(mark hub.Mark) hub.Update {
	f.mu.Lock()
	defer f.mu.Unlock()
	had, ok := mark.(int)
	u := hub.Update{Mark: f.n, Reset: !ok || f.size > 0}
	if ok && had == f.n {
		u.Reset = false
		return u
	}
	u.Parts = [][]byte{[]byte(`"n":` + strconv.Itoa(f.n))}
	if f.pad > 0 {
		u.Parts[0] = append(u.Parts[0], `,"x":"`+strings.Repeat("x", f.pad)+`"`...)
	}
	for left := f.size; left > 0; left -= 64 << 10 {
		u.Parts = append(u.Parts, []byte(`"x":"`+strings.Repeat("x", min(left, 64<<10))+`"`))
	}
	return u
}

// dial opens a socket with the given headers.
func (f *fixture) dial(t *testing.T, header http.Header) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	s, response, err := websocket.DefaultDialer.DialContext(t.Context(), strings.Replace(f.URL(), "http", "ws", 1)+"/api/v1/ws", header)
	if err == nil {
		_ = s.SetReadDeadline(time.Now().Add(patience))
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, response, err
}

func (f *fixture) ticket(t *testing.T, session string) string {
	t.Helper()
	var body struct {
		Ticket  string `json:"ticket"`
		Expires int    `json:"expires_in"`
	}
	a := f.post(t, "/api/v1/tickets", session, "")
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || len(body.Ticket) != 43 || body.Expires != 60 {
		t.Fatalf("%d %s %v", a.StatusCode, a.body, err)
	}
	return body.Ticket
}

// stranger opens a socket and shows no ticket.
func (f *fixture) stranger(t *testing.T) *websocket.Conn {
	t.Helper()
	s, _, err := f.dial(t, http.Header{"Origin": {f.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// present shows a ticket.
func present(t *testing.T, s *websocket.Conn, ticket string) {
	t.Helper()
	say(t, s, `{"op":"open","ticket":"`+ticket+`"}`)
}

// open opens a socket with a ticket, and returns both.
func (f *fixture) open(t *testing.T, session string) (*websocket.Conn, string) {
	t.Helper()
	s, ticket := f.stranger(t), f.ticket(t, session)
	present(t, s, ticket)
	expect(t, s, `{"op":"opened","ticket":"`)
	return s, ticket
}

func say(t *testing.T, s *websocket.Conn, message string) {
	t.Helper()
	if err := s.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

// expect reads the next message, which must begin with want.
func expect(t *testing.T, s *websocket.Conn, want string) string {
	t.Helper()
	kind, got, err := s.ReadMessage()
	if err != nil || kind != websocket.TextMessage || !strings.HasPrefix(string(got), want) {
		t.Fatalf("got %d %.80q, %v; want %.80q", kind, got, err, want)
	}
	return string(got)
}

// alive fails the test unless the socket is open and listened to.
func alive(t *testing.T, s *websocket.Conn) {
	t.Helper()
	say(t, s, `{"op":"subscribe","topic":"名前"}`)
	expect(t, s, `{"t":"名前","gone":true}`)
}

// expectClose reads to the end, which must have this code.
func expectClose(t *testing.T, s *websocket.Conn, want int) {
	t.Helper()
	for {
		_, message, err := s.ReadMessage()
		var closed *websocket.CloseError
		if err == nil && strings.HasPrefix(string(message), `{"op":"error"`) {
			continue
		}
		if !errors.As(err, &closed) || closed.Code != want {
			t.Fatalf("got %.80q, %v; want close code %d", message, err, want)
		}
		return
	}
}

// fill changes the feed until done says that it is enough.
func (f *feed) fill(t *testing.T, done func() bool) {
	t.Helper()
	until(t, "an end of changes", func() bool {
		f.add()
		return done()
	})
}

// until waits for something that nobody tells of.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	late := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("waited for %s", what)
		}
	}
}

// counts waits until so many connections are counted: a page sees the end of its own
// before that is counted out.
func (f *fixture) counts(t *testing.T, n int) {
	t.Helper()
	until(t, fmt.Sprintf("%d connections", n), func() bool { return f.connections() == n })
}

// connections counts the live ones.
func (f *fixture) connections() int {
	f.sockets.mu.Lock()
	defer f.sockets.mu.Unlock()
	return f.sockets.all
}
