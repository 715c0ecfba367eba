package executor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"offing/agent/internal/transmission"
	"offing/agent/simulator"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// gate stands before a daemon; before may hold or fail its calls.
type gate struct {
	Daemon
	mu     sync.Mutex
	before func(call string) error
	calls  []string
}

func (g *gate) pass(call string) error {
	g.mu.Lock()
	g.calls = append(g.calls, call)
	before := g.before
	g.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(call)
}

func (g *gate) set(before func(string) error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.before = before
}

func (g *gate) count(call string) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.calls {
		if c == call {
			n++
		}
	}
	return n
}

func (g *gate) Session(ctx context.Context) (transmission.Session, error) {
	if err := g.pass("session"); err != nil {
		return transmission.Session{}, err
	}
	return g.Daemon.Session(ctx)
}

func (g *gate) Act(ctx context.Context, k command.Kind, hashes []state.Hash) error {
	if err := g.pass("act"); err != nil {
		return err
	}
	return g.Daemon.Act(ctx, k, hashes)
}

func (g *gate) SetLocation(ctx context.Context, hashes []state.Hash, dir string, move bool) error {
	if err := g.pass("location " + dir); err != nil {
		return err
	}
	return g.Daemon.SetLocation(ctx, hashes, dir, move)
}

func (g *gate) AddTorrent(ctx context.Context, a *command.Addition, dir string) (command.Added, error) {
	if err := g.pass("add"); err != nil {
		return command.Added{}, err
	}
	added, err := g.Daemon.AddTorrent(ctx, a, dir)
	return added, errors.Join(err, g.pass("added"))
}

// toucher notes what was touched.
type toucher struct {
	mu     sync.Mutex
	hashes []state.Hash
	all    int
}

func (t *toucher) TouchAndWait(_ context.Context, hashes []state.Hash) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hashes = append(t.hashes, hashes...)
	return nil
}

func (t *toucher) TouchAllAndWait(context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all++
	return nil
}

// world is an executor that runs on a simulated daemon.
type world struct {
	*Executor
	t       *testing.T
	dir     string
	sim     *simulator.Simulator
	gate    *gate
	touch   *toucher
	hashes  []state.Hash // torrents that are there, in the queue's order
	stop    func()
	mu      sync.Mutex
	cond    *sync.Cond
	results map[command.ID]*command.Result
	order   []command.ID // of the results
	steps   []command.Progress
	last    byte
}

func newWorld(t *testing.T, torrents int, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), touch: &toucher{}, results: map[command.ID]*command.Result{}}
	w.cond = sync.NewCond(&w.mu)
	w.sim = simulator.New(simulator.Config{Torrents: torrents, Quiet: true, RPCVersion: simulator.RPC16})
	w.sim.Step(time.Minute)
	srv := httptest.NewServer(w.sim)
	t.Cleanup(srv.Close)
	client := newClient(srv.URL + "/transmission/rpc")
	w.gate = &gate{Daemon: client}
	l, err := client.Torrents(t.Context(), transmission.All)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(l.Rows, func(a, b transmission.Row) int { return int(a.Torrent.Queue - b.Torrent.Queue) })
	for _, r := range l.Rows {
		w.hashes = append(w.hashes, r.Torrent.Hash)
	}
	w.start(change)
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) start(change func(*Config)) {
	w.t.Helper()
	cfg := Config{Dir: filepath.Join(w.dir, "commands"), Daemon: w.gate, Touch: w.touch, Fetch: true}
	if change != nil {
		change(&cfg)
	}
	e, err := Open(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Executor = e
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = e.Run(ctx) })
	w.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		_ = e.Close()
	})
}

func (w *world) news(ev command.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ev.Progress != nil {
		w.steps = append(w.steps, *ev.Progress)
	} else {
		w.results[ev.Result.ID] = ev.Result
		w.order = append(w.order, ev.Result.ID)
	}
	w.cond.Broadcast()
}

// send gives a command.
func (w *world) send(c *command.Command) *command.Command {
	w.t.Helper()
	w.last++
	c.ID = command.ID{w.last, 1}
	if err := w.Do("home", c, w.news); err != nil {
		w.t.Fatalf("%s: %v", c.Kind, err)
	}
	return c
}

// await returns what came of a command.
func (w *world) await(c *command.Command) *command.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.results[c.ID] == nil {
		w.cond.Wait()
	}
	return w.results[c.ID]
}

func (w *world) do(c *command.Command) *command.Result { w.t.Helper(); return w.await(w.send(c)) }

