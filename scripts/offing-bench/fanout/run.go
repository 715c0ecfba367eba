package fanout

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

const (
	perSession = 16 // connections of ours that share a session
	lookEvery  = 25 * time.Millisecond
	quietFor   = 10 * time.Second // after which no more is waited for
)

// Run is a server with its readers.
type Run struct {
	peer   Peer
	server *process
	client *process
	hello  struct{ Listen, Path string }
}

// Start starts a server and a client. Close must be called.
func (l *Lab) Start(ctx context.Context, p Peer) (*Run, error) {
	r := &Run{peer: p}
	var err error
	if r.server, err = l.start(ctx, p.program, p.args...); err != nil {
		return nil, err
	}
	if r.client, err = l.start(ctx, "client"); err == nil {
		err = r.server.read(&r.hello)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close ends both.
func (r *Run) Close() {
	for _, p := range []*process{r.client, r.server} {
		if p != nil {
			p.close()
		}
	}
}

// Tell has the server do something.
func (r *Run) Tell(c Command) (u Usage, err error) { return u, r.server.ask(c, &u) }

// Order has the client do something.
func (r *Run) Order(op string) (s Seen, err error) { return s, r.client.ask(Order{Op: op}, &s) }

// Crowd is who connects.
type Crowd struct {
	Count    int
	Stalled  int // of them
	Sessions int // of ours; 0 for as many as are needed
	Topics   []string
	Stamp    string
}

// Topics names n of the topics that everybody sees.
func Topics(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = "t" + strconv.Itoa(i)
	}
	return names
}

// Opening is what a server used while a crowd came.
type Opening struct {
	Empty  Usage // before anything
	Before Usage // when the tickets of ours were made; for the others the same
	After  Usage // when all are subscribed
}

// Connect opens connections. Before each look at the server it gives back what
// it does not use.
func (r *Run) Connect(c Crowd) (o Opening, err error) {
	order := Connections{
		Address: r.hello.Listen, Path: r.hello.Path, Protocol: r.peer.protocol,
		Count: c.Count, Stalled: c.Stalled, Topics: c.Topics, Stamp: c.Stamp,
	}
	if order.Path == "" {
		order.Path = "/"
	}
	if o.Empty, err = r.Tell(Command{Op: "settle"}); err != nil {
		return o, err
	}
	o.Before = o.Empty
	if order.Protocol == Offing {
		if order.Tickets, err = r.tickets(c); err == nil {
			o.Before, err = r.Tell(Command{Op: "settle"})
		}
	}
	if err != nil {
		return o, err
	}
	if err := r.client.ask(Order{Op: "connect", Connect: &order}, &Seen{}); err != nil {
		return o, err
	}
	time.Sleep(time.Second) // for what ends when a connection is open
	o.After, err = r.Tell(Command{Op: "settle"})
	return o, err
}

// tickets has ours make them.
func (r *Run) tickets(c Crowd) ([]string, error) {
	sessions := c.Sessions
	if sessions == 0 {
		sessions = (c.Count + perSession - 1) / perSession
	}
	made, err := r.Tell(Command{Op: "tickets", Tickets: c.Count, Sessions: sessions})
	return made.Tickets, err
}

// Result is what came of a command, and what it took.
type Result struct {
	Seen
	CPU     time.Duration // of the server
	Encoded int64         // of ours only: updates turned into frames
	Took    time.Duration
	Kernel  int64 // bytes in the buffers of all TCP sockets: see sampler
}

// Measure has the server send and waits until expected stamps have come, or no more come.
func (r *Run) Measure(c Command, expected int) (res Result, err error) {
	if _, err := r.Order("reset"); err != nil {
		return res, err
	}
	before, err := r.Tell(Command{Op: "usage"})
	if err != nil {
		return res, err
	}
	sampler := newSampler()
	began := time.Now()
	_, err = r.Tell(c)
	res.Took = time.Since(began)
	res.Kernel = sampler.stop()
	if err = errors.Join(err, r.await(expected)); err != nil {
		return res, err
	}
	after, err := r.Tell(Command{Op: "usage"})
	if err != nil {
		return res, err
	}
	res.CPU, res.Encoded = after.CPU-before.CPU, after.Encoded-before.Encoded
	if res.Seen, err = r.Order("seen"); err == nil && res.Stamps == 0 {
		err = fmt.Errorf("%s: nothing came", r.peer.Name)
	}
	return res, err
}

// await returns when so many stamps have come, or none for a while.
func (r *Run) await(expected int) error {
	last, since := -1, time.Now()
	for {
		s, err := r.Order("count")
		if err != nil || s.Stamps >= expected {
			return err
		}
		if s.Stamps != last {
			last, since = s.Stamps, time.Now()
		} else if time.Since(since) > quietFor {
			return nil
		}
		time.Sleep(lookEvery)
	}
}

// Each is the processor time of one stamp.
func (r *Result) Each() time.Duration { return r.CPU / time.Duration(max(r.Stamps, 1)) }
