package control

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/controller/internal/owners"
	"offing/controller/internal/store"
	"offing/tunnel/command"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

var (
	admin  = account.Principal{User: "ada", Role: account.RoleAdmin}
	socket = account.Principal{Role: account.RoleAdmin}
	anna   = account.Principal{User: "anna", Role: account.RoleUser}
	ben    = account.Principal{User: "ben", Role: account.RoleUser}
	eve    = account.Principal{User: "eve", Role: account.RoleUser}
)

// patience is how long a test waits for what must come, before it fails.
const patience = time.Minute

// box is a box in memory: an executor that does each command once, and a line to it
// that a test cuts.
type box struct {
	state *state.State

	mu     sync.Mutex
	outbox *command.Outbox // of the controller's present life
	up     bool
	cut    func()
	hold   chan struct{} // not nil: commands that have begun wait for it
	known  map[command.ID]*command.Result
	news   map[command.ID]func(command.Event)
	done   []*command.Command // in the order in which they were done
	added  int64
	begun  bool // commands on hold have begun, and cannot be cancelled
	refuse func(*command.Command) *command.Fault
	spoil  func(*command.Command) *command.Fault // what goes wrong once it is done
	wg     sync.WaitGroup
}

// Do implements command.Executor.
func (b *box) Do(_ string, c *command.Command, news func(command.Event)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.news[c.ID] = news
	if r, ok := b.known[c.ID]; ok {
		if r != nil {
			b.wg.Go(func() { news(command.Event{Result: r}) })
		}
		return nil
	}
	b.known[c.ID] = nil
	hold := b.hold
	b.wg.Go(func() {
		if hold != nil && !c.Kind.Question() {
			<-hold
		}
		b.execute(c)
	})
	return nil
}

// execute does a command and tells who asked last.
func (b *box) execute(c *command.Command) {
	b.mu.Lock()
	if b.known[c.ID] != nil {
		b.mu.Unlock()
		return
	}
	r := &command.Result{ID: c.ID, Done: len(c.Torrents)}
	if b.refuse != nil {
		r.Fault = b.refuse(c)
	}
	if r.Fault == nil {
		b.done = append(b.done, c)
		b.effect(c, r)
		if b.spoil != nil {
			r.Fault = b.spoil(c)
		}
	} else {
		r.Done = 0
	}
	b.known[c.ID] = r
	news := b.news[c.ID]
	b.mu.Unlock()
	news(command.Event{Result: r})
}

func (b *box) effect(c *command.Command, r *command.Result) {
	had := map[state.Hash]bool{}
	b.state.Each(func(t *state.Torrent) bool { had[t.Hash] = true; return true })
	_ = b.state.Update(func(tx *state.Tx) error {
		switch c.Kind {
		case command.Remove:
			for _, h := range c.Torrents {
				if !had[h] {
					r.Done--
					r.Failed++
					r.Faults = append(r.Faults, command.Failure{Torrent: h, Fault: command.Fault{Code: command.UnknownTorrent, Text: "no"}})
				}
				tx.Remove(h)
			}
		case command.Add:
			t, _ := torrentOf(c.Add)
			if c.Add.URL != "" {
				t = torrent{hash: state.Hash{0xee, byte(len(c.Add.URL))}, names: []string{"fetched"}, size: 5}
			}
			name := "magnet"
			if len(t.names) > 0 {
				name = t.names[0]
			}
			was := had[t.hash]
			r.Added = &command.Added{Hash: t.hash, Name: name, Duplicate: was}
			if !was {
				b.added++
				tx.Put(&state.Torrent{Hash: t.hash, Name: name, Added: b.added, Size: t.size, Dir: "/data", Metadata: state.Whole})
			}
		case command.FreeSpace:
			r.Space = &command.Space{Free: 7}
		}
		return nil
	})
}

// Cancel implements command.Executor: a command on hold has not begun.
func (b *box) Cancel(_ string, id command.ID) {
	b.mu.Lock()
	r, ok := b.known[id]
	news := b.news[id]
	if !ok || r != nil || b.begun {
		b.mu.Unlock()
		return
	}
	r = &command.Result{ID: id, Fault: &command.Fault{Code: command.Cancelled, Text: "cancelled"}}
	b.known[id] = r
	b.mu.Unlock()
	news(command.Event{Result: r})
}

// Forget implements command.Executor.
func (b *box) Forget(_ string, id command.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known[id] = &command.Result{ID: id, Fault: &command.Fault{Code: command.Interrupted, Text: "forgotten"}}
}

