package executor

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"offing/agent/internal/transmission"
	"offing/agent/internal/transmissiontest"
	"offing/agent/simulator"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// Of the process that is killed.
const (
	childDir    = "OFFING_TEST_EXECUTOR_DIR"
	childDaemon = "OFFING_TEST_EXECUTOR_DAEMON"
)

// counting is a daemon that counts what it was asked to do and has done.
type counting struct {
	*simulator.Simulator
	mu      sync.Mutex
	added   map[string]int // by hash
	double  int            // additions of what was there
	renamed map[string]int // by old name
	calls   map[string]int
}

func (c *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Header.Del("Accept-Encoding") // the answer is read here too
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	c.Simulator.ServeHTTP(answer, r)
	var req struct {
		Method    string
		Arguments struct{ Path string }
	}
	_ = json.Unmarshal(body, &req)
	var got struct {
		Result    string
		Arguments struct {
			Added struct{ HashString string } `json:"torrent-added"`
		}
	}
	if answer.Code == http.StatusOK && json.Unmarshal(answer.Body.Bytes(), &got) == nil && got.Result == "success" {
		c.mu.Lock()
		c.calls[req.Method]++
		switch {
		case req.Method == "torrent-add" && got.Arguments.Added.HashString != "":
			c.added[got.Arguments.Added.HashString]++
		case req.Method == "torrent-add":
			c.double++
		case req.Method == "torrent-rename-path":
			c.renamed[req.Arguments.Path]++
		}
		c.mu.Unlock()
	}
	for k, v := range answer.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func startCounting(t *testing.T, rpc int) (*counting, string) {
	t.Helper()
	c := &counting{
		Simulator: simulator.New(simulator.Config{RPCVersion: rpc, DownloadDir: "/srv/torrents"}),
		added:     map[string]int{}, renamed: map[string]int{}, calls: map[string]int{},
	}
	c.Step(time.Minute) // it has loaded its torrents
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	return c, srv.URL + "/transmission/rpc"
}

func newClient(url string) *transmission.Client {
	endpoint, err := transmission.ParseEndpoint(url)
	if err != nil {
		panic(err)
	}
	return transmission.New(transmission.Config{Endpoint: endpoint})
}

// scenario makes n commands, and says what the daemon has when each was done once.
type scenario struct {
	commands []*command.Command
	queue    []state.Hash // in its order
	names    map[state.Hash]string
	adds     map[state.Hash]bool
	renames  map[string]bool
}

func metainfo(i int) []byte {
	return transmissiontest.Metainfo(fmt.Sprintf("torrent %d", i), []byte(fmt.Sprint("content ", i)))
}

func newScenario(n int) *scenario {
	rng := rand.New(rand.NewPCG(5, 5))
	s := &scenario{names: map[state.Hash]string{}, adds: map[state.Hash]bool{}, renames: map[string]bool{}}
	for i := range n {
		c := &command.Command{ID: command.ID{1, byte(i >> 8), byte(i)}}
		s.commands = append(s.commands, c)
		kind := rng.IntN(10)
		switch {
		case len(s.queue) < 5 || kind < 3:
			s.add(c, i)
		case kind < 6:
			s.moveInQueue(c, rng)
		case kind < 8:
			s.rename(c, rng, i)
		case kind < 9 && len(s.queue) > 10:
			h := s.queue[rng.IntN(len(s.queue))]
			c.Kind, c.Torrents, c.Remove = command.Remove, []state.Hash{h}, &command.Removal{}
			s.queue = slices.DeleteFunc(s.queue, func(x state.Hash) bool { return x == h })
			delete(s.names, h)
		default:
			c.Kind, c.Torrents = command.Stop, []state.Hash{s.queue[rng.IntN(len(s.queue))]}
		}
	}
	return s
}

func (s *scenario) add(c *command.Command, i int) {
	c.Kind, c.Add = command.Add, &command.Addition{Metainfo: metainfo(i), Paused: true}
	hash, _ := readAddition(c.Add)
	s.adds[hash] = true
	s.queue = append(s.queue, hash)
	s.names[hash] = fmt.Sprintf("torrent %d", i)
}

func (s *scenario) rename(c *command.Command, rng *rand.Rand, i int) {
	h := s.queue[rng.IntN(len(s.queue))]
	c.Kind, c.Torrents, c.Rename = command.Rename, []state.Hash{h}, &command.Renaming{Path: s.names[h], Name: fmt.Sprintf("renamed %d", i)}
	s.renames[s.names[h]] = true
	s.names[h] = c.Rename.Name
}

// moveInQueue moves two torrents.
func (s *scenario) moveInQueue(c *command.Command, rng *rand.Rand) {
	a := rng.IntN(len(s.queue))
	b := (a + 1 + rng.IntN(len(s.queue)-1)) % len(s.queue)
	c.Torrents = []state.Hash{s.queue[a], s.queue[b]}
	moved := func(h state.Hash) bool { return slices.Contains(c.Torrents, h) }
	both := slices.Collect(func(yield func(state.Hash) bool) {
		for _, h := range s.queue {
			if moved(h) && !yield(h) {
				return
			}
		}
	})
	q := s.queue
	switch rng.IntN(4) {
	case 0:
		c.Kind = command.QueueTop
		s.queue = append(both, slices.DeleteFunc(slices.Clone(q), moved)...)
	case 1:
		c.Kind = command.QueueEnd
		s.queue = append(slices.DeleteFunc(slices.Clone(q), moved), both...)
	case 2:
		c.Kind = command.QueueUp
		for i := 1; i < len(q); i++ {
			if moved(q[i]) && !moved(q[i-1]) {
				q[i], q[i-1] = q[i-1], q[i]
			}
		}
	case 3:
		c.Kind = command.QueueDown
		for i := len(q) - 2; i >= 0; i-- {
			if moved(q[i]) && !moved(q[i+1]) {
				q[i], q[i+1] = q[i+1], q[i]
			}
		}
	}
}

// TestKilled does 250 commands with an agent that is killed again and again, in a
// process of its own, and counts what the daemon was made to do.
func TestKilled(t *testing.T) {
	if os.Getenv(childDir) != "" {
		t.Skip("this is the process that is killed")
	}
	const n = 250
	daemon, url := startCounting(t, simulator.RPC16)
	s, dir := newScenario(n), t.TempDir()
	results := make(map[command.ID]string)
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	kills := 0
	for len(results) < n {
		fresh := rng.IntN(n / 16)
		if rng.IntN(8) == 0 {
			fresh = 0
		}
		if runChild(t, dir, url, n, fresh, time.Duration(rng.IntN(20_000))*time.Microsecond, results) {
			kills++
		}
	}
	t.Logf("%d results of an agent that was killed %d times", len(results), kills)
	if kills < 5 {
		t.Errorf("the agent was killed only %d times", kills)
	}
	s.compare(t, daemon, url, results)
	// One that begins again knows all results and does nothing.
	before := fmt.Sprint(daemon.calls)
	again := make(map[command.ID]string)
	for len(again) < n {
		runChild(t, dir, url, n, -1, 0, again)
	}
	if after := fmt.Sprint(daemon.calls); before != after {
		t.Errorf("asked once more the agent did more: %s, was %s", after, before)
	}
}

func (s *scenario) compare(t *testing.T, daemon *counting, url string, results map[command.ID]string) {
	t.Helper()
	for _, c := range s.commands {
		want := &command.Result{ID: c.ID, Done: 1}
		switch c.Kind {
		case command.Add:
			hash, _ := readAddition(c.Add)
			want.Added = &command.Added{Hash: hash}
		case command.QueueUp, command.QueueDown, command.QueueTop, command.QueueEnd:
			want.Done = 2
		}
		var got command.Result
		if err := json.Unmarshal([]byte(results[c.ID]), &got); err != nil {
			t.Fatal(err)
		}
		if got.Added != nil {
			got.Added.Name = ""
		}
		if w, g := asJSON(want), asJSON(&got); w != g {
			t.Errorf("%s: got %s, want %s", c.Kind, g, w)
		}
	}
	l, err := newClient(url).Torrents(t.Context(), transmission.All)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(l.Rows, func(a, b transmission.Row) int { return int(a.Torrent.Queue - b.Torrent.Queue) })
	var queue []state.Hash
	for _, r := range l.Rows {
		queue = append(queue, r.Torrent.Hash)
		if r.Torrent.Name != s.names[r.Torrent.Hash] {
			t.Errorf("%q, want %q", r.Torrent.Name, s.names[r.Torrent.Hash])
		}
	}
	if !slices.Equal(queue, s.queue) {
		t.Errorf("the queue is another one: %d torrents, want %d", len(queue), len(s.queue))
	}
	if len(daemon.added) != len(s.adds) || len(daemon.renamed) != len(s.renames) {
		t.Errorf("%d added and %d renamed, want %d and %d", len(daemon.added), len(daemon.renamed), len(s.adds), len(s.renames))
	}
	for what, n := range daemon.added {
		if n != 1 {
			t.Errorf("%s was added %d times", what, n)
		}
	}
	for what, n := range daemon.renamed {
		if n != 1 {
			t.Errorf("%s was renamed %d times", what, n)
		}
	}
	t.Logf("calls: %v; found there: %d", daemon.calls, daemon.double)
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// runChild runs an agent and kills it after so many new results, or so long after its
// first sign of life when there are to be none. It returns whether it was killed.
func runChild(t *testing.T, dir, url string, n int, fresh int, life time.Duration, results map[command.ID]string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.count=1")
	cmd.Env = append(os.Environ(), childDir+"="+dir, childDaemon+"="+url, fmt.Sprintf("OFFING_TEST_EXECUTOR_N=%d", n))
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if fresh == 0 { // at the first sign of life, or at the result that was to be the last
			timer := time.AfterFunc(life, func() { _ = cmd.Process.Kill() })
			defer timer.Stop()
			fresh = -1
		}
		var r command.Result
		text, ok := strings.CutPrefix(lines.Text(), "result ")
		if !ok || json.Unmarshal([]byte(text), &r) != nil {
			continue // a line that was cut short too
		}
		was, known := results[r.ID]
		if known && was != text {
			t.Errorf("the result changed: %s, was %s", text, was)
		}
		if !known && fresh > 0 {
			fresh--
		}
		results[r.ID] = text
	}
	return cmd.Wait() != nil
}

// TestChild is the agent of TestKilled.
func TestChild(t *testing.T) {
	dir := os.Getenv(childDir)
	if dir == "" {
		t.Skip("this is for TestKilled")
	}
	var n int
	_, _ = fmt.Sscan(os.Getenv("OFFING_TEST_EXECUTOR_N"), &n)
	s := newScenario(n)
	client := newClient(os.Getenv(childDaemon))
	e, err := Open(Config{Dir: filepath.Join(dir, "commands"), Daemon: client, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("alive")
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = e.Run(ctx) })
	var left sync.WaitGroup
	for _, c := range s.commands {
		left.Add(1)
		if err := e.Do("home", c, func(ev command.Event) {
			if ev.Result != nil {
				fmt.Println("result " + asJSON(ev.Result))
				left.Done()
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	left.Wait()
	cancel()
	running.Wait()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}
