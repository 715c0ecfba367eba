package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"testing"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/link"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// hands do commands on a fake box, each once.
type hands struct {
	mu    sync.Mutex
	did   []command.Command
	known map[command.ID]bool
	cut   int // connections that break once a command has come
}

// Do implements command.Executor.
func (h *hands) Do(_ string, c *command.Command, news func(command.Event)) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.known[c.ID] {
		h.known[c.ID] = true
		h.did = append(h.did, *c)
	}
	if h.cut > 0 {
		return nil // the line breaks before there is a result
	}
	r := &command.Result{ID: c.ID, Done: len(c.Torrents)}
	switch c.Kind {
	case command.Add:
		r.Added, r.Done = &command.Added{Hash: state.Hash{9}, Name: "added"}, 1
	case command.FreeSpace:
		r.Space = &command.Space{Free: 7}
	case command.Verify:
		r.Done, r.Fault = 0, &command.Fault{Code: command.DaemonAway, Text: "the daemon does not answer"}
	}
	go news(command.Event{Result: r}) // as an executor does, later
	return nil
}

// Cancel and Forget implement command.Executor.
func (h *hands) Cancel(string, command.ID) {}
func (h *hands) Forget(string, command.ID) {}

// serve is a link.ServerConfig.Command.
func (h *hands) serve(ctx context.Context, _ link.Peer, rw io.ReadWriteCloser) error {
	h.mu.Lock()
	cut := h.cut > 0
	h.mu.Unlock()
	if !cut {
		return command.Serve(ctx, rw, "home", h, slog.New(slog.DiscardHandler))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return errors.Join(command.Serve(ctx, rw, "home", breaking{h, cancel}, slog.New(slog.DiscardHandler)), io.ErrUnexpectedEOF)
}

// breaking breaks the connection once a command is in the journal.
type breaking struct {
	*hands
	now func()
}

// Do implements command.Executor.
func (b breaking) Do(home string, c *command.Command, news func(command.Event)) error {
	err := b.hands.Do(home, c, news)
	b.mu.Lock()
	b.cut--
	b.mu.Unlock()
	b.now()
	return err
}

// lineTo returns a door to a fake box with a torrent or two.
func lineTo(t *testing.T, commands func(context.Context, link.Peer, io.ReadWriteCloser) error) (*lineDoor, *fakeBox) {
	t.Helper()
	b := newCommandedBox(t, commands)
	b.answer = func(stdout io.Writer) int {
		_ = json.NewEncoder(stdout).Encode(report.Box{Daemon: report.Daemon{State: "ok"}, Torrents: []report.Torrent{
			{Hash: state.Hash{0xab, 0xcd}, Name: "debian", State: "seeding"}, {Hash: state.Hash{0xab, 0xce}, Name: "ubuntu", State: "stopped"},
		}})
		return 0
	}
	l := newLineDoor(t.Context(), b.direct(t))
	t.Cleanup(l.close)
	return l, b
}

// done waits for the end of an order.
func done(t *testing.T, l *lineDoor, o client.Order) client.Order {
	t.Helper()
	for !o.HasEnded() {
		var err error
		if o, err = l.Command(t.Context(), o.ID, waitStep); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func TestOverLine(t *testing.T) {
	h := &hands{known: make(map[command.ID]bool)}
	l, _ := lineTo(t, h.serve)
	rows, total, err := l.Torrents(t.Context(), client.Filter{State: "stopped"})
	if err != nil || total != 1 || rows[0].Name != "ubuntu" || rows[0].Box != "demo" {
		t.Fatalf("%+v, %d, %v", rows, total, err)
	}
	orders, err := l.Do(t.Context(), client.DoRequest{Do: command.Start, Torrents: keysOf(rows)})
	if err != nil || len(orders) != 1 {
		t.Fatalf("%+v, %v", orders, err)
	}
	if o := done(t, l, orders[0]); o.State != client.Done || o.Result.Done != 1 {
		t.Errorf("%+v", o)
	}
	if len(h.did) != 1 || h.did[0].Kind != command.Start || h.did[0].Torrents[0] != rows[0].Hash {
		t.Errorf("did %+v", h.did)
	}
	added, err := l.Add(t.Context(), client.AddRequest{Magnet: "magnet:?xt=urn:btih:3b1d85f8780ef8c4d8538f809a7a63fc52991318"})
	if err != nil {
		t.Fatal(err)
	}
	if o := done(t, l, added); resultOf(&o).Added == nil || o.Result.Added.Name != "added" {
		t.Errorf("%+v", o)
	}
	failed, err := l.Do(t.Context(), client.DoRequest{Do: command.Verify, Torrents: keysOf(rows)})
	if err != nil {
		t.Fatal(err)
	}
	if o := done(t, l, failed[0]); o.State != client.Failed {
		t.Errorf("%+v", o)
	}
	if space, err := l.FreeSpace(t.Context(), "", ""); err != nil || space.Free != 7 {
		t.Errorf("%+v, %v", space, err)
	}
	if _, err := l.Do(t.Context(), client.DoRequest{Do: command.Stop}); err == nil {
		t.Error("no torrents are taken for all")
	}
}

// TestOverLineThatBreaks: what was on its way is repeated over the next line with
// the same id, so that the box does it once.
func TestOverLineThatBreaks(t *testing.T) {
	h := &hands{known: make(map[command.ID]bool), cut: 2}
	l, b := lineTo(t, h.serve)
	orders, err := l.Do(t.Context(), client.DoRequest{Do: command.Stop, Torrents: []client.Torrent{{Hash: state.Hash{1}}}})
	if err != nil {
		t.Fatal(err)
	}
	if o := done(t, l, orders[0]); o.State != client.Done {
		t.Errorf("%+v", o)
	}
	if len(h.did) != 1 || b.dials != 3 {
		t.Errorf("did it %d times over %d lines", len(h.did), b.dials)
	}
}

// TestOverLineToOldAgent: an agent without the channel is to be updated.
func TestOverLineToOldAgent(t *testing.T) {
	l, _ := lineTo(t, nil)
	orders, err := l.Do(t.Context(), client.DoRequest{Do: command.Stop, Torrents: []client.Torrent{{Hash: state.Hash{1}}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Command(t.Context(), orders[0].ID, patience); err == nil || !errors.Is(err, l.failure) {
		t.Errorf("error %v", err)
	}
}

// TestQuestions: a command on several torrents that nobody named asks on a terminal,
// and no is the answer unless it is yes.
func TestQuestions(t *testing.T) {
	for answer, want := range map[string]int{"y\n": 0, "n\n": exitFailed, "\n": exitFailed} {
		base := scratch(t)
		dir := t.TempDir()
		write := func(name, text string) {
			if err := errors.Join(os.MkdirAll(dir+"/answers", 0o700), os.WriteFile(dir+"/answers/"+name, []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		write("GET-torrents", `{"torrents":[{"box":"demo","hash":"0100000000000000000000000000000000000000","size":5000000},{"box":"demo","hash":"0200000000000000000000000000000000000000"}],"total":2}`)
		write("POST-commands", `{"commands":[{"id":"6f1d8c02000000000000000000000000","box":"demo","do":"remove","state":"done","result":{"id":"6f1d8c02000000000000000000000000","done":2}}]}`)
		fake := &fakeController{socket: base + "/run/offing.sock", asked: make(map[string]int), more: make(chan struct{})}
		if err := fake.serve("none", dir); err != nil {
			t.Fatal(err)
		}
		c := openConsole(t, 80, 24)
		exit := start(t, c, "remove", "--data", "--all")
		c.until(t, "remove 2 torrents and 5.0 MB of data on the box? [y/N] ")
		c.enter(t, answer)
		if got := exit(); got != want {
			t.Errorf("%q: exit status %d, want %d", answer, got, want)
		}
		if asked := fake.asked["/commands"]; (asked > 0) != (want == 0) {
			t.Errorf("%q: %d commands", answer, asked)
		}
		fake.close()
	}
}

// TestInterruptedWait: Ctrl-C leaves the command under way, and says so.
func TestInterruptedWait(t *testing.T) {
	base := scratch(t)
	dir := t.TempDir()
	order := `{"id":"6f1d8c02000000000000000000000000","box":"demo","do":"stop","state":"waiting","why":"the line is down","of":1}`
	for name, text := range map[string]string{
		"GET-torrents":  `{"torrents":[{"box":"demo","hash":"0100000000000000000000000000000000000000"}],"total":1}`,
		"POST-commands": `{"commands":[` + order + `]}`,
		"GET-commands-6f1d8c02000000000000000000000000": order,
	} {
		if err := errors.Join(os.MkdirAll(dir+"/answers", 0o700), os.WriteFile(dir+"/answers/"+name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	fake := &fakeController{socket: base + "/run/offing.sock", asked: make(map[string]int), more: make(chan struct{})}
	if err := fake.serve("none", dir); err != nil {
		t.Fatal(err)
	}
	defer fake.close()
	c := openConsole(t, 100, 24)
	exit := start(t, c, "stop", "0100")
	c.until(t, "stop on demo waits: the line is down")
	interrupt(t)
	if got := exit(); got != exitInterrupted {
		t.Errorf("exit status %d, want %d", got, exitInterrupted)
	}
	c.until(t, "stop on demo goes on without this: `offing log 6f1d8c020000`")
}
