package boxtest

import (
	"context"
	"sync"
	"time"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// executor does commands on the box's own State, each once, one after the other.
type executor struct {
	box  *Box
	wake chan struct{} // capacity one

	mu     sync.Mutex
	known  map[key]*job
	queue  []*job // that have not begun
	tell   []*job // whose results are asked for once more
	held   bool
	pace   time.Duration
	refuse func(*command.Command, state.Hash) *command.Fault
	done   []command.Command
}

// key is a command's name: home, and its ID.
type key struct {
	home string
	id   command.ID
}

// job is a command that the box knows.
type job struct {
	c         *command.Command
	news      func(command.Event) // who asked last
	result    *command.Result     // nil until it has ended
	begun     bool
	cancelled bool
}

func newExecutor(b *Box) *executor {
	return &executor{box: b, wake: make(chan struct{}, 1), known: make(map[key]*job)}
}

// Hold makes the box take commands without beginning them, until it is let go.
func (b *Box) Hold() (release func()) {
	b.executor.set(func(e *executor) { e.held = true })
	return func() { b.executor.set(func(e *executor) { e.held = false }) }
}

// Pace makes each torrent of a command take so long, with word of the progress.
func (b *Box) Pace(each time.Duration) { b.executor.set(func(e *executor) { e.pace = each }) }

// Refuse has f say why the box does not do a command with a torrent; nil does it. It
// is asked with the zero Hash for commands that are about none. It runs with the box
// locked.
func (b *Box) Refuse(f func(c *command.Command, h state.Hash) *command.Fault) {
	b.executor.set(func(e *executor) { e.refuse = f })
}

// Done returns the commands that the box has done or refused, in the order in which it
// began them. One that is in it twice was done twice.
func (b *Box) Done() []command.Command {
	b.executor.mu.Lock()
	defer b.executor.mu.Unlock()
	return append([]command.Command(nil), b.executor.done...)
}

// Kept returns how many results the box still keeps for home.
func (b *Box) Kept() int {
	b.executor.mu.Lock()
	defer b.executor.mu.Unlock()
	return len(b.executor.known)
}

func (e *executor) set(change func(*executor)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(e)
	e.nudge()
}

func (e *executor) nudge() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Do implements command.Executor.
func (e *executor) Do(home string, c *command.Command, news func(command.Event)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.nudge()
	k := key{home, c.ID}
	if j := e.known[k]; j != nil {
		if j.news = news; j.result != nil {
			e.tell = append(e.tell, j)
		}
		return nil
	}
	j := &job{c: c, news: news}
	e.queue = append(e.queue, j)
	if !c.Kind.Question() {
		e.known[k] = j
	}
	return nil
}

// Cancel implements command.Executor.
func (e *executor) Cancel(home string, id command.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if j := e.known[key{home, id}]; j != nil && !j.begun {
		j.cancelled = true
		e.nudge()
	}
}

// Forget implements command.Executor.
func (e *executor) Forget(home string, id command.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.known, key{home, id})
}

// run does what was asked for until ctx ends.
func (e *executor) run(ctx context.Context) {
	for {
		j, known := e.next()
		switch {
		case known:
			j.news(command.Event{Result: j.result})
		case j != nil:
			e.do(ctx, j)
		default:
			select {
			case <-ctx.Done():
				return
			case <-e.wake:
			}
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// next returns what is to be done, or to be told once more.
func (e *executor) next() (j *job, known bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.tell) > 0 {
		j, e.tell = e.tell[0], e.tell[1:]
		return j, true
	}
	for i, j := range e.queue {
		if j.cancelled || !e.held {
			e.queue = append(e.queue[:i:i], e.queue[i+1:]...)
			j.begun = true
			return j, false
		}
	}
	return nil, false
}

// do does a command and tells what came of it.
func (e *executor) do(ctx context.Context, j *job) {
	r := &command.Result{ID: j.c.ID}
	if j.cancelled {
		r.Fault = &command.Fault{Code: command.Cancelled, Text: "it was cancelled before the box began"}
	} else {
		e.mu.Lock()
		e.done = append(e.done, *j.c)
		e.mu.Unlock()
		e.effect(ctx, j, r)
	}
	if ctx.Err() != nil {
		return
	}
	e.mu.Lock()
	j.result = r
	news := j.news
	e.mu.Unlock()
	news(command.Event{Result: r})
}

// effect does a command with each of its torrents.
func (e *executor) effect(ctx context.Context, j *job, r *command.Result) {
	c := j.c
	if !c.Kind.AboutTorrents() {
		if r.Fault = e.refused(c, state.Hash{}); r.Fault == nil {
			e.rest(ctx)
			r.Fault = e.box.alone(c, r)
		}
		return
	}
	hashes := e.box.ordered(c)
	for i, h := range hashes {
		e.rest(ctx)
		if ctx.Err() != nil {
			return
		}
		fault := e.refused(c, h)
		if fault == nil {
			fault = e.box.apply(c, h)
		}
		if fault == nil {
			r.Done++
		} else if r.Failed++; len(r.Faults) < command.MaxFailures {
			r.Faults = append(r.Faults, command.Failure{Torrent: h, Fault: *fault})
		}
		e.mu.Lock()
		news := j.news
		e.mu.Unlock()
		if len(hashes) > 1 {
			news(command.Event{Progress: &command.Progress{ID: c.ID, Done: i + 1, Of: len(hashes)}})
		}
	}
}

func (e *executor) refused(c *command.Command, h state.Hash) *command.Fault {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuse == nil {
		return nil
	}
	return e.refuse(c, h)
}

// rest waits as long as a torrent takes.
func (e *executor) rest(ctx context.Context) {
	e.mu.Lock()
	pace := e.pace
	e.mu.Unlock()
	if pace == 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(pace):
	}
}
