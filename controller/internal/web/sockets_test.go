package web

import (
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/fasthttp/websocket"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
)

func TestSocketLimits(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	first, _ := f.open(t, session)
	for range maxPerSession - 1 {
		f.open(t, session)
	}
	over := f.stranger(t)
	present(t, over, f.ticket(t, session))
	expectClose(t, over, websocket.CloseTryAgainLater)
	f.open(t, sessionOf(t, f.signIn(t, password))) // another session has room

	alive(t, first)
	if err := first.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")); err != nil {
		t.Fatal(err)
	}
	expectClose(t, first, websocket.CloseNormalClosure)
	for { // as soon as the server has noticed, there is room again
		s := f.stranger(t)
		present(t, s, f.ticket(t, session))
		if _, message, err := s.ReadMessage(); err == nil && strings.Contains(string(message), "opened") {
			break
		}
		expectClose(t, s, websocket.CloseTryAgainLater)
	}
}

func TestUsersAreBounded(t *testing.T) {
	k := openSockets(t)
	var doors []*turnstile
	for i := range maxPerUser {
		door := k.enter(nil, netip.Addr{})
		if !door.admit(account.Principal{User: "ada", Session: account.SessionID{byte(i / maxPerSession)}}) {
			t.Fatalf("no room for connection %d", i)
		}
		doors = append(doors, door)
	}
	over := k.enter(nil, netip.Addr{})
	if over.admit(account.Principal{User: "ada", Session: account.SessionID{99}}) {
		t.Error("one user has more connections than there may be")
	}
	if !over.admit(account.Principal{User: "ben", Session: account.SessionID{98}}) {
		t.Error("no room for another user")
	}
	for _, door := range append(doors, over) {
		door.leave()
	}
	if k.all != 0 || k.strangers != 0 || len(k.sessions) != 0 || len(k.users) != 0 {
		t.Errorf("when all have left: %d, %d, %v, %v", k.all, k.strangers, k.sessions, k.users)
	}
}

// Strangers from one network leave room for others, and all of them together are
// bounded.
func TestStrangersOfOneNetwork(t *testing.T) {
	k := openSockets(t)
	at := func(text string) netip.Addr { return netip.MustParseAddr(text) }
	var doors []*turnstile
	enter := func(n int, from netip.Addr) {
		t.Helper()
		for range n {
			door := k.enter(nil, from)
			if door == nil {
				t.Fatalf("no room from %v", from)
			}
			doors = append(doors, door)
		}
	}
	enter(maxAlike, at("2001:db8::1"))
	if k.room(at("2001:db8::ffff")) || k.enter(nil, at("2001:db8::2")) != nil {
		t.Error("a network has more strangers than there may be")
	}
	enter(1, at("2001:db8:0:1::1"))
	if !doors[0].admit(account.Principal{User: "ada"}) {
		t.Error("a stranger is not admitted")
	}
	enter(1, at("2001:db8::2"))
	enter(maxStrangers-maxAlike-1, at("192.0.2.1"))
	if k.room(at("192.0.2.2")) {
		t.Error("there is room for any number of strangers")
	}
	for _, door := range doors {
		door.leave()
	}
	if k.all != 0 || k.strangers != 0 || len(k.networks) != 0 {
		t.Errorf("when all have left: %d, %d, %v", k.all, k.strangers, k.networks)
	}
}

// TestThousandStrangers has one client open a thousand sockets and say nothing.
func TestThousandStrangers(t *testing.T) {
	f := run(t)
	known, _ := f.open(t, f.setup(t))
	var kept *websocket.Conn
	for i := range 1000 {
		if s := f.stranger(t); i >= maxAlike {
			expectClose(t, s, websocket.CloseTryAgainLater)
			continue
		} else if kept == nil {
			kept = s
		}
		f.counts(t, i+2) // its handler may begin later than the next one's
	}
	if n := f.connections(); n != maxAlike+1 {
		t.Errorf("%d connections are kept", n)
	}
	f.sockets.mu.Lock()
	if n := f.sockets.networks[netip.MustParsePrefix("127.0.0.1/32")]; n != maxAlike {
		t.Errorf("%d of them are counted to where they are from", n)
	}
	f.sockets.mu.Unlock()
	alive(t, known)
	_ = kept.Close()
	session := sessionOf(t, f.signIn(t, password))
	for { // as soon as the server has noticed, there is room again
		s := f.stranger(t)
		present(t, s, f.ticket(t, session))
		if _, _, err := s.ReadMessage(); err == nil {
			break
		} else if !websocket.IsCloseError(err, websocket.CloseTryAgainLater) {
			t.Fatal(err)
		}
	}
}

func TestSocketsCloseWhenTheServerStops(t *testing.T) {
	f := run(t)
	open, _ := f.open(t, f.setup(t))
	stranger := f.stranger(t)
	f.counts(t, 2)
	f.stop()
	expectClose(t, open, websocket.CloseGoingAway)
	expectClose(t, stranger, websocket.CloseGoingAway)
	if err := <-f.served; err != nil {
		t.Error(err)
	}
	f.served <- nil
	if n := f.connections(); n != 0 {
		t.Errorf("%d sockets outlive the server", n)
	}
	if _, err := os.Lstat(f.Socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the Unix socket is still there: %v", err)
	}
}

// fails is a Hub that cannot.
type fails struct{ Hub }

func (fails) Close() {}

func (fails) Take(hub.Wire, hub.Doorman, func(error)) { panic("a secret of the page") }

func TestSocketHandlerThatFails(t *testing.T) {
	f := run(t, func(f *fixture, _ *Config) { f.instead = fails{} })
	if _, _, err := f.stranger(t).ReadMessage(); err == nil {
		t.Error("it is still open")
	}
	f.log.wait(t, "handler failed")
	if strings.Contains(f.log.String(), "secret of the page") {
		t.Error("the log tells what the panic said")
	}
	if a := f.do(t, call{}); a.StatusCode != 200 {
		t.Errorf("after that: %d", a.StatusCode)
	}
	if n := f.connections(); n != 0 {
		t.Errorf("%d connections still count", n)
	}
}
