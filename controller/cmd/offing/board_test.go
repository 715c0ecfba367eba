package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// scene is a source of a board without a controller.
type scene struct {
	boardSource // what a test does not expect to be called

	mu    sync.Mutex
	boxes []report.Box
	rows  []client.Row
	err   error
	asked []client.Filter
	done  []client.DoRequest
	ended client.Order // what becomes of each command
}

func newScene(n int) *scene {
	s := &scene{boxes: []report.Box{{Box: "demo", Line: &report.Line{State: "up"}, Totals: state.Totals{Torrents: n, RateDown: 4_200_000}}}}
	for i := range n {
		s.rows = append(s.rows, client.Row{
			Torrent: client.Torrent{Box: "demo", Hash: state.Hash{byte(i), byte(i >> 8)}},
			Name:    fmt.Sprintf("torrent %04d", i), State: "downloading", Progress: 0.5, Size: 2e9, Left: 1e9, ETA: -1,
		})
	}
	s.ended = client.Order{Box: "demo", State: client.Done, Result: &command.Result{Done: 1}}
	return s
}

func (s *scene) Status(context.Context) ([]report.Box, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.boxes, s.err
}

func (s *scene) Torrents(_ context.Context, f client.Filter) ([]client.Row, int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, f)
	rows, total, err := filter(slices.Clone(s.rows), client.Filter{State: f.State, Text: f.Text, Sort: f.Sort})
	rows = rows[min(f.Offset, total):]
	return rows[:min(f.Limit, len(rows))], total, err
}

func (s *scene) Torrent(_ context.Context, _ string, h state.Hash) (*client.Whole, error) {
	i := slices.IndexFunc(s.rows, func(r client.Row) bool { return r.Hash == h })
	return &client.Whole{Row: s.rows[i], Detail: &client.Detail{Files: []client.File{{Name: "a/b.iso", Wanted: true}}}}, nil
}

func (s *scene) Do(_ context.Context, r client.DoRequest) ([]client.Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = append(s.done, r)
	return []client.Order{{ID: command.ID{1}, Box: "demo", Do: r.Do, State: client.Sent}}, nil
}

func (s *scene) Command(_ context.Context, id command.ID, _ time.Duration) (client.Order, error) {
	return s.ended, nil
}

// stage is a board that a test drives in the place of Bubble Tea.
type stage struct {
	t *testing.T
	*board
}

func onStage(t *testing.T, s boardSource, width, height int) *stage {
	g := &stage{t, newBoard(t.Context(), s, client.Filter{}, screen{terminal: true})}
	g.run(g.Update(tea.WindowSizeMsg{Width: width, Height: height}))
	return g
}

// run does what a command does, and what comes of it, but for the next look.
func (g *stage) run(_ tea.Model, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			g.run(nil, c)
		}
	case looked:
		g.take(&msg)
	default:
		g.run(g.Update(msg))
	}
}

func (g *stage) press(keys ...string) {
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		if i := slices.Index([]string{"enter", "esc", "down", "end", " "}, k); i >= 0 {
			msg = tea.KeyMsg{Type: []tea.KeyType{tea.KeyEnter, tea.KeyEsc, tea.KeyDown, tea.KeyEnd, tea.KeySpace}[i]}
			if k == " " {
				msg.Runes = []rune{' '}
			}
		}
		g.run(g.Update(msg))
	}
}

func (g *stage) shows(want ...string) {
	g.t.Helper()
	view := g.View()
	for _, text := range want {
		if !strings.Contains(view, text) {
			g.t.Errorf("the screen does not show %q:\n%s", text, view)
		}
	}
	lines := strings.Split(view, "\n")
	if len(lines) > g.screen.height {
		g.t.Errorf("%d lines on a screen of %d", len(lines), g.screen.height)
	}
	for _, line := range lines {
		if w := report.Width(line); w > g.screen.width {
			g.t.Errorf("%d columns on a screen of %d: %q", w, g.screen.width, line)
		}
	}
}

// TestBoard: the screen holds to its size, follows the torrent under the cursor,
// and asks for what it shows only.
func TestBoard(t *testing.T) {
	s := newScene(1000)
	g := onStage(t, s, 80, 24)
	g.shows("demo: 1000 torrents, down 4.2 MB/s", "torrent 0000", "torrent 0020", "━", "1000 torrents by name")
	if f := s.asked[len(s.asked)-1]; f.Limit > 3*24 || f.Sort != "name" {
		t.Errorf("asked for %+v", f)
	}
	g.press("end")
	g.shows("torrent 0999")
	g.press("g", "down", "down")
	s.rows = s.rows[1:] // it moves up, and the cursor with it
	g.run(nil, g.look())
	if r := g.row(g.cursor); r == nil || r.Name != "torrent 0002" || g.cursor != 1 {
		t.Errorf("the cursor is at %d, %+v", g.cursor, r)
	}
	g.press("O")
	g.shows("by -name")
	g.press("/", "9", "9", "x", "enter")
	g.shows("there are no such torrents")
	g.press("esc")
	g.shows("999 torrents")
	g.press("?")
	g.shows("remove with its data")
	g.press("q") // leaves the help, not the board
	g.shows("torrent 0")
	g.press("g", "enter")
	g.shows("b.iso", "hash")
}