func (w *world) rows() map[state.Hash]state.Torrent {
	l, err := w.gate.Daemon.(*transmission.Client).Torrents(context.Background(), transmission.All)
	if err != nil {
		w.t.Fatal(err)
	}
	rows := map[state.Hash]state.Torrent{}
	for _, r := range l.Rows {
		rows[r.Torrent.Hash] = r.Torrent
	}
	return rows
}

func TestRefused(t *testing.T) {
	w := newWorld(t, 2, nil)
	for name, c := range map[string]*command.Command{
		"none":      {Kind: command.Stop},
		"empty":     {Kind: command.Stop, Torrents: []state.Hash{}},
		"twice":     {Kind: command.Stop, Torrents: []state.Hash{{1}, {1}}},
		"unknown":   {Kind: "session-close"},
		"script":    {Kind: "script-torrent-done-filename"},
		"no part":   {Kind: command.Remove, Torrents: []state.Hash{{1}}},
		"name":      {Kind: command.Rename, Torrents: []state.Hash{{1}}, Rename: &command.Renaming{Path: "a", Name: "../b"}},
		"two names": {Kind: command.Rename, Torrents: []state.Hash{{1}, {2}}, Rename: &command.Renaming{Path: "a", Name: "b"}},
		"rubbish":   {Kind: command.Add, Add: &command.Addition{Metainfo: []byte("<html>")}},
		"file URL":  {Kind: command.Add, Add: &command.Addition{URL: "file:///etc/passwd"}},
	} {
		c.ID = command.NewID()
		err := w.Do("home", c, w.news)
		if fault := new(command.Fault); !errors.As(err, &fault) || fault.Code == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := w.gate.count("session"); n != 0 {
		t.Errorf("the daemon was asked %d times", n)
	}
	// Folders are looked at on the box: before anything is done.
	for _, c := range []*command.Command{
		{Kind: command.Move, Torrents: w.hashes, Move: &command.Moving{Dir: "/etc"}},
		{Kind: command.Add, Add: &command.Addition{Metainfo: metainfo(1), Dir: "/etc"}},
		{Kind: command.FreeSpace, Dir: "/etc"},
		{Kind: command.Configure, Settings: &command.NewSettings{DownloadDir: ptr("/etc")}},
		{Kind: command.Configure, Settings: &command.NewSettings{IncompleteDir: ptr("/srv/torrentsx")}},
	} {
		if r := w.do(c); r.Fault == nil || r.Fault.Code != command.BadPath {
			t.Errorf("%s: %+v", c.Kind, r)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// Thousands of torrents go in parts; unknown ones are told one by one, the others
// are done, and the state hears of it before home does.
func TestBulk(t *testing.T) {
	w := newWorld(t, 1200, nil)
	unknown := []state.Hash{{0xff, 1}, {0xff, 2}}
	hashes := append(append(slices.Clone(w.hashes[:700]), unknown...), w.hashes[700:]...)
	r := w.do(&command.Command{Kind: command.Change, Torrents: hashes, Change: &command.Changes{Labels: &[]string{"all"}}})
	if r.Fault != nil || r.Done != 1200 || r.Failed != 2 || len(r.Faults) != 2 || r.Faults[0].Torrent != unknown[0] || r.Faults[1].Fault.Code != command.UnknownTorrent {
		t.Errorf("%+v", r)
	}
	for h, row := range w.rows() {
		if !slices.Equal(row.Labels, []string{"all"}) {
			t.Fatalf("%v has the labels %q", h, row.Labels)
		}
	}
	if len(w.steps) != 2 || w.steps[0].Done != 500 || w.steps[1].Done != 1000 || w.steps[1].Of != 1202 {
		t.Errorf("progress %+v", w.steps)
	}
	if len(w.touch.hashes) != 1202 {
		t.Errorf("%d torrents touched", len(w.touch.hashes))
	}
	r = w.do(&command.Command{Kind: command.Stop, Torrents: unknown})
	if r.Fault == nil || r.Fault.Code != command.UnknownTorrent || r.Failed != 2 || r.Done != 0 {
		t.Errorf("only unknown ones: %+v", r)
	}
}

func TestKinds(t *testing.T) {
	settings := 0
	w := newWorld(t, 20, func(c *Config) { c.TouchSession = func() { settings++ } })
	h := w.hashes[:2]
	name := w.rows()[h[0]].Name
	for _, c := range []*command.Command{
		{Kind: command.Stop, Torrents: h}, {Kind: command.Start, Torrents: h}, {Kind: command.StartNow, Torrents: h},
		{Kind: command.Verify, Torrents: h}, {Kind: command.Reannounce, Torrents: h},
		{Kind: command.Rename, Torrents: h[:1], Rename: &command.Renaming{Path: name, Name: "other"}},
		{Kind: command.Rename, Torrents: h[:1], Rename: &command.Renaming{Path: name, Name: "other"}}, // is done
		{Kind: command.Move, Torrents: h, Move: &command.Moving{Dir: "below"}},
		{Kind: command.QueueEnd, Torrents: h}, {Kind: command.QueueTop, Torrents: h},
		{Kind: command.QueueDown, Torrents: h}, {Kind: command.QueueUp, Torrents: h},
		{Kind: command.Change, Torrents: h, Change: &command.Changes{AddTrackers: []string{"http://tracker.example/a"}}},
	} {
		if r := w.do(c); r.Fault != nil || r.Failed != 0 || r.Done != len(c.Torrents) {
			t.Errorf("%s: %+v", c.Kind, r)
		}
	}
	for _, h := range h {
		if row := w.rows()[h]; w.gate.count("location /srv/torrents/below") != 1 || row.Queue > 1 {
			t.Errorf("%+v", row)
		}
	}
	if r := w.do(&command.Command{Kind: command.Configure, Settings: &command.NewSettings{AltSpeed: ptr(true), DownloadDir: ptr("new")}}); r.Fault != nil || settings != 1 {
		t.Errorf("configure: %+v", r)
	}
	if s, err := w.gate.Session(t.Context()); err != nil || !s.AltSpeed || s.DownloadDir != "/srv/torrents/new" {
		t.Errorf("%+v, %v", s, err)
	}
	if r := w.do(&command.Command{Kind: command.FreeSpace}); r.Fault != nil || r.Space == nil || r.Space.Free == 0 {
		t.Errorf("free space: %+v", r)
	}
	for _, kind := range []command.Kind{command.TestPort, command.Blocklist} { // the simulator does not know them
		if r := w.do(&command.Command{Kind: kind}); r.Fault == nil || r.Fault.Code != command.Unsupported {
			t.Errorf("%s: %+v", kind, r)
		}
	}
	if r := w.do(&command.Command{Kind: command.Change, Torrents: h, Change: &command.Changes{Sequential: ptr(true)}}); r.Fault == nil || r.Fault.Code != command.Unsupported {
		t.Errorf("sequential on 3.00: %+v", r)
	}
	if r := w.do(&command.Command{Kind: command.Rename, Torrents: h[:1], Rename: &command.Renaming{Path: "nowhere", Name: "x"}}); r.Fault == nil || r.Fault.Code != command.BadName {
		t.Errorf("a name that is not there: %+v", r)
	}
	if r := w.do(&command.Command{Kind: command.Remove, Torrents: h, Remove: &command.Removal{Data: true}}); r.Done != 2 || len(w.rows()) != 18 {
		t.Errorf("remove: %+v", r)
	}
}

// A URL is fetched by the box; what is added gets its options.
func TestAddURL(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(metainfo(7)) }))
	defer srv.Close()
	add := func() *command.Command {
		return &command.Command{Kind: command.Add, Add: &command.Addition{URL: srv.URL, Paused: true, Dir: "films",
			Changes: &command.Changes{Labels: &[]string{"new"}}}}
	}
	w := newWorld(t, 1, func(c *Config) { c.FetchPrivate = true })
	r := w.do(add())
	if r.Fault != nil || r.Done != 1 || r.Added == nil || r.Added.Duplicate || r.Added.Name != "torrent 7" {
		t.Fatalf("%+v", r)
	}
	if row := w.rows()[r.Added.Hash]; !slices.Equal(row.Labels, []string{"new"}) {
		t.Errorf("%+v", row)
	}
	again := add()
	again.Add.Changes.Labels = &[]string{"stranger"}
	if r := w.do(again); r.Fault != nil || !r.Added.Duplicate || !slices.Equal(w.rows()[r.Added.Hash].Labels, []string{"new"}) {
		t.Errorf("again: %+v", r)
	}
	for _, change := range []func(*Config){nil, func(c *Config) { c.Fetch = false }} {
		v := newWorld(t, 1, change)
		if r := v.do(add()); r.Fault == nil || r.Fault.Code != command.ForbiddenURL || strings.Contains(r.Fault.Text, srv.URL) {
			t.Errorf("%+v", r)
		}
	}
}

// A slow command holds up nobody but those about the same torrents.
func TestSlow(t *testing.T) {
	w := newWorld(t, 3, nil)
	hold := make(chan struct{})
	w.gate.set(func(call string) error {
		if strings.HasPrefix(call, "location") {
			<-hold
		}
		return nil
	})
	move := w.send(&command.Command{Kind: command.Move, Torrents: w.hashes[:1], Move: &command.Moving{Dir: "x"}})
	same := w.send(&command.Command{Kind: command.Stop, Torrents: w.hashes[:2]})
	third := w.send(&command.Command{Kind: command.Stop, Torrents: w.hashes[1:2]})
	other := w.send(&command.Command{Kind: command.Stop, Torrents: w.hashes[2:]})
	w.await(other)
	if len(w.order) != 1 {
		t.Errorf("the order is %v", w.order)
	}
	close(hold)
	w.await(third)
	if want := []command.ID{other.ID, move.ID, same.ID, third.ID}; !slices.Equal(w.order, want) {
		t.Errorf("the order is %v, want %v", w.order, want)
	}
}

func TestCancelAndForget(t *testing.T) {
	w := newWorld(t, 2, nil)
	hold, entered := make(chan struct{}), make(chan struct{}, 1)
	w.gate.set(func(call string) error {
		if call == "act" {
			entered <- struct{}{}
			<-hold
		}
		return nil
	})
	first := w.send(&command.Command{Kind: command.Stop, Torrents: w.hashes[:1]})
	<-entered
	second := w.send(&command.Command{Kind: command.Stop, Torrents: w.hashes[1:]})
	w.Cancel("stranger", second.ID)
	w.Cancel("home", first.ID) // it has begun
	w.Cancel("home", second.ID)
	if r := w.await(second); r.Fault == nil || r.Fault.Code != command.Cancelled {
		t.Errorf("%+v", r)
	}
	close(hold)
	if r := w.await(first); r.Fault != nil || r.Done != 1 {
		t.Errorf("%+v", r)
	}
	// One that is known is told again, and not done again.
	told := make(chan *command.Result, 1)
	if err := w.Do("home", first, func(ev command.Event) { told <- ev.Result }); err != nil {
		t.Fatal(err)
	}
	if r := <-told; r.ID != first.ID || w.gate.count("act") != 1 {
		t.Errorf("%+v after %d acts", r, w.gate.count("act"))
	}
	// The ID of another home is another command.
	w.gate.set(nil)
	if err := w.Do("elsewhere", first, func(ev command.Event) { told <- ev.Result }); err != nil {
		t.Fatal(err)
	}
	if <-told; w.gate.count("act") != 2 {
		t.Errorf("%d acts", w.gate.count("act"))
	}
	w.Forget("home", first.ID)
	// What comes of it late, over a connection that home has given up, is not done again.
	if err := w.Do("home", first, func(command.Event) { t.Error("there is news of what was forgotten") }); err != nil {
		t.Fatal(err)
	}
	if n := w.gate.count("act"); n != 2 {
		t.Errorf("what was forgotten was done again: %d acts", n)
	}
	if w.Executor.mu.Lock(); len(w.Executor.results) != 2 {
		t.Errorf("%d results are kept of three", len(w.Executor.results))
	}
	w.Executor.mu.Unlock()
	w.stop()
	w.start(nil)
	w.mu.Lock()
	w.results = map[command.ID]*command.Result{}
	w.mu.Unlock()
	for _, c := range []*command.Command{first, second} {
		if err := w.Do("home", c, w.news); err != nil {
			t.Fatal(err)
		}
		w.await(c)
	}
	if w.gate.count("act") != 3 || w.await(second).Fault.Code != command.Cancelled {
		t.Errorf("%d acts: what is forgotten is new, what is cancelled stays so", w.gate.count("act"))
	}
}

// A daemon that is away is waited for, and not for ever.
func TestDaemonAway(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		endpoint, _ := transmission.ParseEndpoint("http://127.0.0.1:1")
		back := time.Now().Add(30 * time.Second)
		g := &gate{Daemon: stub{transmission.New(transmission.Config{Endpoint: endpoint})}}
		g.set(func(call string) error {
			if time.Now().Before(back) {
				return syscall.ECONNREFUSED
			}
			return nil
		})
		e, err := Open(Config{Dir: dir, Daemon: g})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = e.Run(ctx) })
		results := make(chan *command.Result, 1)
		do := func(id byte) {
			c := &command.Command{ID: command.ID{id}, Kind: command.Stop, Torrents: []state.Hash{{1}}}
			if err := e.Do("home", c, func(ev command.Event) { results <- ev.Result }); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		do(1)
		if r := <-results; r.Fault != nil || r.Done != 1 || time.Since(began) > 40*time.Second {
			t.Errorf("after %v: %+v", time.Since(began), r)
		}
		began, back = time.Now(), time.Now().Add(time.Hour)
		do(2)
		if r := <-results; r.Fault == nil || r.Fault.Code != command.DaemonAway || time.Since(began) < awayLimit || time.Since(began) > awayLimit+10*time.Second {
			t.Errorf("after %v: %+v", time.Since(began), r)
		}
		do(3)
		e.Cancel("home", command.ID{3})
		if r := <-results; r.Fault == nil || r.Fault.Code != command.Cancelled {
			t.Errorf("cancelled while it waits: %+v", r)
		}
		cancel()
		running.Wait()
		_ = e.Close()
	})
}

