package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"offing/controller/internal/account"
	"offing/tunnel/report"
)

// What a body says to have been packed into is not undone: a few bytes could
// become more than there is memory.
func TestBodiesAreNotUnpacked(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	for _, route := range []struct{ method, path, body string }{
		{http.MethodPost, "/api/v1/session", `{"user":"ada","password":"` + password + `"}`},
		{http.MethodPut, "/api/v1/rules", `{"rules":[]}`},
		{http.MethodPut, "/api/v1/users/ada/quota", `{}`},
		{http.MethodPost, "/api/v1/stream", `{"op":"open","ticket":"x"}`},
	} {
		packed := []byte(route.body)
		for times := 1; times <= 2; times++ {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			_, _ = w.Write(packed)
			_ = w.Close()
			packed = b.Bytes()
			r, err := http.NewRequestWithContext(t.Context(), route.method, f.URL()+route.path, bytes.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Content-Encoding", strings.Repeat("gzip, ", times-1)+"gzip")
			r.Header.Set("Origin", f.URL())
			r.AddCookie(&http.Cookie{Name: cookie, Value: session})
			if a := send(t, http.DefaultClient, r); a.StatusCode != 400 || a.code(t) != "bad-request" {
				t.Errorf("%s packed %d times: %d %s", route.path, times, a.StatusCode, a.body)
			}
		}
	}
}

// slowBoxes answers when it is told to.
type slowBoxes struct {
	boxes
	asked, answer chan struct{}
}

func (b slowBoxes) Status(context.Context, account.Principal) ([]report.Box, error) {
	close(b.asked)
	<-b.answer
	return nil, nil
}

// watchedListener tells which connections the server closes.
type watchedListener struct {
	net.Listener
	closed chan string
}

type watchedConn struct {
	net.Conn
	closed chan string
}

func (l watchedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return watchedConn{conn, l.closed}, err
}

func (c watchedConn) Close() error {
	c.closed <- c.RemoteAddr().String()
	return c.Conn.Close()
}

// Who asks for a stream and is gone before it begins keeps no place of those that
// are for strangers.
func TestStreamThatNeverBeginsKeepsNoPlace(t *testing.T) {
	slow := slowBoxes{asked: make(chan struct{}), answer: make(chan struct{})}
	f := start(t, func(_ *fixture, c *Config) { c.Boxes = slow })
	watched := watchedListener{f.tcp, make(chan string, 64)}
	f.tcp = watched
	f.serve(t)
	session := f.setup(t)
	host, first := strings.TrimPrefix(f.URL(), "http://"), `{"op":"open","ticket":"x"}`
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	// Both in one: the answer to the first is written when the second is answered.
	_, err = fmt.Fprintf(conn, "GET /api/v1/status HTTP/1.1\r\nHost: %s\r\nCookie: %s=%s\r\n\r\n"+
		"POST /api/v1/stream HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		host, cookie, session, host, len(first), first)
	if err != nil {
		t.Fatal(err)
	}
	<-slow.asked
	tcp, _ := conn.(*net.TCPConn)
	_ = tcp.SetLinger(0) // a reset, at which a write fails
	_ = conn.Close()
	close(slow.answer)
	for closed := ""; closed != conn.LocalAddr().String(); {
		closed = <-watched.closed
	}
	f.counts(t, 0)
}
