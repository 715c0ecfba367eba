package web

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// events is an open stream.
type events struct {
	r    *bufio.Reader
	body io.Closer
	name string
}

// stream opens a stream with a ticket.
func (f *fixture) stream(t *testing.T, ticket string) (*events, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL()+"/api/v1/stream", strings.NewReader(`{"op":"open","ticket":"`+ticket+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", f.URL())
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return &events{r: bufio.NewReader(response.Body), body: response.Body}, response
}

// expect reads the next event, which must begin with want.
func (e *events) expect(t *testing.T, want string) string {
	t.Helper()
	line, err := e.r.ReadString('\n')
	blank, _ := e.r.ReadString('\n')
	data, ok := strings.CutPrefix(line, "data: ")
	if err != nil || !ok || blank != "\n" || !strings.HasPrefix(data, want) {
		t.Fatalf("got %.80q and %q, %v; want an event %.80q", line, blank, err, want)
	}
	return data
}

// openStream opens a stream of a session.
func (f *fixture) openStream(t *testing.T, session string) *events {
	t.Helper()
	e, response := f.stream(t, f.ticket(t, session))
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != "text/event-stream" {
		t.Fatalf("%d %s", response.StatusCode, kind)
	}
	if response.Header.Get("Content-Security-Policy") == "" || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", response.Header)
	}
	var opened struct{ Stream string }
	if err := json.Unmarshal([]byte(e.expect(t, `{"op":"opened","ticket":"`)), &opened); err != nil || len(opened.Stream) != 43 {
		t.Fatalf("opened with the name %q, %v", opened.Stream, err)
	}
	e.name = opened.Stream
	return e
}

// tell sends a message of a stream's page.
func (f *fixture) tell(t *testing.T, session, stream, message string) *answer {
	t.Helper()
	return f.post(t, "/api/v1/stream/messages", session, `{"stream":"`+stream+`","message":`+message+`}`)
}

func TestStream(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	e := f.openStream(t, session)
	for _, topic := range []string{"名前", "list"} {
		if a := f.tell(t, session, e.name, ask(topic)); a.StatusCode != http.StatusNoContent {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
	}
	e.expect(t, goneOf("名前"))
	e.expect(t, `{"t":"list","s":1,"e":"`)
	f.views.list.add()
	e.expect(t, `{"t":"list","s":2,"n":1}`)

	_ = e.body.Close()
	f.views.list.fill(t, func() bool { return f.connections() == 0 }) // as soon as the server has noticed, it is gone
	if a := f.tell(t, session, e.name, ask("x")); a.StatusCode != http.StatusNotFound {
		t.Errorf("to a stream that has ended: %d %s", a.StatusCode, a.body)
	}
}

func TestStreamIsKeptAlive(t *testing.T) {
	f := run(t, func(f *fixture, _ *Config) { f.pace.Ping, f.pace.Silence = 1, 1 })
	e := f.openStream(t, f.setup(t))
	for range 2 {
		if line, err := e.r.ReadString('\n'); err != nil || line != ": \n" {
			t.Fatalf("got %q, %v", line, err)
		}
		_, _ = e.r.ReadString('\n')
	}
}

func TestStreamRefusals(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	used := f.ticket(t, sessionOf(t, f.signIn(t, password)))
	thief, _ := f.stream(t, used)
	thief.expect(t, `{"op":"opened"`)
	for what, c := range map[string]struct{ ticket, code string }{
		"a guess":        {strings.Repeat("A", 43), "ticket-refused"},
		"a used ticket":  {used, "ticket-reused"},
		"no ticket":      {"", "bad-frame"},
		"another's word": {`","topic":"x`, "bad-frame"},
	} {
		e, _ := f.stream(t, c.ticket)
		e.expect(t, `{"op":"error","code":"`+c.code+`"`)
		if rest, err := io.ReadAll(e.r); err != nil || len(rest) > 0 {
			t.Errorf("%s: then %q, %v", what, rest, err)
		}
	}
	thief.expect(t, `{"op":"error","code":"session-ended"`)

	for what, c := range map[string]struct {
		call
		status int
	}{
		"another site": {call{method: http.MethodPost, path: "/api/v1/stream", origin: "http://evil.example", body: `{"op":"open","ticket":"x"}`}, 403},
		"a form":       {call{method: http.MethodPost, path: "/api/v1/stream", origin: f.URL(), kind: "text/plain", body: `{"op":"open","ticket":"x"}`}, 415},
		"no JSON":      {call{method: http.MethodPost, path: "/api/v1/stream", origin: f.URL(), body: `open`}, 400},
		"a GET":        {call{path: "/api/v1/stream", origin: f.URL(), cookie: session}, 404},
	} {
		if a := f.do(t, c.call); a.StatusCode != c.status {
			t.Errorf("%s: %d %s", what, a.StatusCode, a.body)
		}
	}
	f.counts(t, 0)
}

// The name of a stream is worth nothing without its session.
func TestStreamBelongsToItsSession(t *testing.T) {
	f := run(t)
	session, other := f.setup(t), sessionOf(t, f.signIn(t, password))
	e := f.openStream(t, session)
	for what, c := range map[string]struct {
		cookie, stream string
		status         int
	}{
		"another session": {other, e.name, 404}, "nobody": {"", e.name, 401}, "another stream": {session, newStreamName(), 404},
	} {
		if a := f.tell(t, c.cookie, c.stream, ask("stolen")); a.StatusCode != c.status {
			t.Errorf("%s: %d %s", what, a.StatusCode, a.body)
		}
	}
	if a := f.tell(t, session, e.name, padded(1025)); a.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("too long: %d %s", a.StatusCode, a.body)
	}
	f.tell(t, session, e.name, ask("own"))
	e.expect(t, goneOf("own"))
	f.do(t, call{method: http.MethodDelete, path: "/api/v1/session", origin: f.URL(), cookie: session})
	e.expect(t, `{"op":"error","code":"session-ended"`)
}