// stub is a daemon of one torrent that does not use the network.
type stub struct{ *transmission.Client }

func (stub) Session(context.Context) (transmission.Session, error) {
	return transmission.Session{RPCVersion: 16, DownloadDir: "/srv"}, nil
}

func (stub) Find(_ context.Context, hashes []state.Hash) (map[state.Hash]transmission.Known, uint64, error) {
	return map[state.Hash]transmission.Known{hashes[0]: {Name: "x"}}, 1, nil
}

func (stub) Act(context.Context, command.Kind, []state.Hash) error { return nil }

// An answer that is lost does not make an addition a duplicate.
func TestLostAnswer(t *testing.T) {
	w := newWorld(t, 1, nil)
	lost := false
	w.gate.set(func(call string) error {
		if call == "added" && !lost {
			lost = true
			return syscall.ECONNRESET
		}
		return nil
	})
	r := w.do(&command.Command{Kind: command.Add, Add: &command.Addition{Metainfo: metainfo(1), Paused: true}})
	if r.Fault != nil || r.Done != 1 || r.Added.Duplicate || w.gate.count("add") != 2 {
		t.Errorf("%+v", r)
	}
}

// What waits when the agent stops is done by the next one, and a journal that can be
// written no more keeps nothing.
func TestRestartAndFullDisk(t *testing.T) {
	w := newWorld(t, 1, nil)
	w.gate.set(func(string) error { return syscall.ECONNREFUSED })
	c := w.send(&command.Command{Kind: command.Stop, Torrents: w.hashes})
	w.stop()
	if err := w.Do("home", &command.Command{ID: command.NewID(), Kind: command.Stop, Torrents: w.hashes}, w.news); err == nil {
		t.Error("an agent that has stopped took a command")
	}
	w.gate.set(nil)
	w.start(nil)
	if err := w.Do("home", c, w.news); err != nil {
		t.Fatal(err)
	}
	if r := w.await(c); r.Done != 1 {
		t.Errorf("%+v", r)
	}
	if f := journalFault(fmt.Errorf("x: %w", syscall.ENOSPC)); f.Code != command.DiskFull {
		t.Errorf("%+v", f)
	}
	if err := w.journal.close(); err != nil {
		t.Fatal(err)
	}
	err := w.Do("home", &command.Command{ID: command.NewID(), Kind: command.Stop, Torrents: w.hashes}, w.news)
	if fault := new(command.Fault); !errors.As(err, &fault) {
		t.Errorf("without a journal: %v", err)
	}
	if w.Executor.mu.Lock(); len(w.entries) != 1 {
		t.Errorf("%d entries", len(w.entries))
	}
	w.Executor.mu.Unlock()
}

