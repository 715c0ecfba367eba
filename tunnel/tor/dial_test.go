package tor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// fakeSOCKS listens as a SOCKS server would and lets serve have each connection.
func fakeSOCKS(t *testing.T, serve func(net.Conn)) (path string) {
	t.Helper()
	path = filepath.Join(shortDir(t), socksSocket)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { defer c.Close(); serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); conns.Wait() })
	return path
}

// homeAt returns a client that takes the socket for its Tor's, and Tor for ready.
func homeAt(t *testing.T, socket string) *Tor {
	t.Helper()
	home, err := New(Config{Control: "/nonexistent", SOCKS: socket, Client: true})
	if err != nil {
		t.Fatal(err)
	}
	home.board.update(func(s *Status) { s.Running, s.Percent = true, ready })
	return home
}

// reply reads a SOCKS5 request with a user name and answers with code.
func reply(t *testing.T, c net.Conn, code byte, request *bytes.Buffer) {
	buf := make([]byte, 512)
	for _, answer := range [][]byte{{5, 2}, {1, 0}, {5, code, 0, 1, 0, 0, 0, 0, 0, 0}} {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		request.Write(buf[:n])
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

func TestRefusedBeforeSending(t *testing.T) {
	var mu sync.Mutex
	connections := 0
	home := homeAt(t, fakeSOCKS(t, func(net.Conn) { mu.Lock(); connections++; mu.Unlock() }))
	mistyped := Address("3" + known[0][1:])
	for _, to := range []Address{"", "example.com", "127.0.0.1", "localhost", mistyped, Address(known[0] + ".onion"), Address(strings.ToUpper(known[0]))} {
		if _, err := home.Dial(t.Context(), "x", to, Port); !errors.Is(err, ErrBadAddress) {
			t.Errorf("%q: %v", string(to), err)
		}
	}
	for _, isolate := range []string{"", "<torS0X>0", strings.Repeat("x", 256)} {
		if _, err := home.Dial(t.Context(), isolate, Address(known[0]), Port); err == nil {
			t.Errorf("the isolation name %q was taken", isolate)
		}
	}
	for _, port := range []int{-1, 0, 65536} {
		if _, err := home.Dial(t.Context(), "x", Address(known[0]), port); err == nil {
			t.Errorf("port %d was taken", port)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if connections != 0 {
		t.Errorf("%d connections were made", connections)
	}
}

func TestNotReady(t *testing.T) {
	home := homeAt(t, fakeSOCKS(t, func(net.Conn) { t.Error("it was dialled") }))
	home.board.update(func(s *Status) { s.Percent = 95 })
	if _, err := home.Dial(t.Context(), "x", Address(known[0]), Port); !errors.Is(err, ErrNotReady) {
		t.Errorf("Dial: %v", err)
	}
	gone := homeAt(t, filepath.Join(shortDir(t), "gone"))
	if _, err := gone.Dial(t.Context(), "x", Address(known[0]), Port); !errors.Is(err, ErrNotReady) {
		t.Errorf("Dial without a SOCKS port: %v", err)
	}
}

func TestReplies(t *testing.T) {
	for code, want := range map[byte]error{
		0xf0: ErrDescriptorNotFound, 0xf1: ErrDescriptorInvalid, 0xf2: ErrIntroFailed, 0xf3: ErrRendFailed,
		0xf4: ErrClientAuthMissing, 0xf5: ErrClientAuthWrong, 0xf6: ErrBadAddress, 0xf7: ErrIntroTimeout,
		0x01: ErrUnreachable, 0x06: ErrUnreachable, 0xff: ErrUnreachable,
	} {
		var request bytes.Buffer
		home := homeAt(t, fakeSOCKS(t, func(c net.Conn) { reply(t, c, code, &request) }))
		_, err := home.Dial(t.Context(), "lane 1", Address(known[0]), Port)
		if !errors.Is(err, want) {
			t.Errorf("%#x: %v, want %v", code, err, want)
		}
		if strings.Contains(err.Error(), known[0]) {
			t.Errorf("%#x: the error tells the address", code)
		}
	}
}

func TestDialSucceeds(t *testing.T) {
	var request bytes.Buffer
	home := homeAt(t, fakeSOCKS(t, func(c net.Conn) {
		reply(t, c, 0, &request)
		io.Copy(c, c)
	}))
	conn, err := home.Dial(t.Context(), "lane 1", Address(known[0]), Port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	want := "\x01\x06lane 1\x06" + isolatePassword + "\x05\x01\x00\x03\x3e" + known[0] + ".onion\x00\x16"
	if got := request.String(); !strings.HasSuffix(got, want) {
		t.Errorf("the request was %q", got)
	}
	io.WriteString(conn, "x")
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

// TestDialCancelled: the SOCKS connection ends with the context, at any moment.
func TestDialCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	home := homeAt(t, fakeSOCKS(t, func(c net.Conn) {
		cancel()
		_, err := io.Copy(io.Discard, c)
		ended <- err
	}))
	if _, err := home.Dial(ctx, "x", Address(known[0]), Port); !errors.Is(err, context.Canceled) {
		t.Errorf("Dial: %v", err)
	}
	<-ended
	expired, cancel := context.WithTimeout(t.Context(), 1)
	defer cancel()
	if _, err := home.Dial(expired, "x", Address(known[0]), Port); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Dial: %v", err)
	}
}

func TestMisbehavingSOCKS(t *testing.T) {
	for _, answer := range []string{"", "HTTP/1.1 400 Bad Request\r\n\r\n", "\x05\xff", "\x05\x02\x01\x01", "\x05\x02\x01\x00\x05"} {
		home := homeAt(t, fakeSOCKS(t, func(c net.Conn) {
			c.Read(make([]byte, 64))
			io.WriteString(c, answer)
			c.(*net.UnixConn).CloseWrite()
			io.Copy(io.Discard, c)
		}))
		if _, err := home.Dial(t.Context(), "x", Address(known[0]), Port); !errors.Is(err, ErrUnreachable) {
			t.Errorf("%q: %v", answer, err)
		}
	}
}
