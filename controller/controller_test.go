package controller

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/fasthttp/websocket"

	"offing/controller/client"
	"offing/controller/internal/boxtest"
	"offing/tunnel"
	"offing/tunnel/state"
)

const user, password = "skipper-of-this-house", "a password of a good length"

// pair puts the pairing of a box where `offing box add` puts it.
func pair(t *testing.T, cfg Config, name string, b *boxtest.Box) {
	t.Helper()
	err := os.MkdirAll(cfg.BoxesDir(), 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(cfg.BoxesDir(), name), []byte(b.Pairing.Code()), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestFirstDay goes the whole way once: from the printed link to a torrent's
// change on a page, and to the end.
func TestFirstDay(t *testing.T) {
	cfg := valid(t)
	box := boxtest.New(t, 1)
	torrent := state.Torrent{Hash: state.Hash{1}, Name: "debian.iso", Size: 100, Left: 50}
	box.Put(&torrent)
	pair(t, cfg, "demo", box)
	h := start(t, cfg, box)
	ctx, page := t.Context(), h.page()

	if needed, err := page.NeedsSetup(ctx); err != nil || !needed || h.token == "" {
		t.Fatalf("setup needed: %v, %v", needed, err)
	}
	if err := page.Setup(ctx, h.token, user, password); err != nil {
		t.Fatal(err)
	}
	var refused *client.Error
	if err := h.page().Setup(ctx, h.token, "thief", password); !errors.As(err, &refused) {
		t.Errorf("the setup link a second time: %v", err)
	}
	if err := errors.Join(page.SignOut(ctx), page.SignIn(ctx, user, password)); err != nil {
		t.Fatal(err)
	}
	ticket, _, err := page.Ticket(ctx)
	if err != nil {
		t.Fatal(err)
	}
	live := h.socket(ticket)
	live.until("the door", func(f frame) bool { return f.Op == "opened" })
	live.say(map[string]any{"op": "subscribe", "topic": "torrents"})
	live.untilRow("demo", 50)
	if !<-box.Watched {
		t.Error("the box does not know that a page is open")
	}
	torrent.Left = 20
	box.Put(&torrent)
	live.untilRow("demo", 20)

	if err := h.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	var closed *websocket.CloseError
	for err == nil {
		_, _, err = live.ReadMessage()
	}
	if !errors.As(err, &closed) || closed.Code != websocket.CloseGoingAway {
		t.Errorf("the page was left with %v", err)
	}
	if rest := h.rest(); strings.Contains(rest, "#") {
		t.Errorf("a second link was printed: %q", rest)
	}
	h.expectSilence(box, h.token, ticket)

	again := start(t, cfg, box)
	if again.token != "" {
		t.Error("there is an administrator, and a setup link nevertheless")
	}
	if err := again.page().SignIn(ctx, user, password); err != nil {
		t.Errorf("the account did not last: %v", err)
	}
}

func (s *socket) untilRow(box string, left int64) {
	s.t.Helper()
	s.until("the row", func(f frame) bool {
		for _, r := range f.Rows {
			if r.Box != "" {
				s.boxes[r.ID] = r.Box
			}
			if s.boxes[r.ID] == box && r.Left == left {
				return true
			}
		}
		return false
	})
}

// expectSilence fails when the log, which has all levels, tells a secret.
func (h *home) expectSilence(box *boxtest.Box, secrets ...string) {
	h.t.Helper()
	code := box.Pairing.Code()
	for _, secret := range append(secrets, user, password, string(box.Pairing.Address), code[len(code)/2:]) {
		if strings.Contains(h.log.String(), secret) {
			h.t.Errorf("a secret is in the log: %s", secret)
		}
	}
	if h.log.String() == "" {
		h.t.Error("there is no log")
	}
}

// The command line adds a box to a controller that runs, and asks it.
func TestShell(t *testing.T) {
	box := boxtest.New(t, 1)
	box.Put(&state.Torrent{Hash: state.Hash{1}, Name: "debian.iso", Size: 100})
	h := start(t, valid(t), box)
	ctx, shell := t.Context(), h.shell()
	if boxes, err := shell.Status(ctx); err != nil || len(boxes) != 0 {
		t.Fatalf("%+v, %v", boxes, err)
	}
	pair(t, h.cfg, "demo", box)
	if err := os.WriteFile(filepath.Join(h.cfg.BoxesDir(), "bad"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := shell.Reload(ctx); err != nil {
		t.Fatal(err)
	}
	<-box.Followed
	boxes, err := shell.Status(ctx)
	if err != nil || len(boxes) != 2 || boxes[0].Box != "bad" || boxes[1].Box != "demo" {
		t.Fatalf("%+v, %v", boxes, err)
	}
	if l := boxes[0].Line; l.State != string(tunnel.Down) || l.Code != "bad-pairing" || len(boxes[0].Trouble) == 0 || boxes[0].Trouble[0] != l.Reason {
		t.Errorf("a bad pairing file: %+v, trouble %q", l, boxes[0].Trouble)
	}
	if l := boxes[1].Line; l.State != string(tunnel.Up) {
		t.Errorf("the good box: %+v", l)
	}
	if one, err := shell.List(ctx, "demo"); err != nil || one.Box != "demo" || one.Line == nil {
		t.Errorf("%+v, %v", one, err)
	}
	var unknown *client.Error
	if _, err := shell.List(ctx, "other"); !errors.As(err, &unknown) || unknown.Status != 404 {
		t.Errorf("a box that does not exist: %v", err)
	}
}

// Two controllers must not write to one state.
func TestSecondController(t *testing.T) {
	h := start(t, valid(t))
	cfg := h.cfg
	cfg.Run = scratch(t)
	second, err := New(cfg, slog.New(slog.DiscardHandler), WithOutput(io.Discard), WithDialer(boxtest.Net{}))
	if err != nil {
		t.Fatal(err)
	}
	err = second.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "another controller") || !strings.Contains(err.Error(), h.cfg.State) {
		t.Errorf("the second: %v", err)
	}
	if _, err := h.shell().Status(t.Context()); err != nil {
		t.Errorf("the first: %v", err)
	}
}

// A slash at the end of public_url is none in the middle of the setup link.
func TestGreetingBehindAProxy(t *testing.T) {
	cfg := valid(t)
	cfg.PublicURL = "https://boxes.example.org/"
	if h := start(t, cfg); h.url != "https://boxes.example.org" || h.token == "" {
		t.Errorf("the page is said to be at %q", h.url)
	}
}

// What hinders the start is said with what to do, and nothing stays behind: the
// same state serves as soon as it is mended.
func TestRunRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, bad := range map[string]struct {
		change func(*testing.T, *Config)
		want   string
	}{
		"a long path":          {func(_ *testing.T, c *Config) { c.Run = filepath.Join(c.State, strings.Repeat("r", 100)) }, `too long for a socket: set "run"`},
		"a port that is taken": {func(_ *testing.T, c *Config) { c.Listen = taken.Addr().String() }, `set "listen"`},
		"a state for all": {func(t *testing.T, c *Config) {
			if err := os.Chmod(c.State, 0o777); err != nil {
				t.Fatal(err)
			}
		}, "chmod 700"},
		"a file as state": {func(t *testing.T, c *Config) {
			c.State = filepath.Join(c.State, "file")
			if err := os.WriteFile(c.State, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "state folder: "},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := valid(t)
			cfg.Run, cfg.Listen = scratch(t), "127.0.0.1:0"
			good := cfg
			bad.change(t, &cfg)
			c, err := New(cfg, slog.New(slog.DiscardHandler), WithOutput(io.Discard), WithDialer(boxtest.Net{}))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), bad.want) {
				t.Errorf("got %v, want %q", err, bad.want)
			}
			if err := os.Chmod(good.State, 0o700); err != nil {
				t.Fatal(err)
			}
			start(t, good)
		})
	}
}