// The journal does not grow with what is done and forgotten, and results nobody asks
// for are bounded.
func TestJournalIsBounded(t *testing.T) {
	w := newWorld(t, 1, nil)
	w.stop()
	e := w.Executor
	e.results = nil
	for i := range maxResults + 10 {
		x := &entry{key: key{"home", command.ID{9, byte(i >> 8), byte(i)}}}
		x.finish(&command.Result{ID: x.key.id}, time.Now())
		e.entries[x.key] = x
		e.results = append(e.results, x)
	}
	old := e.results[20]
	for _, x := range e.results[10:21] {
		x.ended = time.Now().Add(-keepResults - time.Second)
	}
	j, _, err := openJournal(w.dir, func(*record) {})
	if err != nil {
		t.Fatal(err)
	}
	e.journal = j
	e.expireLocked()
	if len(e.results) != maxResults-11 || e.entries[old.key] != nil {
		t.Errorf("%d results are left", len(e.results))
	}
	before := j.size
	if err := e.rewriteLocked(); err != nil || j.size >= before+int64(maxResults*100) {
		t.Errorf("%d bytes became %d, %v", before, j.size, err)
	}
	n := 0
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := openJournal(w.dir, func(*record) { n++ }); err != nil || n != maxResults-11 {
		t.Errorf("%d records, %v", n, err)
	}
	_ = os.Remove(filepath.Join(w.dir, journalName))
}