// kinds says what was done, in one line.
func (b *box) kinds() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, c := range b.done {
		all = append(all, fmt.Sprintf("%s%d", c.Kind, len(c.Torrents)))
	}
	return strings.Join(all, " ")
}

// house is a Control on a store of its own, with boxes.
type house struct {
	*Control
	owners *owners.Owners
	dir    string
	db     *store.Store
	people map[account.User]bool
	log    *slog.Logger

	mu      sync.Mutex
	clock   time.Time
	boxes   map[string]*box
	changed chan struct{}
	told    []string
	audited []string
	roles   map[account.User]account.Role // what somebody is now who was something else
	stop    func()
}

// Standing implements People.
func (h *house) Standing(_ context.Context, u account.User) (account.Role, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if role, ok := h.roles[u]; ok {
		return role, nil
	}
	switch {
	case !h.people[u]:
		return "", nil
	case u == "ada":
		return account.RoleAdmin, nil
	}
	return account.RoleUser, nil
}

// make changes what somebody is; "" is disabled.
func (h *house) make(u account.User, role account.Role) {
	h.mu.Lock()
	if h.roles == nil {
		h.roles = map[account.User]account.Role{}
	}
	h.roles[u] = role
	h.mu.Unlock()
	h.Recheck()
}

func (h *house) Exists(_ context.Context, u account.User) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.people[u], nil
}

// Boxes implements Boxes.
func (h *house) Boxes() []fleet.Box {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []fleet.Box
	for name, b := range h.boxes {
		b.mu.Lock()
		l := report.Line{State: "down", Reason: "the rain"}
		if b.up {
			l = report.Line{State: "up"}
		}
		b.mu.Unlock()
		all = append(all, fleet.Box{Name: name, State: b.state, Line: l})
	}
	slices.SortFunc(all, func(a, b fleet.Box) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Changed implements Boxes.
func (h *house) Changed() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changed == nil {
		h.changed = make(chan struct{})
	}
	return h.changed
}

func (h *house) raise() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
}

// Outbox implements Boxes.
func (h *house) Outbox(name string) (*command.Outbox, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.boxes[name]
	if b == nil {
		return nil, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.outbox, b.outbox != nil
}

func open(t *testing.T) *house {
	t.Helper()
	h := &house{
		dir: t.TempDir(), people: map[account.User]bool{"ada": true, "anna": true, "ben": true, "eve": true},
		boxes: map[string]*box{}, clock: time.Unix(1_800_000_000, 0), log: slog.New(slog.DiscardHandler),
	}
	h.openStore(t)
	h.box("vps")
	h.start(t)
	t.Cleanup(func() { h.halt(t) })
	return h
}

func (h *house) openStore(t *testing.T) {
	t.Helper()
	var err error
	h.db, err = store.Open(t.Context(), store.Config{Dir: filepath.Join(h.dir, "store"), KeyFile: filepath.Join(h.dir, "key"), Log: h.log})
	if err != nil {
		t.Fatal(err)
	}
}

// start opens what is kept and runs it.
func (h *house) start(t *testing.T) {
	t.Helper()
	var err error
	if h.owners, err = owners.Open(t.Context(), owners.Config{Store: h.db, People: h, Log: h.log}); err != nil {
		t.Fatal(err)
	}
	for _, b := range h.boxes {
		b.outbox = command.NewOutbox(h.log)
	}
	h.Control, err = Open(t.Context(), Config{
		Store: h.db, Boxes: h, Owners: h.owners, People: h, Log: h.log,
		Now: func() time.Time { h.mu.Lock(); defer h.mu.Unlock(); return h.clock },
		Notify: func(_ context.Context, u account.User, kind, text string) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.told = append(h.told, string(u)+" "+kind+" "+text)
		},
		Audit: func(_ context.Context, p account.Principal, action, object string) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.audited = append(h.audited, string(p.User)+" "+action+" "+object)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { h.owners.Follow(ctx, h) })
	wg.Go(func() { _ = h.Control.Run(ctx) })
	h.stop = func() { cancel(); wg.Wait() }
}

// halt ends everything, and the store under it.
func (h *house) halt(t *testing.T) {
	t.Helper()
	for _, b := range h.boxes {
		b.down()
		b.release()
		b.wg.Wait()
	}
	h.stop()
	if err := h.db.Close(); err != nil {
		t.Error(err)
	}
}

// restart kills the controller: what has not been written is lost.
func (h *house) restart(t *testing.T) {
	t.Helper()
	for _, b := range h.boxes {
		b.down()
	}
	h.stop()
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	h.openStore(t)
	h.start(t)
}

// box adds a box that has told that it has nothing.
func (h *house) box(name string) *box {
	b := &box{
		state: state.New(state.Epoch(len(h.boxes) + 1)), known: map[command.ID]*command.Result{},
		news: map[command.ID]func(command.Event){}, outbox: command.NewOutbox(h.log), added: 1000,
	}
	b.state.Touch(time.Now())
	h.mu.Lock()
	defer h.mu.Unlock()
	h.boxes[name] = b
	return b
}

// connect brings the line to a box up.
func (h *house) connect(name string) *box {
	b := h.boxes[name]
	here, there := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	b.mu.Lock()
	outbox := b.outbox
	b.up = true
	b.cut = func() { cancel(); wg.Wait() }
	b.mu.Unlock()
	wg.Go(func() { _ = outbox.Run(ctx, here) })
	wg.Go(func() { _ = command.Serve(ctx, there, "home", b, h.log) })
	h.raise()
	return b
}

// down breaks the line.
func (b *box) down() {
	b.mu.Lock()
	cut := b.cut
	b.up, b.cut = false, nil
	b.mu.Unlock()
	if cut != nil {
		cut()
	}
}

// stall has commands wait before they begin, until release.
func (b *box) stall() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hold = make(chan struct{})
}

