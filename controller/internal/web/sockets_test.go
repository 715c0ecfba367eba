package web

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/fasthttp/websocket"

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
	say(t, over, f.ticket(t, session))
	expectClose(t, over, websocket.CloseTryAgainLater)
	f.open(t, sessionOf(t, f.signIn(t, password))) // another session has room

	say(t, first, "still here")
	expect(t, first, "still here")
	if err := first.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")); err != nil {
		t.Fatal(err)
	}
	expectClose(t, first, websocket.CloseNormalClosure)
	for { // as soon as the server has noticed, there is room again
		s := f.stranger(t)
		say(t, s, f.ticket(t, session))
		if _, message, err := s.ReadMessage(); err == nil && string(message) == "opened" {
			break
		} else if !websocket.IsCloseError(err, websocket.CloseTryAgainLater) {
			t.Fatal(err)
		}
	}
}

func TestStrangersAreBounded(t *testing.T) {
	f := run(t, func(_ *fixture, c *Config) { c.Hub = greet })
	known := f.stranger(t)
	expect(t, known, "hello")
	say(t, known, f.ticket(t, f.setup(t)))
	expect(t, known, "opened")
	var last *websocket.Conn
	for range maxStrangers {
		last = f.stranger(t)
		expect(t, last, "hello")
	}
	expectClose(t, f.stranger(t), websocket.CloseTryAgainLater)
	say(t, known, "still here")
	expect(t, known, "still here")
	_ = last.Close()
	for { // as soon as the server has noticed, there is room again
		if _, message, err := f.stranger(t).ReadMessage(); err == nil && string(message) == "hello" {
			break
		} else if !websocket.IsCloseError(err, websocket.CloseTryAgainLater) {
			t.Fatal(err)
		}
	}
}

func TestSocketsCloseWhenTheServerStops(t *testing.T) {
	f := run(t, func(_ *fixture, c *Config) { c.Hub = greet })
	open, stranger := f.stranger(t), f.stranger(t)
	expect(t, stranger, "hello")
	expect(t, open, "hello")
	say(t, open, f.ticket(t, f.setup(t)))
	expect(t, open, "opened")
	f.stop()
	expectClose(t, open, websocket.CloseGoingAway)
	expectClose(t, stranger, websocket.CloseGoingAway)
	if err := <-f.served; err != nil {
		t.Error(err)
	}
	f.served <- nil
	if n := len(f.sockets.sessions); n != 0 {
		t.Errorf("%d sockets outlive the server", n)
	}
	if _, err := os.Lstat(f.Socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the Unix socket is still there: %v", err)
	}
}

func TestSocketHandlerThatFails(t *testing.T) {
	f := run(t, func(_ *fixture, c *Config) {
		c.Hub = func(context.Context, hub.Conn, hub.Doorman) error { panic("a secret of the page") }
	})
	expectClose(t, f.stranger(t), websocket.CloseInternalServerErr)
	f.log.wait(t, "handler failed")
	if strings.Contains(f.log.String(), "secret of the page") {
		t.Error("the log tells what the panic said")
	}
	if a := f.do(t, call{}); a.StatusCode != 200 {
		t.Errorf("after that: %d", a.StatusCode)
	}
}

// echo is a stand-in for the hub: it opens the ticket, then sends back what it gets.
func echo(_ context.Context, conn hub.Conn, door hub.Doorman) error {
	first, err := conn.Read()
	if err != nil {
		return err
	}
	p, err := door.OpenTicket(context.Background(), string(first))
	if err != nil {
		return conn.Close(4401, err.Error())
	}
	if err := conn.Write([]byte("opened")); err != nil {
		return err
	}
	read := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(read)
	wg.Go(func() {
		select {
		case <-door.Ended(p.Session):
			_ = conn.Close(4409, "session ended")
		case <-read:
		}
	})
	for {
		message, err := conn.Read()
		if err != nil {
			return err
		}
		if err := conn.Write(message); err != nil {
			return err
		}
	}
}

// greet is echo that says when the socket has been let in.
func greet(ctx context.Context, conn hub.Conn, door hub.Doorman) error {
	if err := conn.Write([]byte("hello")); err != nil {
		return err
	}
	return echo(ctx, conn, door)
}
