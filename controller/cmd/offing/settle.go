package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

const (
	waitStep  = 2 * time.Second        // of one question how an order is, so that progress shows
	leastStep = 200 * time.Millisecond // between two questions, whatever the answer
)

// errTimeout is the cause of a wait that took longer than --timeout.
var errTimeout = errors.New("it has not been done yet")

// settle waits for the orders, unless it is not to, and tells what came of them.
func (a *app) settle(ctx context.Context, d door, w way, e ending, orders []client.Order, names map[state.Hash]string) error {
	var failure error
	if !e.noWait {
		failure = a.await(ctx, d, w, orders)
	}
	if e.json {
		if err := a.printJSON(map[string]any{"commands": orders}); err != nil {
			return err
		}
	} else {
		for i := range orders {
			a.sayOrder(&orders[i], e, names)
		}
	}
	if failure == nil {
		return exitOfOrders(orders, e.noWait)
	}
	a.sayLeft(w, orders)
	if errors.Is(failure, errTimeout) {
		return &exitError{status: report.ExitUnreachable}
	}
	return failure
}

// await asks for each order until it has ended, and writes what it hears over it.
// The error is that of a door that does not answer, errTimeout, or ctx's.
func (a *app) await(ctx context.Context, d door, w way, orders []client.Order) error {
	if w.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, w.timeout, errTimeout)
		defer cancel()
	}
	p := &waiting{app: a, line: newProgress(a.stderr), orders: orders, told: make(map[command.ID]string)}
	defer p.line.end()
	g, ctx := errgroup.WithContext(ctx)
	p.show()
	for i := range orders {
		g.Go(func() error { return p.follow(ctx, d, i) })
	}
	err := g.Wait()
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errTimeout) {
		return cause
	}
	return err
}

// waiting is the progress of several orders.
type waiting struct {
	app  *app
	line *progress

	mu     sync.Mutex
	orders []client.Order
	told   map[command.ID]string // the reason for waiting that was said last, where there is no line to show it on
}

func (p *waiting) follow(ctx context.Context, d door, i int) error {
	p.mu.Lock()
	id, ended := p.orders[i].ID, p.orders[i].HasEnded()
	p.mu.Unlock()
	for !ended {
		begun := time.Now()
		o, err := d.Command(ctx, id, waitStep)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		p.mu.Lock()
		p.orders[i], ended = o, o.HasEnded()
		p.mu.Unlock()
		p.show()
		if !ended {
			wait(ctx, leastStep-time.Since(begun))
		}
	}
	return nil
}

// show says how far the orders are that have not ended.
func (p *waiting) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	var parts []string
	for i := range p.orders {
		o := &p.orders[i]
		if o.HasEnded() {
			continue
		}
		part := fmt.Sprintf("%s on %s", verbOf(o.Do).now, report.Clean(o.Box))
		switch {
		case o.Why != "":
			part += " waits: " + report.Clean(o.Why)
			p.say(o)
		case o.Of > 1:
			part += fmt.Sprintf(": %d of %d", o.Done, o.Of)
		}
		parts = append(parts, part)
	}
	if len(parts) > 0 {
		p.line.show(strings.Join(parts, "; "))
	}
}

// say tells a reason for waiting once, where no line shows it.
func (p *waiting) say(o *client.Order) {
	if p.line.file == nil && p.told[o.ID] != o.Why {
		p.told[o.ID] = o.Why
		fmt.Fprintf(p.app.stderr, "offing: %s waits: %s\n", report.Clean(o.Box), report.Clean(o.Why))
	}
}

// sayOrder tells what came of an order: what was done on the standard output, what
// was not on the standard error.
func (a *app) sayOrder(o *client.Order, e ending, names map[state.Hash]string) {
	box := report.Clean(o.Box)
	if !o.HasEnded() {
		if e.noWait {
			fmt.Fprintf(a.stdout, "%s on %s is under way: offing log %.12s\n", verbOf(o.Do).now, box, o.ID)
		}
		return
	}
	result := resultOf(o)
	if result.Added != nil {
		a.sayAdded(o)
	} else if n := result.Done; n > 0 && !e.quiet {
		fmt.Fprintf(a.stdout, "%s %s on %s\n", verbOf(o.Do).past, torrents(n), box)
	} else if o.State == client.Done && !o.Do.AboutTorrents() && !e.quiet {
		fmt.Fprintf(a.stdout, "%s on %s\n", verbOf(o.Do).past, box)
	}
	for _, f := range result.Faults {
		fmt.Fprintf(a.stderr, "offing: %s (%.12s): %s\n", report.Clean(names[f.Torrent]), f.Torrent, report.Clean(f.Fault.Text))
	}
	if more := result.Failed - len(result.Faults); more > 0 {
		fmt.Fprintf(a.stderr, "offing: it could not be done with %s more\n", torrents(more))
	}
	if text := whyNot(o); text != "" {
		fmt.Fprintf(a.stderr, "offing: %s on %s: %s\n", verbOf(o.Do).now, box, text)
	}
}

// resultOf is the result of an order; an empty one until it has ended.
func resultOf(o *client.Order) command.Result {
	if o.Result == nil {
		return command.Result{}
	}
	return *o.Result
}

// whyNot is why nothing at all was done, or empty.
func whyNot(o *client.Order) string {
	switch r := resultOf(o); {
	case r.Fault != nil:
		return report.Clean(r.Fault.Text)
	case o.State == client.Expired:
		return "it expired before the box could be reached"
	case o.State == client.Cancelled:
		return "it was cancelled"
	}
	return ""
}

// sayLeft says of orders that are waited for no longer where they are.
func (a *app) sayLeft(w way, orders []client.Order) {
	for i := range orders {
		o := &orders[i]
		switch {
		case o.HasEnded():
		case w.direct != "":
			fmt.Fprintf(a.stderr, "offing: %s on %s: the box may have begun it, and goes on then\n", verbOf(o.Do).now, report.Clean(o.Box))
		default:
			fmt.Fprintf(a.stderr, "offing: %s on %s goes on without this: `offing log %.12s` tells what comes of it, `offing log --cancel %.12s` gives it up\n",
				verbOf(o.Do).now, report.Clean(o.Box), o.ID, o.ID)
		}
	}
}

// exitOfOrders is the exit status of what came of the orders, as an error. Of
// several the worst counts.
func exitOfOrders(orders []client.Order, noWait bool) error {
	worst := 0
	for i := range orders {
		o := &orders[i]
		switch {
		case o.State == client.Expired:
			worst = max(worst, report.ExitUnreachable)
		case o.HasEnded() && o.State != client.Done, resultOf(o).Failed > 0, !o.HasEnded() && !noWait:
			worst = max(worst, exitFailed)
		}
	}
	if worst == 0 {
		return nil
	}
	return &exitError{status: worst}
}

// sortedKeys are the keys of a map of words, in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
