package hub

import (
	"container/heap"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Tuning.
const (
	interval = 100 * time.Millisecond // least time between two frames of a topic
	late     = 20 * time.Millisecond  // how much less it may be after a frame that was late
	gather   = 5 * time.Millisecond   // most time that the first change after a pause waits for others
	share    = 8                      // topics that are worth a worker of their own
)

// pulse advances the topics that have news. Those that change all the time are
// due together, at whole intervals, so that a connection gets what is new in all
// of its topics in one write.
type pulse struct {
	hub  *Hub
	wake chan struct{} // has room for one: the first of due is another

	mu  sync.Mutex
	due dueTopics
}

// changed is told by a feed that t may have news.
func (p *pulse) changed(t *topic) {
	if t.pending.Swap(true) {
		return
	}
	p.at(t, p.hub.start.Add(time.Duration(slot(t.sentAt.Load(), p.hub.now()))))
}

// slot returns when a change that happens now is due, of a topic whose last frame
// was made at sent; all in nanoseconds of the hub's clock.
func slot(sent, now int64) int64 {
	if free := sent + int64(interval-late); now < free {
		return nextMultiple(free, interval)
	}
	return nextMultiple(now, gather)
}

// nextMultiple returns the first multiple of unit after t.
func nextMultiple(t int64, unit time.Duration) int64 { return t - t%int64(unit) + int64(unit) }

// at has t advanced at due, if it is not to be earlier.
func (p *pulse) at(t *topic, due time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case t.place < 0:
		t.due = due
		heap.Push(&p.due, t)
	case due.Before(t.due):
		t.due = due
		heap.Fix(&p.due, t.place)
	}
	if p.due[0] == t {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// take returns the topics that are due, and how long it is until the next one.
func (p *pulse) take(batch []*topic) ([]*topic, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for len(p.due) > 0 {
		if wait := p.due[0].due.Sub(now); wait > 0 {
			return batch, wait
		}
		t := heap.Pop(&p.due).(*topic)
		t.pending.Store(false) // what changes from here on is due again
		batch = append(batch, t)
	}
	return batch, time.Hour
}

// run advances what is due until stop is closed.
func (p *pulse) run(stop <-chan struct{}) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var batch []*topic
	for {
		var wait time.Duration
		if batch, wait = p.take(batch[:0]); len(batch) > 0 {
			p.advance(batch)
			clear(batch)
			continue
		}
		timer.Reset(wait)
		select {
		case <-stop:
			return
		case <-p.wake:
		case <-timer.C:
		}
	}
}

// advance advances a batch, then has the shards write, so that each connection
// is written to once.
func (p *pulse) advance(batch []*topic) {
	now := time.Now()
	var next atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; i < int64(len(batch)); i = next.Add(1) - 1 {
			if due := batch[i].advance(now); !due.IsZero() {
				p.at(batch[i], due)
			}
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(batch)/share+1) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	for _, s := range p.hub.shards {
		s.kick()
	}
}

// dueTopics is a heap.Interface, the earliest first.
type dueTopics []*topic

func (d dueTopics) Len() int           { return len(d) }
func (d dueTopics) Less(i, j int) bool { return d[i].due.Before(d[j].due) }

func (d dueTopics) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].place, d[j].place = i, j
}

func (d *dueTopics) Push(x any) {
	t := x.(*topic)
	t.place = len(*d)
	*d = append(*d, t)
}

func (d *dueTopics) Pop() any {
	last := len(*d) - 1
	t := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	t.place = -1
	return t
}