// Once Run has returned there is nothing left of it: no goroutine, no socket.
func TestRunLeavesNothing(t *testing.T) {
	box := boxtest.New(t, 1)
	cfg := valid(t)
	pair(t, cfg, "demo", box)
	h := start(t, cfg, box)
	page := h.page()
	if err := page.Setup(t.Context(), h.token, user, password); err != nil {
		t.Fatal(err)
	}
	ticket, _, err := page.Ticket(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	live := h.socket(ticket)
	for _, topic := range []string{"torrents", "line"} {
		live.say(map[string]any{"op": "subscribe", "topic": topic})
	}
	live.until("the line", func(f frame) bool {
		return len(f.Boxes) == 1 && f.Boxes[0].Name == "demo" && f.Boxes[0].Line.State == string(tunnel.Up)
	})
	if err := h.stop(); err != nil {
		t.Error(err)
	}
	for _, stack := range ownStacks() {
		t.Errorf("left behind: %s", stack)
	}
	if _, err := os.Stat(h.cfg.Socket()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket: %v", err)
	}
}

// ownStacks returns the goroutines that run code of the controller or of its end
// of a line, those of the tests and of their boxes left out.
func ownStacks() (stacks []string) {
	all := make([]byte, 1<<20)
	all = all[:runtime.Stack(all, true)]
	for stack := range strings.SplitSeq(string(all), "\n\n") {
		own := false
		for _, word := range []string{"offing/controller", "link.(*Client)", "link.Connect", "mirror.(*following)", "mirror.(*Follower)"} {
			own = own || strings.Contains(stack, word)
		}
		test := strings.Contains(stack, "_test.go") || strings.Contains(stack, "boxtest.")
		if own && !test {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}
