package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"offing/tunnel/internal/memnet"
	"offing/tunnel/state"
)

// disk is what of a model of an executor outlives it.
type disk struct {
	journal map[ID]*entry
	queue   []ID // not done yet, in their order
	effects []ID // each time that something was done
	did     map[ID]*Command
}

type entry struct {
	c      *Command
	result *Result
}

// model is an Executor with a journal. A new one on the same disk is the box after a
// restart: what was not done is done then, and nobody waits for it but who asks again.
type model struct {
	disk *disk
	r    *rand.Rand
	slow time.Duration // the longest that a command takes

	result func(ID) *Result // of a command; nil for one that is done

	mu    sync.Mutex
	dead  bool
	news  map[ID]func(Event)
	asked []*Command // questions
	tell  []ID
	wake  chan struct{}
}

func newModel(d *disk, r *rand.Rand) *model {
	return &model{disk: d, r: r, slow: 20 * time.Millisecond, news: make(map[ID]func(Event)), wake: make(chan struct{}, 1)}
}

var errDead = errors.New("the agent is gone")

func (m *model) Do(home string, c *Command, news func(Event)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errDead
	}
	defer wake(m.wake)
	m.news[c.ID] = news
	if c.Kind.Question() {
		m.asked = append(m.asked, c)
		return nil
	}
	e := m.disk.journal[c.ID]
	if e == nil {
		m.disk.journal[c.ID] = &entry{c: c}
		m.disk.queue = append(m.disk.queue, c.ID)
	} else if e.result != nil {
		m.tell = append(m.tell, c.ID)
	}
	return nil
}

func (m *model) Cancel(_ string, id ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.Index(m.disk.queue, id)
	if m.dead || i < 0 {
		return
	}
	m.disk.queue = slices.Delete(m.disk.queue, i, i+1)
	m.disk.journal[id].result = &Result{ID: id, Fault: &Fault{Code: Cancelled, Text: "cancelled"}}
	m.tell = append(m.tell, id)
	wake(m.wake)
}

func (m *model) Forget(_ string, id ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.disk.journal[id]; e != nil && e.result != nil && !m.dead {
		delete(m.disk.journal, id)
		delete(m.news, id)
	}
}

// run does what there is to do until ctx ends.
func (m *model) run(ctx context.Context) {
	for ctx.Err() == nil {
		if !m.step(ctx) {
			select {
			case <-ctx.Done():
			case <-m.wake:
			}
		}
	}
	m.mu.Lock()
	m.dead = true
	m.mu.Unlock()
}

// step tells a result, answers a question, or does one command.
func (m *model) step(ctx context.Context) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case len(m.tell) > 0:
		id := m.tell[0]
		m.tell = m.tell[1:]
		m.sayLocked(id)
	case len(m.asked) > 0:
		c := m.asked[0]
		m.asked = m.asked[1:]
		m.news[c.ID](Event{Result: &Result{ID: c.ID, Space: &Space{Free: 1}}})
	case len(m.disk.queue) > 0:
		m.doLocked(ctx)
	default:
		return false
	}
	return true
}

// doLocked begins the next command, and does it when the box lives so long.
func (m *model) doLocked(ctx context.Context) {
	id := m.disk.queue[0]
	pause := time.Duration(m.r.Int64N(int64(m.slow) + 1))
	m.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
	m.mu.Lock()
	if ctx.Err() != nil || len(m.disk.queue) == 0 || m.disk.queue[0] != id {
		return
	}
	m.disk.queue = m.disk.queue[1:]
	m.disk.effects = append(m.disk.effects, id)
	m.disk.did[id] = m.disk.journal[id].c
	m.disk.journal[id].result = &Result{ID: id, Done: 1}
	if m.result != nil {
		m.disk.journal[id].result = m.result(id)
	}
	if news := m.news[id]; news != nil {
		news(Event{Progress: &Progress{ID: id, Done: 1, Of: 1}})
	}
	m.sayLocked(id)
}

func (m *model) sayLocked(id ID) {
	if e, news := m.disk.journal[id], m.news[id]; e != nil && news != nil {
		news(Event{Result: e.result})
	}
}

// pair is a home and a box.
type pair struct {
	t     *testing.T
	out   *Outbox
	disk  *disk
	model *model
	stop  func() // ends the model

	mu      sync.Mutex
	results map[ID][]*Result
	sent    map[ID]*Command
	refuse  func(*Result) error // what news answers; nil takes all
}