// TestBoardIsNarrow: no size is too small, and no name leaves its place.
func TestBoardIsNarrow(t *testing.T) {
	s := newScene(30)
	s.rows[0].Name = "0 \x1b[2J\u202e 音楽とともに" + strings.Repeat("x", 300)
	s.boxes[0].Box = "evil\x1b[31m\nname"
	for _, size := range [][2]int{{200, 50}, {80, 24}, {40, 10}, {20, 5}, {8, 3}, {1, 1}} {
		g := onStage(t, s, size[0], size[1])
		g.shows()
		if strings.Contains(g.View(), "\x1b") {
			t.Error("escape sequences without colours")
		}
		g.press("enter")
		g.shows()
	}
}

// TestBoardActs: keys act on the torrent under the cursor or on those marked; what
// removes asks first.
func TestBoardActs(t *testing.T) {
	s := newScene(5)
	g := onStage(t, s, 100, 20)
	want := func(n int, kind command.Kind, hashes ...byte) {
		t.Helper()
		if len(s.done) != n {
			t.Fatalf("%d commands, want %d", len(s.done), n)
		}
		r := s.done[n-1]
		var got []byte
		for _, x := range r.Torrents {
			got = append(got, x.Hash[0])
		}
		if r.Do != kind || !slices.Equal(got, hashes) {
			t.Errorf("%s of %v, want %s of %v", r.Do, got, kind, hashes)
		}
	}
	g.press("down", "x")
	want(1, command.Stop, 1)
	g.press("g", " ", " ", "v")
	want(2, command.Verify, 0, 1)
	if len(g.marked) != 0 {
		t.Error("they stay marked")
	}
	g.press("d")
	g.shows("remove torrent 0002? [y/N]")
	g.press("n")
	want(2, command.Verify, 0, 1)
	g.shows("nothing was done")
	g.press("D")
	g.shows("1.0 GB of data")
	g.press("y")
	want(3, command.Remove, 2)
	if r := s.done[2].Remove; r == nil || !r.Data {
		t.Errorf("removal %+v", r)
	}
	s.ended = client.Order{Box: "demo", Do: command.Start, State: client.Failed, Result: &command.Result{Fault: &command.Fault{Text: "the daemon is away"}}}
	g.press("s")
	g.shows("start on demo: the daemon is away")
}

// TestBoardWithoutTorrents: keys that act do nothing, which is not all.
func TestBoardWithoutTorrents(t *testing.T) {
	s := newScene(0)
	g := onStage(t, s, 60, 10)
	g.press("x", "d", "y", " ", "x", "enter", "down", "end")
	if len(s.done) != 0 {
		t.Errorf("did %+v", s.done)
	}
	g.shows("there are no such torrents")
}

// TestBoardSaysWhatIsWrong: a line that is down, and a controller that is away.
func TestBoardSaysWhatIsWrong(t *testing.T) {
	s := newScene(3)
	s.boxes = append(s.boxes, report.Box{Box: "nas", Line: &report.Line{State: "down", Reason: "is the agent running?"}})
	g := onStage(t, s, 80, 24)
	g.run(nil, g.look())
	g.shows("nas: line down: is the agent running?", "demo: 3 torrents", "torrent 0002")
	s.err = errors.New("no controller answers")
	g.run(nil, g.look())
	g.shows("no controller answers", "torrent 0002")
}

// TestWatchDrives drives the program itself on a terminal.
func TestWatchDrives(t *testing.T) {
	state := scratch(t)
	t.Setenv("NO_COLOR", "1")
	acted := make(chan client.DoRequest, 1)
	serveBoard(t, filepath.Join(state, "run", "offing.sock"), acted)
	c := openConsole(t, 100, 30)
	exit := start(t, c, "watch")
	c.until(t, "debian.iso")
	c.until(t, "? for help")
	c.enter(t, "d")
	c.until(t, "remove debian.iso? [y/N]")
	c.enter(t, "y")
	if r := <-acted; r.Do != command.Remove || len(r.Torrents) != 1 || r.Remove.Data {
		t.Errorf("asked for %+v", r)
	}
	c.until(t, "removed 1 torrent on demo")
	c.resize(t, 40, 8)
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	c.enter(t, "?")
	c.until(t, "Keys")
	c.enter(t, "qq")
	if got := exit(); got != 0 {
		t.Errorf("exit status %d, want 0", got)
	}
	text := c.hangUp()
	if !strings.Contains(text, "\x1b[?1049l") {
		t.Error("the alternate screen is not left")
	}
	if regexp.MustCompile("\x1b\\[3[0-7]m").MatchString(text) {
		t.Error("there are colours despite NO_COLOR")
	}
}

// serveBoard answers as a controller with one torrent.
func serveBoard(t *testing.T, socket string, acted chan<- client.DoRequest) {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	order := client.Order{ID: command.ID{1}, Box: "demo", Do: command.Remove, State: client.Done, Result: &command.Result{Done: 1}}
	row := client.Row{Torrent: client.Torrent{Box: "demo", Hash: state.Hash{1}}, Name: "debian.iso", State: "seeding", Progress: 1, ETA: -1}
	answer := func(v any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(v) }
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/status", answer(map[string]any{"boxes": []report.Box{{Box: "demo", Line: &report.Line{State: "up"}}}}))
	mux.HandleFunc("GET /api/v1/torrents", answer(map[string]any{"torrents": []client.Row{row}, "total": 1}))
	mux.HandleFunc("POST /api/v1/commands", func(w http.ResponseWriter, r *http.Request) {
		var got client.DoRequest
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		answer(map[string]any{"commands": []client.Order{order}})(w, r)
		acted <- got
	})
	server := &http.Server{Handler: mux}
	go server.Serve(listener) // until Close
	t.Cleanup(func() { server.Close() })
}
