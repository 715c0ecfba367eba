package main

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"offing/controller"
	"offing/controller/client"
	"offing/tunnel"
	"offing/tunnel/command"
	"offing/tunnel/link"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// overLine runs use with a door to one box, over a line of its own.
func (a *app) overLine(ctx context.Context, cfg *controller.Config, w way, use func(context.Context, door) error) error {
	return a.directly(ctx, cfg, w.direct, cmp.Or(w.timeout, lineTimeout), func(ctx context.Context, d *direct, progress *progress) error {
		l := newLineDoor(ctx, d)
		l.quiet = progress.end
		defer l.close()
		return use(ctx, l)
	})
}

// lineDoor is a door to one box. What it was told to do it repeats after a break of
// the line, with the same id, so that the box does it once.
type lineDoor struct {
	d      *direct // from the first command on run's alone
	quiet  func()  // takes the progress of building the line away
	outbox *command.Outbox

	ctx     context.Context // of run
	end     context.CancelFunc
	begin   sync.Once
	running sync.WaitGroup

	mu      sync.Mutex
	orders  map[command.ID]*client.Order
	failure error         // why run has ended
	changed chan struct{} // closed when one of these changes
}

func newLineDoor(ctx context.Context, d *direct) *lineDoor {
	l := &lineDoor{
		d: d, quiet: func() {}, outbox: command.NewOutbox(d.log),
		orders: make(map[command.ID]*client.Order), changed: make(chan struct{}),
	}
	l.ctx, l.end = context.WithCancel(ctx)
	return l
}

func (l *lineDoor) close() {
	l.end()
	l.running.Wait()
}

// run carries commands until ctx ends or the box cannot be reached.
func (l *lineDoor) run() {
	var backoff link.Backoff
	for l.ctx.Err() == nil {
		begun := time.Now()
		err := l.carry()
		switch {
		case errors.Is(err, link.ErrNoCommands):
			l.fail(errors.New("the agent on the box is too old to take commands: update it"))
			return
		case l.ctx.Err() != nil:
			return
		}
		if exit := (*exitError)(nil); errors.As(err, &exit) {
			l.fail(err)
			return
		}
		l.d.close()
		if time.Since(begun) > time.Minute {
			backoff = link.Backoff{}
		}
		l.d.pause(l.ctx, backoff.Next())
	}
}

// carry carries commands over one line, which it builds if there is none.
func (l *lineDoor) carry() error {
	if l.d.line == nil {
		if reason, err := l.d.connect(l.ctx); err != nil || reason.Code != "" {
			return cmp.Or(err, unreachable(errors.New(reason.Text)))
		}
		l.quiet()
	}
	rw, err := l.d.line.Command(l.ctx)
	if err != nil {
		return err
	}
	defer rw.Close()
	return l.outbox.Run(l.ctx, rw)
}

func (l *lineDoor) fail(err error) {
	l.update(func() { l.failure = err })
}

// update changes what the mutex guards, and wakes who waits for that.
func (l *lineDoor) update(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	close(l.changed)
	l.changed = make(chan struct{})
}

// send sends a command on its way.
func (l *lineDoor) send(c *command.Command) (client.Order, error) {
	c.ID = command.NewID()
	of := len(c.Torrents)
	o := &client.Order{
		ID: c.ID, Box: l.d.box, Do: c.Kind, Torrents: c.Torrents,
		State: client.Sent, Of: of, Created: time.Now(),
	}
	l.update(func() { l.orders[c.ID] = o })
	if err := l.outbox.Send(c, func(e command.Event) error { l.news(o, e); return nil }); err != nil {
		return client.Order{}, usage(err)
	}
	l.begin.Do(func() { l.running.Go(l.run) })
	l.mu.Lock()
	defer l.mu.Unlock()
	return *o, nil
}

func (l *lineDoor) news(o *client.Order, e command.Event) {
	l.update(func() {
		if e.Progress != nil {
			o.Done, o.Of = e.Progress.Done, e.Progress.Of
		}
		if r := e.Result; r != nil {
			o.Result, o.Ended, o.State = r, time.Now(), client.Done
			o.Done = r.Done + r.Failed
			if r.Fault != nil || r.Done == 0 && r.Failed > 0 {
				o.State = client.Failed
			}
		}
	})
}