func (b *box) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hold != nil {
		close(b.hold)
		b.hold = nil
	}
}

func hash(n int) state.Hash { return state.Hash{byte(n), byte(n >> 8), 19: 1} }

func key(n int) owners.Key { return owners.Key{Box: "vps", Hash: hash(n)} }

// has puts a torrent into the box, whose added time is its number, and gives it.
func (h *house) has(t *testing.T, n int, name string, given map[account.User]owners.Access) {
	t.Helper()
	_ = h.boxes["vps"].state.Update(func(tx *state.Tx) error {
		tx.Put(&state.Torrent{Hash: hash(n), Name: name, Added: int64(n), Dir: "/data", Size: 10, Metadata: state.Whole})
		return nil
	})
	for u, a := range given {
		if _, err := h.owners.Set(t.Context(), map[owners.Key]int64{key(n): int64(n)}, u, a); err != nil {
			t.Fatal(err)
		}
	}
	h.raise()
}

// access returns what u has of the torrent that the box has now.
func (h *house) access(u account.User, n int) owners.Access {
	t, _ := h.boxes["vps"].state.Get(hash(n))
	return h.owners.Access(u, key(n), t.Added)
}

func (h *house) do(t *testing.T, p account.Principal, kind command.Kind, keys ...owners.Key) Order {
	t.Helper()
	c := command.Command{Kind: kind}
	if kind == command.Remove {
		c.Remove = &command.Removal{Data: true}
	}
	orders, err := h.Do(t.Context(), p, Request{Command: c, Torrents: keys})
	if err != nil {
		t.Fatal(err)
	}
	return orders[0]
}

func (h *house) addIt(t *testing.T, p account.Principal, a command.Addition) (Order, error) {
	t.Helper()
	orders, err := h.Do(t.Context(), p, Request{Command: command.Command{Kind: command.Add, Add: &a}, Box: "vps"})
	if err != nil {
		return Order{}, err
	}
	return orders[0], nil
}

// wait returns an order once it has ended.
func (h *house) wait(t *testing.T, p account.Principal, id command.ID) Order {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	o, err := h.Wait(ctx, p, id)
	if err != nil || !o.State.Ended() {
		t.Fatalf("%s, %v", o.State, err)
	}
	return o
}

// until waits for something that Run or the owners do, and is woken by changes.
func (h *house) until(t *testing.T, what string, is func() bool) {
	t.Helper()
	end := time.Now().Add(patience)
	for !is() {
		if time.Now().After(end) {
			t.Fatalf("it does not come to pass that %s", what)
		}
		h.raise()
		time.Sleep(time.Millisecond)
	}
}

// magnet returns a link to the torrent hash(n).
func magnet(n int) command.Addition {
	return command.Addition{Magnet: "magnet:?xt=urn:btih:" + hash(n).String()}
}

// metainfo returns a .torrent file of one file.
func metainfo(name string, size int) command.Addition {
	return command.Addition{Metainfo: fmt.Appendf(nil, "d4:infod6:lengthi%de4:name%d:%s12:piece lengthi16384e6:pieces20:%020dee", size, len(name), name, 0)}
}

// ended returns a context that has ended.
func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
