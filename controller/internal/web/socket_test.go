package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
)

func TestSocketWithTicket(t *testing.T) {
	f := run(t)
	s, _ := f.open(t, f.setup(t))
	alive(t, s)
	say(t, s, `{"op":"subscribe","topic":"list"}`)
	expect(t, s, `{"t":"list","s":1,"e":"`)
	f.views.list.add()
	expect(t, s, `{"t":"list","s":2,"n":1}`)
	f.views.list.add()
	expect(t, s, `{"t":"list","s":3,"n":2}`)
}

// What a page sends together with its handshake has been read by fasthttp.
func TestSocketEarlyBytes(t *testing.T) {
	f := run(t)
	ticket := f.ticket(t, f.setup(t))
	conn := f.handshake(t, masked(0x81, `{"op":"open","ticket":"`+ticket+`"}`)+masked(0x81, `{"op":"subscribe","topic":"x"}`))
	conn.expect(t, 0x81, `{"op":"opened"`)
	conn.expect(t, 0x81, `{"t":"x","gone":true}`)
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
		"form": "x", "guess": strings.Repeat("A", 43), "session": session, "padded": f.ticket(t, session) + "=", "orphan": orphan,
	} {
		s, _, err := f.dial(t, http.Header{"Origin": {f.URL()}, "Cookie": {cookie + "=" + session}})
		if err != nil {
			t.Fatal(err)
		}
		present(t, s, ticket)
		t.Log(what)
		expectClose(t, s, 4401)
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
	present(t, thief, ticket)
	expectClose(t, thief, 4409)
	expectClose(t, owner, 4409)
	expectClose(t, sibling, 4409)
	if a := f.do(t, call{path: "/api/v1/session", cookie: session}); a.StatusCode != 401 {
		t.Errorf("the session lives on: %d %s", a.StatusCode, a.body)
	}
	alive(t, bystander)
}

func TestSocketClosesAtSignOut(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	s, _ := f.open(t, session)
	f.do(t, call{method: http.MethodDelete, path: "/api/v1/session", origin: f.URL(), cookie: session})
	expectClose(t, s, 4409)
}

func TestSocketPings(t *testing.T) {
	f := run(t, func(f *fixture, _ *Config) { f.pace.Ping = time.Millisecond })
	s, _ := f.open(t, f.setup(t))
	pings := 0
	s.SetPingHandler(func(string) error {
		if pings++; pings == 2 {
			say(t, s, `{"op":"subscribe","topic":"two"}`)
		}
		return s.WriteControl(websocket.PongMessage, nil, time.Now().Add(patience))
	})
	expect(t, s, `{"t":"two","gone":true}`)
}

// A page that is gone without a word, as when a laptop is closed, is let go.
func TestSocketThatDoesNotAnswerPings(t *testing.T) {
	f := run(t, func(f *fixture, _ *Config) { f.pace.Silence = time.Second })
	ticket := f.ticket(t, f.setup(t))
	s := f.stranger(t)
	present(t, s, ticket)
	var err error
	for err == nil { // on a busy machine it may be let go before it is opened
		_, _, err = s.ReadMessage()
	}
	if !websocket.IsCloseError(err, 4408) {
		t.Errorf("it ended with %v", err)
	}
}

// A page that takes nothing of what is sent is let go after its grace, and what
// it holds up is given back.
func TestSocketThatNeverReads(t *testing.T) {
	f := run(t, func(f *fixture, _ *Config) { f.pace.Grace = 100 * time.Millisecond })
	s, _ := f.open(t, f.setup(t))
	say(t, s, `{"op":"subscribe","topic":"large"}`)
	f.views.large.fill(t, func() bool { return f.connections() == 0 })
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
