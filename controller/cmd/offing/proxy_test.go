package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offing/tunnel/report"
)

// asking is a request that reached a SOCKS server.
type asking struct{ user, target string }

// socksServer answers SOCKS5 requests with the reply code, and then sends back
// what it gets, in upper case.
func socksServer(t *testing.T, code byte) (address string, requests <-chan asking) {
	t.Helper()
	path := filepath.Join(scratch(t), "socks")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan asking, 8)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if r, err := answerSOCKS(conn, code); err == nil {
				seen <- r
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	return "unix:" + path, seen
}

// answerSOCKS follows RFC 1928 and RFC 1929.
func answerSOCKS(conn net.Conn, code byte) (r asking, err error) {
	field := func(n int) []byte {
		b := make([]byte, n)
		if err == nil {
			_, err = io.ReadFull(conn, b)
		}
		return b
	}
	field(int(field(2)[1])) // version, methods
	conn.Write([]byte{5, 2})
	r.user = string(field(int(field(2)[1])))
	field(int(field(1)[0])) // password
	conn.Write([]byte{1, 0})
	if head := field(4); head[3] != 3 { // version, command, reserved, type of address
		return r, fmt.Errorf("the target is of type %d, want a name", head[3])
	}
	name := field(int(field(1)[0]))
	port := field(2)
	r.target = fmt.Sprintf("%s:%d", name, int(port[0])<<8|int(port[1]))
	conn.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0})
	if err == nil && code == 0 {
		text, _ := io.ReadAll(conn)
		_, err = io.WriteString(conn, strings.ToUpper(string(text)))
	}
	return r, err
}

func TestProxy(t *testing.T) {
	socks, requests := socksServer(t, 0)
	to := pairing(1).Address
	users := make(map[string]bool)
	for range 2 {
		conn, err := dialOnion(t.Context(), socks, to, 22)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := join(t.Context(), conn, strings.NewReader("hello"), &out); err != nil || out.String() != "HELLO" {
			t.Errorf("got %q, %v", out.String(), err)
		}
		r := <-requests
		if r.target != to.Host()+":22" {
			t.Error("another target was asked for")
		}
		users[r.user] = true
	}
	if len(users) != 2 {
		t.Error("two connections share a circuit")
	}
}

func TestProxyRefused(t *testing.T) {
	socks, _ := socksServer(t, 0xf0)
	to := pairing(1).Address
	_, err := dialOnion(t.Context(), socks, to, 22)
	var exit *exitError
	if !errors.As(err, &exit) || exit.status != report.ExitUnreachable || strings.Contains(err.Error(), string(to)) {
		t.Errorf("error %v", err)
	}
}

// TestProxyInterrupted: Ctrl-C ends a connection on which nothing happens.
func TestProxyInterrupted(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	in, never, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer never.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := join(ctx, ours, in, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
