package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"offing/controller"
	"offing/tunnel"
	"offing/tunnel/link"
	"offing/tunnel/report"
	"offing/tunnel/state"
	"offing/tunnel/tor"
)

// settling is how long after a pairing Tor's directories may still hold what the
// box published before it.
const settling = 5 * time.Minute

// direct asks one box over a line of its own, built at the first question and
// again when it broke.
type direct struct {
	box     string
	pairing tunnel.Pairing
	dialer  tunnel.Dialer
	young   bool                                 // the pairing is so new that Tor may not know of it everywhere
	timeout time.Duration                        // of building the line
	tell    func(string)                         // what is going on, for a person
	pause   func(context.Context, time.Duration) // between two tries
	log     *slog.Logger

	line  *link.Client
	since time.Time // of line
}

func (a *app) statusDirect(ctx context.Context, cfg *controller.Config, f statusFlags) error {
	return a.directly(ctx, cfg, f.direct, f.timeout, func(ctx context.Context, d *direct, progress *progress) error {
		return a.report(ctx, f, func(ctx context.Context) ([]report.Box, error) {
			defer progress.end() // before anything is written
			box, err := d.ask(ctx)
			return []report.Box{box}, err
		})
	})
}

// directly runs use with what asks the box, over a Tor that is started for it. The
// line is built at the first question, within the timeout.
func (a *app) directly(ctx context.Context, cfg *controller.Config, box string, timeout time.Duration, use func(context.Context, *direct, *progress) error) error {
	boxes := pairings{cfg.BoxesDir()}
	pairing, err := boxes.read(box)
	if err != nil {
		return err
	}
	young := boxes.age(box) < settling
	log := slog.New(slog.DiscardHandler)
	if cfg.LogLevel <= slog.LevelDebug {
		log = a.logger(cfg.LogLevel)
	}
	progress := newProgress(a.stderr)
	defer progress.end()
	return withTor(ctx, cfg, log, progress.show, func(ctx context.Context, t *tor.Tor) error {
		d := &direct{
			box: box, pairing: pairing, dialer: t, young: young,
			timeout: timeout, tell: progress.show, pause: wait, log: log,
		}
		defer d.close()
		return use(ctx, d, progress)
	})
}

// ask returns the box's status. A box that cannot be reached has a line that is
// down; the error is of another kind, such as an interruption.
func (d *direct) ask(ctx context.Context) (report.Box, error) { return d.askFor(ctx, "status --json") }

// askFor is ask for a list as well, whose form is the same.
func (d *direct) askFor(ctx context.Context, words string) (report.Box, error) {
	if d.line == nil {
		if reason, err := d.connect(ctx); err != nil || reason.Code != "" {
			return d.down(reason), err
		}
	}
	out, exit, err := d.line.Exec(ctx, words)
	if ctx.Err() != nil {
		return report.Box{}, ctx.Err()
	}
	if err != nil {
		d.close()
		return d.down(tunnel.Explain(err)), nil
	}
	var box report.Box
	if err := json.Unmarshal(out, &box); err != nil {
		return box, fmt.Errorf("the box's answer (exit status %d) cannot be read, update Offing on both machines: %w", exit, err)
	}
	box.Box = d.box
	box.Line = &report.Line{State: string(tunnel.Up), Since: d.since, RTTMS: d.line.RTT().Milliseconds()}
	return box, nil
}

// down is the report of a box of which nothing is known but why.
func (d *direct) down(reason tunnel.Reason) report.Box {
	return report.Box{
		Box:      d.box,
		Line:     &report.Line{State: string(tunnel.Down), Since: time.Now(), Code: reason.Code, Reason: reason.Text},
		Daemon:   report.Daemon{State: state.DaemonUnknown.String()},
		AgeMS:    -1,
		Trouble:  []string{reason.Text},
		Torrents: []report.Torrent{},
	}
}

func (d *direct) close() {
	if d.line != nil {
		d.line.Close()
		d.line = nil
	}
}

// connect builds the line. It tries again what may pass, such as a box that has
// just started and is not yet known to Tor, until the timeout. The Reason is of
// the last try; the error is ctx's.
func (d *direct) connect(ctx context.Context) (tunnel.Reason, error) {
	tries, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	var backoff link.Backoff
	last := tor.ErrNotReady
	for {
		err := d.dial(tries)
		if err == nil {
			return tunnel.Reason{}, nil
		}
		if ctx.Err() != nil {
			return tunnel.Reason{}, context.Cause(ctx)
		}
		if tries.Err() == nil {
			last = err
		}
		if tries.Err() != nil || d.hopeless(err) {
			return d.explain(last), nil
		}
		d.tell(tunnel.Explain(err).Text)
		d.pause(tries, backoff.Next())
	}
}

// explain returns the Reason of an error and, when it is Tor's not being ready,
// how far Tor came.
func (d *direct) explain(err error) tunnel.Reason {
	reason := tunnel.Explain(err)
	if t, ok := d.dialer.(interface{ Status() tor.Status }); ok && reason.Code == tunnel.CodeTorNotReady {
		s := t.Status()
		reason.Text += fmt.Sprintf(" It came to %d %%: %s.", s.Percent, s.Summary)
	}
	return reason
}

// dial waits for Tor and makes one try.
func (d *direct) dial(ctx context.Context) error {
	if t, ok := d.dialer.(interface{ WaitReady(context.Context) error }); ok {
		if err := t.WaitReady(ctx); err != nil {
			return fmt.Errorf("%w: %w", tor.ErrNotReady, err)
		}
	}
	d.tell("connecting to " + d.box)
	line, err := tunnel.Dial(ctx, d.dialer, d.pairing, d.log)
	if err != nil {
		return err
	}
	d.line, d.since = line, time.Now()
	return nil
}

// hopeless tells whether trying again cannot help: somebody has to change
// something first.
func (d *direct) hopeless(err error) bool {
	is := func(final error) bool { return errors.Is(err, final) }
	return slices.ContainsFunc([]error{link.ErrHostKeyChanged, link.ErrKeyRefused, link.ErrIncompatible, tor.ErrBadAddress}, is) ||
		!d.young && slices.ContainsFunc([]error{tor.ErrClientAuthMissing, tor.ErrClientAuthWrong}, is)
}

// wait waits for d, or for the end of ctx.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
