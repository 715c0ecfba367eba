package controller

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"offing/controller/client"
	"offing/controller/internal/boxtest"
)

// patience is how long a test waits for what must come, before it fails.
const patience = time.Minute

// scratch returns a folder whose path is short enough for sockets in it.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "offing-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// home is a running controller.
type home struct {
	t      *testing.T
	cfg    Config
	cancel context.CancelFunc // lets it end
	stop   func() error       // ends it and returns Run's error
	log    *buffer
	url    string // of the page, as it was printed
	token  string // of the setup link; empty when none was printed
	rest   func() string
}

// start runs a controller with boxes on any port, and reads its greeting.
func start(t *testing.T, cfg Config, boxes ...*boxtest.Box) *home {
	t.Helper()
	if cfg.Run == "" {
		cfg.Run = filepath.Join(scratch(t), "run")
	}
	if cfg.Listen == DefaultConfig().Listen {
		cfg.Listen = "127.0.0.1:0"
	}
	h := &home{t: t, cfg: cfg, log: &buffer{}}
	read, printed := io.Pipe()
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c, err := New(cfg, log, WithOutput(printed), WithDialer(boxtest.Net(boxes)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	done := make(chan error, 1)
	go func() {
		err := c.Run(ctx)
		_ = printed.CloseWithError(err) // as io.EOF when there is none
		done <- err
	}()
	h.stop = sync.OnceValue(func() error {
		cancel()
		go func() { _, _ = io.Copy(io.Discard, read) }() // whatever is still said
		return <-done
	})
	t.Cleanup(func() { _ = h.stop() }) // tests that care have looked
	h.readGreeting(read)
	return h
}

// readGreeting waits for the controller to say where it is.
func (h *home) readGreeting(output io.Reader) {
	h.t.Helper()
	lines := bufio.NewReader(output)
	line, err := lines.ReadString('\n')
	url, found := strings.CutPrefix(line, "Offing is at ")
	if err != nil || !found {
		h.t.Fatalf("the greeting is %q, %v", line, err)
	}
	h.url = strings.Fields(url)[0]
	if strings.Contains(line, "no administrator") {
		link, err := lines.ReadString('\n')
		token, found := strings.CutPrefix(strings.TrimSpace(link), h.url+"/setup#")
		if err != nil || !found {
			h.t.Fatalf("the setup link is %q, %v", link, err)
		}
		h.token = token
	}
	said := make(chan string, 1)
	go func() {
		rest, _ := io.ReadAll(lines)
		said <- string(rest)
	}()
	h.rest = func() string { return <-said }
}

// page returns a client as a browser is one.
func (h *home) page() *client.Client {
	h.t.Helper()
	c, err := client.NewHTTP(h.url)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(c.Close)
	return c
}

// shell returns a client as the command line is one.
func (h *home) shell() *client.Client {
	c := client.New(h.cfg.Socket())
	h.t.Cleanup(c.Close)
	return c
}

// socket opens a WebSocket with a ticket.
func (h *home) socket(ticket string) *socket {
	h.t.Helper()
	address := strings.Replace(h.url, "http", "ws", 1) + "/api/v1/ws"
	ws, _, err := websocket.DefaultDialer.DialContext(h.t.Context(), address, http.Header{"Origin": {h.url}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = ws.Close() }) // it may be closed already
	_ = ws.SetReadDeadline(time.Now().Add(patience))
	s := &socket{h.t, ws, make(map[int]string)}
	s.say(map[string]any{"op": "open", "ticket": ticket})
	return s
}

// socket is a page's WebSocket.
type socket struct {
	t *testing.T
	*websocket.Conn
	boxes map[int]string // of the rows, by their ids
}

// frame is what the tests look at of a message.
type frame struct {
	Op, Topic string
	Rows      []struct {
		ID        int
		Box, Name string // only of a complete row
		Left      int64
	}
	Boxes []struct {
		Name string
		Line struct{ State, Code string }
	}
}

func (s *socket) say(message any) {
	s.t.Helper()
	if err := s.WriteJSON(message); err != nil {
		s.t.Fatal(err)
	}
}

// until reads messages up to the one that is wanted.
func (s *socket) until(what string, ok func(frame) bool) {
	s.t.Helper()
	for {
		var f frame
		if err := s.ReadJSON(&f); err != nil {
			s.t.Fatalf("waiting for %s: %v", what, err)
		}
		if f.Op == "error" {
			s.t.Fatalf("waiting for %s: %+v", what, f)
		}
		if ok(f) {
			return
		}
	}
}

// buffer is a bytes.Buffer for many goroutines.
type buffer struct {
	mu   sync.Mutex
	data bytes.Buffer
}

// Write implements io.Writer.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.Write(p)
}

// String returns all that was written.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.String()
}
