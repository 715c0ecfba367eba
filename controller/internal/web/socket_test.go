package web

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"offing/controller/internal/hub"
)

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

// open opens a socket with a ticket, and returns both.
func (f *fixture) open(t *testing.T, session string) (*websocket.Conn, string) {
	t.Helper()
	s, ticket := f.stranger(t), f.ticket(t, session)
	say(t, s, ticket)
	expect(t, s, "opened")
	return s, ticket
}

func say(t *testing.T, s *websocket.Conn, message string) {
	t.Helper()
	if err := s.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, s *websocket.Conn, want string) {
	t.Helper()
	kind, got, err := s.ReadMessage()
	if err != nil || kind != websocket.TextMessage || string(got) != want {
		t.Fatalf("got %d %.60q, %v; want %.60q", kind, got, err, want)
	}
}

func expectClose(t *testing.T, s *websocket.Conn, want int) {
	t.Helper()
	var closed *websocket.CloseError
	if kind, message, err := s.ReadMessage(); !errors.As(err, &closed) || closed.Code != want {
		t.Fatalf("got %d %.60q, %v; want close code %d", kind, message, err, want)
	}
}

func TestSocketWithTicket(t *testing.T) {
	f := run(t)
	s, _ := f.open(t, f.setup(t))
	for _, message := range []string{"hello", "", "名前", strings.Repeat("x", maxMessage)} {
		say(t, s, message)
		expect(t, s, message)
	}
}

func TestSocketOrigins(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	for _, header := range []http.Header{
		{}, {"Origin": {"http://evil.example"}}, {"Origin": {"null"}}, {"Origin": {f.URL() + "/"}}, {"Origin": {f.URL() + ".evil.example"}},
		{"Origin": {strings.Replace(f.URL(), "http", "https", 1)}}, {"Origin": {f.URL()}, "Sec-Fetch-Site": {"cross-site"}},
	} {
		header.Set("Cookie", cookie+"="+session)
		if _, response, err := f.dial(t, header); err == nil || response == nil || response.StatusCode != 403 {
			t.Errorf("%v: %v, %v", header, response, err)
		}
	}
	if _, response, err := f.dial(t, http.Header{"Origin": {f.URL()}, "Host": {"evil.example"}}); err == nil || response.StatusCode != 421 {
		t.Errorf("foreign host: %v, %v", response, err)
	}
	if a := f.do(t, call{path: "/api/v1/ws", origin: f.URL()}); a.StatusCode != 426 || a.code(t) != "upgrade-required" {
		t.Errorf("no upgrade: %d %s", a.StatusCode, a.body)
	}
}