func newPair(t *testing.T) *pair {
	p := &pair{
		t: t, out: NewOutbox(slog.New(slog.DiscardHandler)), results: make(map[ID][]*Result),
		disk: &disk{journal: make(map[ID]*entry), did: make(map[ID]*Command)}, sent: make(map[ID]*Command),
	}
	p.restart(1)
	t.Cleanup(func() { p.stop() })
	return p
}

// restart ends the box and starts another one on its disk. No connection may be up.
func (p *pair) restart(seed uint64) {
	if p.stop != nil {
		p.stop()
	}
	m := newModel(p.disk, rand.New(rand.NewPCG(seed, 5)))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { m.run(ctx) })
	p.model, p.stop = m, sync.OnceFunc(func() { cancel(); running.Wait() })
}

func (p *pair) news(e Event) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Result == nil {
		return nil
	}
	if p.refuse != nil {
		if err := p.refuse(e.Result); err != nil {
			return err
		}
	}
	p.results[e.Result.ID] = append(p.results[e.Result.ID], e.Result)
	return nil
}

func (p *pair) send(c *Command) {
	p.t.Helper()
	p.sent[c.ID] = c
	if err := p.out.Send(c, p.news); err != nil {
		p.t.Fatal(err)
	}
}

// cancel gives up a command; that it is given up at home counts as its result.
func (p *pair) cancel(i int) {
	if p.out.Cancel(idOf(i)) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.results[idOf(i)] = append(p.results[idOf(i)], &Result{Fault: &Fault{Text: "at home"}})
	}
}

// got returns how many results came.
func (p *pair) got() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.results)
}

// connection is one line between the two.
type connection struct {
	home, box *memnet.End
	errs      [2]chan error
}

// connect lets the two talk over a line until close.
func (p *pair) connect(down, up *memnet.Stream) *connection {
	c := &connection{home: &memnet.End{In: down, Out: up}, box: &memnet.End{In: up, Out: down}, errs: [2]chan error{make(chan error, 1), make(chan error, 1)}}
	m := p.model
	go func() { c.errs[0] <- p.out.Run(context.Background(), c.home) }()
	go func() {
		c.errs[1] <- Serve(context.Background(), c.box, "home", m, slog.New(slog.DiscardHandler))
	}()
	return c
}

// close breaks the line and returns why the two ends ended.
func (c *connection) close() (home, box error) {
	c.home.Close()
	c.box.Close()
	return <-c.errs[0], <-c.errs[1]
}

// stopOf is a small command of its own for each i.
func stopOf(i int) *Command {
	return &Command{ID: idOf(i), Kind: Stop, Torrents: []state.Hash{{byte(i), byte(i >> 8), 1}}}
}

func idOf(i int) ID { return ID{byte(i), byte(i >> 8), 0xee} }

// addOf is an addition with a file of n bytes.
func addOf(i, n int) *Command {
	file := bytes.Repeat([]byte{byte(i)}, n)
	file[0] = 'd'
	return &Command{ID: idOf(i), Kind: Add, Add: &Addition{Metainfo: file}}
}

// settled proves that n commands were done once each, that home knows of each, and
// that the box has forgotten them; cancelled ones may not have been done.
func (p *pair) settled(n int, small func(i int) bool) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	count := map[ID]int{}
	last := -1
	for _, id := range p.disk.effects {
		count[id]++
		i := int(id[0]) | int(id[1])<<8
		if small(i) && i < last {
			p.t.Errorf("%d was done after %d", i, last)
		}
		if small(i) {
			last = i
		}
	}
	for i := range n {
		id := idOf(i)
		results := p.results[id]
		if len(results) != 1 {
			p.t.Fatalf("home has %d results of %d", len(results), i)
		}
		want := 1
		if results[0].Fault != nil {
			want = 0
		}
		if did := p.disk.did[id]; did != nil && !reflect.DeepEqual(did, p.sent[id]) {
			p.t.Errorf("%d was not done as it was sent", i)
		}
		if count[id] != want {
			p.t.Errorf("%d was done %d times, and home was told %s", i, count[id], fmt.Sprint(results[0].Fault))
		}
	}
	if len(p.disk.journal) > 0 || len(p.out.items) > 0 || len(p.out.forgetting) > 0 {
		p.t.Errorf("the box keeps %d, home %d and %d", len(p.disk.journal), len(p.out.items), len(p.out.forgetting))
	}
}
