package agent

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestServiceManager(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	b := newBox(t, "http://127.0.0.1:1/")
	b.run(t)
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for told, buf := "", make([]byte, 512); !strings.Contains(told, "READY=1") || !strings.Contains(told, "STATUS=Ready"); {
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatalf("told %q, then %v", told, err)
		}
		told += string(buf[:n]) + "\n"
	}
}