// The cookie alone opens nothing, nor does any other word than a fresh ticket.
func TestSocketRefusesTickets(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	ended := sessionOf(t, f.signIn(t, password))
	orphan := f.ticket(t, ended)
	f.do(t, call{method: http.MethodDelete, path: "/api/v1/session", origin: f.URL(), cookie: ended})
	for what, ticket := range map[string]string{
		"none": "", "form": "x", "guess": strings.Repeat("A", 43), "session": session, "padded": f.ticket(t, session) + "=", "orphan": orphan,
	} {
		s, _, err := f.dial(t, http.Header{"Origin": {f.URL()}, "Cookie": {cookie + "=" + session}})
		if err != nil {
			t.Fatal(err)
		}
		say(t, s, ticket)
		var closed *websocket.CloseError
		if _, _, err := s.ReadMessage(); !errors.As(err, &closed) || closed.Code != 4401 {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Somebody who has seen a ticket go by gains nothing, and the theft shows.
func TestSocketReusedTicketEndsTheSession(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	bystander, _ := f.open(t, sessionOf(t, f.signIn(t, password)))
	sibling, _ := f.open(t, session)
	owner, ticket := f.open(t, session)

	thief := f.stranger(t)
	say(t, thief, ticket)
	expectClose(t, thief, 4401)
	expectClose(t, owner, 4409)
	expectClose(t, sibling, 4409)
	if a := f.do(t, call{path: "/api/v1/session", cookie: session}); a.StatusCode != 401 {
		t.Errorf("the session lives on: %d %s", a.StatusCode, a.body)
	}
	say(t, bystander, "still here")
	expect(t, bystander, "still here")
}

func TestSocketClosesAtSignOut(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	s, _ := f.open(t, session)
	f.do(t, call{method: http.MethodDelete, path: "/api/v1/session", origin: f.URL(), cookie: session})
	expectClose(t, s, 4409)
}

func TestSocketRefusesWhatIsNoText(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	for _, test := range []struct {
		kind    int
		message string
		code    int
	}{
		{websocket.BinaryMessage, "x", codeBadFrame},
		{websocket.TextMessage, "\xff", codeBadFrame},
		{websocket.TextMessage, strings.Repeat("x", maxMessage+1), websocket.CloseMessageTooBig},
	} {
		s, _ := f.open(t, session)
		if err := s.WriteMessage(test.kind, []byte(test.message)); err != nil {
			t.Fatal(err)
		}
		expectClose(t, s, test.code)
	}
}

// Bytes that are no frames at all, and frames that the RFC forbids.
func TestSocketBadFrames(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	for what, frame := range map[string]string{
		"unmasked": "\x81\x01x", "reserved bit": "\xc1\x81\x00\x00\x00\x00x", "reserved opcode": "\x83\x81\x00\x00\x00\x00x",
		"long ping": "\x89\xfe\x00\x80\x00\x00\x00\x00", "lone continuation": "\x80\x81\x00\x00\x00\x00x",
		"huge length": "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", "negative length": "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",
		"http": "GET / HTTP/1.1\r\n\r\n",
	} {
		s, _ := f.open(t, session)
		if _, err := s.NetConn().Write([]byte(frame)); err != nil {
			t.Fatal(err)
		}
		if _, message, err := s.ReadMessage(); err == nil {
			t.Errorf("%s: answered %q", what, message)
		}
	}
}

func TestSocketPings(t *testing.T) {
	f := run(t, func(f *fixture, _ *Config) { f.pace.ping = time.Millisecond })
	s, _ := f.open(t, f.setup(t))
	pings := 0
	s.SetPingHandler(func(string) error {
		if pings++; pings == 3 {
			say(t, s, "three")
		}
		return s.WriteControl(websocket.PongMessage, nil, time.Now().Add(patience))
	})
	expect(t, s, "three")
}

// A page that is gone without a word, as when a laptop is closed, is let go.
func TestSocketThatDoesNotAnswerPings(t *testing.T) {
	ended := make(chan error, 1)
	f := run(t, func(f *fixture, c *Config) {
		f.pace.silence = 200 * time.Millisecond
		c.Hub = func(_ context.Context, conn hub.Conn, _ hub.Doorman) error {
			_, err := conn.Read()
			ended <- err
			return err
		}
	})
	f.stranger(t) // and reads nothing, so it answers nothing
	select {
	case err := <-ended:
		if late := net.Error(nil); !errors.As(err, &late) || !late.Timeout() {
			t.Errorf("ended by %v", err)
		}
	case <-time.After(patience):
		t.Fatal("it is kept")
	}
}

// A page that does not take what is sent is found out.
func TestSocketThatIsTooSlow(t *testing.T) {
	ended := make(chan error, 1)
	f := run(t, func(f *fixture, c *Config) {
		f.pace.write = 50 * time.Millisecond
		c.Hub = func(_ context.Context, conn hub.Conn, _ hub.Doorman) error {
			err := conn.Write(make([]byte, 64<<20)) // more than any buffer takes
			ended <- err
			return err
		}
	})
	f.stranger(t)
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("ended by %v", err)
	}
}

// Close makes a Write return that a page which reads nothing holds up.
func TestSocketThatNeverReads(t *testing.T) {
	ended := make(chan error, 1)
	f := run(t, func(f *fixture, c *Config) {
		f.pace.write = time.Hour // Close shall not wait for that
		c.Hub = func(_ context.Context, conn hub.Conn, _ hub.Doorman) error {
			var wg sync.WaitGroup
			wg.Go(func() { ended <- conn.Write(make([]byte, 64<<20)) }) // more than any buffer takes
			_, _ = conn.Read()                                          // the page has seen its beginning
			_ = conn.Close(4408, "too slow")
			wg.Wait()
			return nil
		}
	})
	s := f.stranger(t)
	if _, err := s.NetConn().Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	say(t, s, "that will do")
	select {
	case err := <-ended:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("ended by %v", err)
		}
	case <-time.After(patience):
		t.Fatal("it is held up")
	}
}

// No extension is negotiated, whatever the client offers.
func TestSocketDoesNotCompress(t *testing.T) {
	f := run(t)
	dialer := websocket.Dialer{EnableCompression: true}
	s, response, err := dialer.DialContext(t.Context(), strings.Replace(f.URL(), "http", "ws", 1)+"/api/v1/ws", http.Header{"Origin": {f.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if got := response.Header.Get("Sec-WebSocket-Extensions"); got != "" {
		t.Errorf("extensions %q", got)
	}
}
