package tor

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const circuitLine = "PROXY TCP6 fc00:dead:beef:4dad::1:2a ::1 42 22\r\n"

var badCircuitLines = []string{
	"SSH-2.0-Go\r\n",
	"PROXY TCP6 fc00:dead:beef:4dad::1:2a ::1 42 22\n",
	"PROXY TCP6 fc00:dead:beef:4dad::1:2a ::1 42\r\n",
	"PROXY TCP6 fc00:dead:beef:4dad::1:2a ::1 42 65536\r\n",
	"PROXY TCP6 fc00:dead:beef:4dad::1:2a ::1 -1 22\r\n",
	"PROXY TCP6 fc00:dead:beef:4dad:1::2a ::1 42 22\r\n",
	"PROXY TCP6 fc00:dead:beef:4dad::1:2a%a ::1 42 22\r\n",
	"PROXY TCP6 2001:db8::1 ::1 42 22\r\n",
	"PROXY TCP4 127.0.0.1 127.0.0.1 42 22\r\n",
	"PROXY UNKNOWN\r\n",
	"PROXY  TCP6 fc00:dead:beef:4dad::1:2a ::1 42 22\r\n",
	strings.Repeat("x", 200) + "\r\n",
}

func TestParseCircuit(t *testing.T) {
	r := strings.NewReader(circuitLine + "rest")
	if id, err := readCircuit(r); err != nil || id != 1<<16+42 {
		t.Errorf("%d, %v", id, err)
	}
	if rest, _ := io.ReadAll(r); string(rest) != "rest" {
		t.Errorf("it left %q", rest)
	}
	for _, line := range badCircuitLines {
		if id, err := readCircuit(strings.NewReader(line)); !errors.Is(err, errCircuitLine) {
			t.Errorf("%q: %d, %v", line, id, err)
		}
	}
}

func FuzzReadCircuit(f *testing.F) {
	f.Add([]byte(circuitLine))
	for _, line := range badCircuitLines {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		_, err := readCircuit(r)
		read := len(b) - r.Len()
		if read > maxCircuitLine {
			t.Fatalf("%d bytes were read", read)
		}
		if err == nil && b[read-1] != '\n' {
			t.Fatal("it stopped in the middle of a line")
		}
	})
}

func TestCircuitConn(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	conn := newCircuitConn(server, true)
	defer conn.Close()
	go io.WriteString(client, circuitLine+"hello")
	buf := make([]byte, 5)
	if _, err := io.ReadFull(conn, buf); err != nil || string(buf) != "hello" {
		t.Errorf("read %q, %v", buf, err)
	}
	if got := conn.RemoteAddr().String(); got != "circuit-65578" {
		t.Errorf("RemoteAddr() = %s", got)
	}
}

func TestCircuitConnRefuses(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	conn := newCircuitConn(server, true)
	go io.WriteString(client, "SSH-2.0-Go\r\n")
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, errCircuitLine) {
		t.Errorf("Read: %v", err)
	}
	if got := conn.RemoteAddr().String(); got != "circuit-unknown" {
		t.Errorf("RemoteAddr() = %s", got)
	}
}

// TestSilentPeer: a peer that says nothing is waited for as long as is said, and
// no longer than the connection's user allows.
func TestSilentPeer(t *testing.T) {
	for name, test := range map[string]struct{ own, want time.Duration }{
		"limit":    {0, headerTimeout},
		"later":    {time.Hour, headerTimeout},
		"deadline": {time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				defer client.Close()
				conn := newCircuitConn(server, true)
				if test.own > 0 {
					conn.SetDeadline(time.Now().Add(test.own))
				}
				start := time.Now()
				if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("Read: %v", err)
				}
				if took := time.Since(start); took != test.want {
					t.Errorf("it took %v, want %v", took, test.want)
				}
			})
		})
	}
}

// TestDeadlineSurvives: the deadline of the connection's user holds after the
// first line as well.
func TestDeadlineSurvives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer client.Close()
		conn := newCircuitConn(server, true)
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		go io.WriteString(client, circuitLine)
		start := time.Now()
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

// TestAcceptDoesNotWait: a silent connection keeps nobody else from being
// accepted.
func TestAcceptDoesNotWait(t *testing.T) {
	dir := shortDir(t)
	box, err := New(serviceConfig(dir))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second has to replace the first's socket
		l, err := box.Listen()
		if err != nil {
			t.Fatal(err)
		}
		checkModes(t, dir+"/run")
		var accepted []net.Conn
		for range 3 {
			silent, err := net.Dial("unix", box.cfg.Service.Socket)
			if err != nil {
				t.Fatal(err)
			}
			defer silent.Close()
			conn, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			accepted = append(accepted, conn)
		}
		for _, c := range accepted {
			c.Close()
		}
		l.(*listener).Listener.(*net.UnixListener).SetUnlinkOnClose(false)
		l.Close()
	}
}
