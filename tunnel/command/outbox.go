package command

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"
)

// Event is news of one command. Exactly one of its parts is there.
type Event struct {
	Progress *Progress
	Result   *Result // the last of a command
}

// What may be on its way to the box that the box has not said to keep.
const (
	flightCommands = 64
	flightBytes    = 16 << 20
)

// Outbox is home's end of the command channel to one box. Commands go out in the
// order in which they came; after a break of the connection all that have no result
// yet go out again, in that order, so that the box, which knows their IDs, does each
// of them once. Only a .torrent file of more than 31 kB takes its time: it goes in
// parts, and what came after it goes out between them. It is safe for concurrent use.
type Outbox struct {
	log     *slog.Logger
	running chan struct{} // has one while Run runs
	wake    chan struct{} // capacity one: there is something to say

	mu         sync.Mutex
	items      map[ID]*item
	came       uint64                 // commands ever sent
	forgetting map[ID]struct{}        // results that home has, until the box says that it forgot them
	conn       *sending               // of the Run under way; nil without one
	flight     struct{ n, bytes int } // of conn
}

// item is a command on its way. It is guarded by Outbox.mu but for what never changes.
type item struct {
	c      *Command
	news   func(Event) error
	number uint64 // in the order in which they came
	size   int    // bytes, about

	gone   bool // it has gone out whole over some connection: the box may have it
	out    bool // over this one
	counts bool // in Outbox.flight
	cancel bool // home wants it given up
	held   bool // its result came, and news could not take it: the next connection brings it again
}

// NewOutbox returns an empty Outbox.
func NewOutbox(log *slog.Logger) *Outbox {
	return &Outbox{
		log: log, running: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		items: make(map[ID]*item), forgetting: make(map[ID]struct{}),
	}
}

// Send has c, which nobody changes any more, delivered, now or as soon as there is a
// connection. news is called from one goroutine, in order, with no lock held. When it
// returns nil for a Result the box is told that it may forget the command; when it
// returns an error the Result is fetched again at the next connection. Sending an ID
// that is on its way does nothing. A question (Kind.Question) is not repeated: when
// the connection breaks its Result is the Fault Interrupted. The error is of c itself
// (a *Fault with BadCommand, NoTorrents ...): see Check.
func (o *Outbox) Send(c *Command, news func(Event) error) error {
	if err := c.Check(); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.items[c.ID] != nil {
		return nil
	}
	o.came++
	it := &item{c: c, news: news, number: o.came, size: c.size()}
	o.items[c.ID] = it
	if o.conn != nil {
		o.conn.waiting = append(o.conn.waiting, it)
		wake(o.wake)
	}
	return nil
}

// size is about how many bytes c has on the line.
func (c *Command) size() int {
	const each, rest = 21, 512
	n := rest + each*len(c.Torrents)
	if c.Add != nil {
		n += len(c.Add.Metainfo)
	}
	return n
}

// large tells whether c goes in parts.
func (c *Command) large() bool { return c.Add != nil && len(c.Add.Metainfo) > partSize }

// Cancel gives up a command. Where it has not gone out yet, or is a question, there is
// no more news of it, and Cancel returns true; else the box is asked, and the Result
// tells what came of it: Cancelled when it had not begun. It is false for an ID that
// is not on its way. News of a question may still come while Cancel runs.
func (o *Outbox) Cancel(id ID) (gone bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	it := o.items[id]
	if it == nil {
		return false
	}
	if !it.gone || it.c.Kind.Question() {
		o.dropLocked(it)
		return true
	}
	if !it.cancel {
		it.cancel = true
		if it.out {
			o.conn.cancels = append(o.conn.cancels, id)
			wake(o.wake)
		}
	}
	return false
}

// dropLocked lets an item go.
func (o *Outbox) dropLocked(it *item) {
	delete(o.items, it.c.ID)
	o.landedLocked(it)
	if o.conn == nil {
		return
	}
	if i := slices.Index(o.conn.waiting, it); i >= 0 {
		o.conn.waiting = slices.Delete(o.conn.waiting, i, i+1)
	}
}

// landedLocked takes an item out of what is on its way: the box keeps it, or is done
// with it.
func (o *Outbox) landedLocked(it *item) {
	if it.counts {
		it.counts = false
		o.flight.n--
		o.flight.bytes -= it.size
		wake(o.wake)
	}
}

// Run carries commands over one connection until it or ctx ends. It closes rw, and
// returns when its goroutines have ended: ctx's error if ctx has ended, io.EOF if the
// box closed between two frames, ErrVersion if the two do not fit, and else what went
// wrong. It waits for an earlier Run to end.
func (o *Outbox) Run(ctx context.Context, rw io.ReadWriteCloser) error {
	select {
	case o.running <- struct{}{}:
	case <-ctx.Done():
		rw.Close()
		return ctx.Err()
	}
	defer func() { <-o.running }()
	c, err := newCodec()
	if err != nil {
		rw.Close()
		return err
	}
	s := &sending{Outbox: o, codec: c, in: newReader(rw, fromBox), out: &writer{w: rw}}
	o.begin(s)
	err = carry(ctx, rw, s.read, s.write)
	o.end()
	o.log.Debug("the command channel ended", "error", err)
	return err
}

// begin has all that has no result go out over a new connection.
func (o *Outbox) begin(s *sending) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, it := range o.items {
		it.out, it.held = false, false
		s.waiting = append(s.waiting, it)
	}
	slices.SortFunc(s.waiting, func(a, b *item) int { return cmp.Compare(a.number, b.number) })
	for id := range o.forgetting {
		s.forgets = append(s.forgets, id)
	}
	o.conn = s
}

// end notes that the connection is over. Questions end with it.
func (o *Outbox) end() {
	o.mu.Lock()
	o.conn, o.flight.n, o.flight.bytes = nil, 0, 0
	var asked []*item
	for id, it := range o.items {
		it.out, it.counts = false, false
		if it.gone && it.c.Kind.Question() {
			delete(o.items, id)
			asked = append(asked, it)
		}
	}
	o.mu.Unlock()
	for _, it := range asked {
		fault := &Fault{Code: Interrupted, Text: "the line broke before the box had answered; ask again"}
		_ = it.news(Event{Result: &Result{ID: it.c.ID, Fault: fault}}) // there is nothing to fetch again
	}
}