// Do implements door. All is done on the one box.
func (l *lineDoor) Do(_ context.Context, r client.DoRequest) ([]client.Order, error) {
	c := &command.Command{Kind: r.Do, Remove: r.Remove, Move: r.Move, Rename: r.Rename, Change: r.Change, Settings: r.Settings}
	for _, t := range r.Torrents {
		c.Torrents = append(c.Torrents, t.Hash)
	}
	o, err := l.send(c)
	if err != nil {
		return nil, err
	}
	return []client.Order{o}, nil
}

// Add implements door.
func (l *lineDoor) Add(_ context.Context, r client.AddRequest) (client.Order, error) {
	return l.send(&command.Command{Kind: command.Add, Add: &command.Addition{
		Magnet: r.Magnet, Metainfo: r.Metainfo, URL: r.URL, Cookies: r.Cookies, Dir: r.Dir, Paused: r.Paused, Changes: r.Changes,
	}})
}

// Command implements door.
func (l *lineDoor) Command(ctx context.Context, id command.ID, wait time.Duration) (client.Order, error) {
	late := time.NewTimer(wait)
	defer late.Stop()
	for {
		l.mu.Lock()
		o, failure, changed := *l.orders[id], l.failure, l.changed
		l.mu.Unlock()
		if o.HasEnded() {
			return o, nil
		}
		if failure != nil {
			return o, failure
		}
		select {
		case <-ctx.Done():
			return o, ctx.Err()
		case <-late.C:
			return o, nil
		case <-changed:
		}
	}
}

// answer asks a question and waits for its answer.
func (l *lineDoor) answer(ctx context.Context, q *command.Command) (command.Result, error) {
	o, err := l.send(q)
	for err == nil && !o.HasEnded() {
		o, err = l.Command(ctx, o.ID, waitStep)
	}
	if err != nil {
		return command.Result{}, err
	}
	if r := resultOf(&o); r.Fault != nil {
		return r, r.Fault
	}
	return *o.Result, nil
}

// TestPort implements door.
func (l *lineDoor) TestPort(ctx context.Context, _ string) (bool, error) {
	r, err := l.answer(ctx, &command.Command{Kind: command.TestPort})
	return r.Open != nil && *r.Open, err
}

// FreeSpace implements door.
func (l *lineDoor) FreeSpace(ctx context.Context, _, dir string) (command.Space, error) {
	r, err := l.answer(ctx, &command.Command{Kind: command.FreeSpace, Dir: dir})
	if err != nil || r.Space == nil {
		return command.Space{}, err
	}
	return *r.Space, nil
}

// Torrents implements door, as far as the list of the box says.
func (l *lineDoor) Torrents(ctx context.Context, f client.Filter) ([]client.Row, int, error) {
	box, err := l.d.askFor(ctx, "list --json")
	if err != nil {
		return nil, 0, err
	}
	if box.Line.State != string(tunnel.Up) {
		return nil, 0, unreachable(errors.New(box.Line.Reason))
	}
	l.quiet()
	rows := make([]client.Row, 0, len(box.Torrents))
	for i := range box.Torrents {
		rows = append(rows, rowOf(l.d.box, &box.Torrents[i]))
	}
	return filter(rows, f)
}

// Torrent implements door, without the detail.
func (l *lineDoor) Torrent(ctx context.Context, _ string, h state.Hash) (*client.Whole, error) {
	rows, _, err := l.Torrents(ctx, client.Filter{})
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if rows[i].Hash == h {
			return &client.Whole{Row: rows[i], AgeMS: -1}, nil
		}
	}
	return nil, errors.New("the box does not have that torrent any more")
}

func rowOf(box string, t *report.Torrent) client.Row {
	return client.Row{
		Torrent: client.Torrent{Box: box, Hash: t.Hash}, Name: t.Name, State: t.State, Progress: t.Progress, Checked: t.Checked,
		Size: t.Size, Total: t.Size, Left: t.Left, RateDown: t.RateDown, RateUp: t.RateUp, ETA: t.ETA, Ratio: t.Ratio,
		Peers: t.Peers, Error: t.Error, ErrorKind: t.ErrorKind, Labels: t.Labels, Access: "own",
	}
}
