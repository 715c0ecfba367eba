package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offing/agent/internal/transmissiontest"
	"offing/tunnel/command"
	"offing/tunnel/link"
	"offing/tunnel/state"
)

// orders is a home's end of the command channel.
type orders struct {
	t   *testing.T
	out *command.Outbox
}

func newOrders(t *testing.T) *orders {
	return &orders{t, command.NewOutbox(slog.New(slog.DiscardHandler))}
}

// over carries commands over a line until it or the test ends.
func (o *orders) over(c *link.Client) {
	o.t.Helper()
	rw, err := c.Command(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	go func() { _ = o.out.Run(o.t.Context(), rw) }() // it ends with the line
}

// send returns where the result comes.
func (o *orders) send(c command.Command) <-chan *command.Result {
	o.t.Helper()
	if c.ID == (command.ID{}) {
		c.ID = command.NewID()
	}
	results := make(chan *command.Result, 1)
	if err := o.out.Send(&c, func(e command.Event) error {
		if e.Result != nil {
			results <- e.Result
		}
		return nil
	}); err != nil {
		o.t.Fatal(err)
	}
	return results
}

func (o *orders) do(c command.Command) *command.Result { o.t.Helper(); return <-o.send(c) }

func magnet(n int) *command.Addition {
	return &command.Addition{Magnet: fmt.Sprintf("magnet:?xt=urn:btih:%040x&dn=number.%d", n+1, n), Paused: true}
}

// What home sends is done to the daemon, once, for each home by itself.
func TestCommandsOfAHome(t *testing.T) {
	d := daemon(t)
	b := newBox(t, d.URL())
	p, away := b.pair(t, "home"), b.pair(t, "away")
	b.run(t)
	line := b.connected(t, p)
	first, _ := status(t, line, "status --json")
	hash := first.Torrents[0].Hash
	o := newOrders(t)
	o.over(line)
	r := o.do(command.Command{Kind: command.Add, Add: magnet(1)})
	if r.Fault != nil || r.Added == nil || r.Added.Duplicate || r.Added.Name != "number.1" {
		t.Fatalf("added: %+v, %v", r, r.Fault)
	}
	if again := o.do(command.Command{Kind: command.Add, Add: magnet(1)}); again.Added == nil || !again.Added.Duplicate {
		t.Errorf("added once more: %+v", again)
	}
	if r := o.do(command.Command{Kind: command.Start, Torrents: []state.Hash{hash, {9}}}); r.Done != 1 || r.Failed != 1 || r.Faults[0].Fault.Code != command.UnknownTorrent {
		t.Errorf("started: %+v", r)
	}
	outside := command.Command{Kind: command.Move, Torrents: []state.Hash{hash}, Move: &command.Moving{Dir: "/etc"}}
	if r := o.do(outside); r.Fault == nil || r.Fault.Code != command.BadPath {
		t.Errorf("moved outside: %+v", r)
	}
	id := command.NewID()
	if r := o.do(command.Command{ID: id, Kind: command.Remove, Torrents: []state.Hash{r.Added.Hash}, Remove: &command.Removal{}}); r.Done != 1 {
		t.Errorf("removed: %+v", r)
	}
	// Another home's command is another, though it had the same ID.
	other := newOrders(t)
	other.over(b.connected(t, away))
	if r := other.do(command.Command{ID: id, Kind: command.Stop, Torrents: []state.Hash{hash}}); r.Done != 1 {
		t.Errorf("stopped by another home: %+v", r)
	}
	eventually(t, "the daemon to have stopped", func() error { // it says that it will, not that it has
		if got, _ := status(t, line, "status --json"); len(got.Torrents) != 1 || got.Torrents[0].State != "stopped" {
			return fmt.Errorf("at the end %+v", got.Torrents)
		}
		return nil
	})
	b.expectNoNames(t)
}

// What the box's owner writes below [commands] holds.
func TestCommandsConfig(t *testing.T) {
	d := daemon(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(transmissiontest.Metainfo("fetched", []byte("content")))
	}))
	defer srv.Close()
	code := func(c CommandsConfig, do command.Command) command.FaultCode {
		t.Helper()
		b := newBox(t, d.URL())
		b.cfg.Commands = c
		b.agent.cfg.Commands = c
		p := b.pair(t, "home")
		b.run(t)
		o := newOrders(t)
		o.over(b.connected(t, p))
		if r := o.do(do); r.Fault != nil {
			return r.Fault.Code
		}
		return ""
	}
	url := command.Command{Kind: command.Add, Add: &command.Addition{URL: srv.URL, Paused: true}}
	space := command.Command{Kind: command.FreeSpace, Dir: d.DownloadDir()}
	for _, c := range []struct {
		what string
		cfg  CommandsConfig
		do   command.Command
		want command.FaultCode
	}{
		{"no URLs", CommandsConfig{}, url, command.ForbiddenURL},
		{"no URLs of the box itself", CommandsConfig{Fetch: true}, url, command.ForbiddenURL},
		{"even those", CommandsConfig{Fetch: true, FetchPrivate: true}, url, ""},
		{"the daemon's folder", CommandsConfig{}, space, ""},
		{"another root", CommandsConfig{Roots: []string{t.TempDir()}}, space, command.BadPath},
	} {
		if got := code(c.cfg, c.do); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// expectNoNames: the log says nothing of torrents, and the journal knows homes by
// their keys, not by their names.
func (b *box) expectNoNames(t *testing.T) {
	t.Helper()
	for _, word := range []string{"magnet", "number.1"} {
		if strings.Contains(b.log.String(), word) {
			t.Errorf("%q is in the log", word)
		}
	}
	files, err := filepath.Glob(filepath.Join(b.cfg.State, "commands", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no journal: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"home", "away"} {
			if strings.Contains(string(content), word) {
				t.Errorf("%q is in the journal", word)
			}
		}
	}
}

// The agent ends in the midst of commands and comes back, and the line with it: each
// is done once.
func TestCommandsOverARestart(t *testing.T) {
	const n = 30
	d := daemon(t)
	b := newBox(t, d.URL())
	p := b.pair(t, "home")
	o := newOrders(t)
	results := make([]<-chan *command.Result, n)
	for i := range results {
		results[i] = o.send(command.Command{Kind: command.Add, Add: magnet(i)})
	}
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.agent.Run(ctx) }()
		var line *link.Client
		eventually(t, "a login", func() (err error) { line, err = b.connect(t, p); return err })
		o.over(line)
		<-results[0] // and some more are under way
		results = results[1:]
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		<-line.Done()
	}
	b.run(t)
	line := b.connected(t, p)
	o.over(line)
	for _, result := range results {
		if r := <-result; r.Fault != nil || r.Added == nil || r.Added.Duplicate {
			t.Errorf("%+v, %v", r, r.Fault)
		}
	}
	eventually(t, "all torrents", func() error {
		if got, _ := status(t, line, "status --json"); len(got.Torrents) != n+1 {
			return errors.New("there are others")
		}
		return nil
	})
}
