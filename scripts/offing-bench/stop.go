package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"offing/scripts/browser"
	"offing/scripts/rig"
)

// mostTrips is the goal for the way of a command, in round trips of the line.
const mostTrips = 1.2

// stop times `offing stop` and `offing start` until the daemon has done it, and until
// the page shows it.
func (b *bench) stop(ctx context.Context) error {
	var c commander
	var rtt time.Duration
	err := b.withPage(ctx, rig.Options{Latency: hop}, func(ctx context.Context, s *rig.System, p *browser.Page) (err error) {
		c.offing, c.config = filepath.Join(b.bin, "offing"), s.Config
		if c.torrent, c.row, err = watchSeeding(ctx, s, p); err != nil {
			return err
		}
		for i := range 2 * b.changes {
			if err := c.change(ctx, i); err != nil {
				return err
			}
		}
		box, err := s.Box(ctx)
		if err != nil {
			return err
		}
		rtt = time.Duration(box.Line.RTTMS) * time.Millisecond
		return nil
	})
	if err != nil {
		return err
	}
	b.writef("`offing stop HASH` and `offing start HASH`, %d times at random moments; the time runs from the start of that\nprocess until the daemon tells the new status, until the command ends, and until the row's status has changed in\nChromium's document. In between the daemon was asked directly as often: that is its own time. Each relay adds %v each\nway; the line's round trip is %d ms.\n\n| until | median, ms | 99th percentile, ms |\n|---|---:|---:|\n", len(c.daemon), hop, rtt.Milliseconds())
	for _, row := range []struct {
		what string
		took []time.Duration
	}{
		{"the daemon has done it, asked directly", c.direct},
		{"the daemon has done it", c.daemon},
		{"the command ends", c.answer},
		{"the page shows it", c.page},
	} {
		d := sorted(row.took)
		b.writef("| %s | %.0f | %.0f |\n", row.what, millis(quantile(d, 0.5)), millis(quantile(d, 0.99)))
	}
	own := quantile(sorted(c.direct), 0.5)
	trips := func(took []time.Duration) float64 {
		return (quantile(sorted(took), 0.5) - own).Seconds() / rtt.Seconds()
	}
	b.writef("\n%s%s",
		goal("round trips until the daemon has done it, beyond its own time", trips(c.daemon), mostTrips),
		goal("round trips until the page shows it, beyond the daemon's own time", trips(c.page), mostTrips))
	return nil
}

// commander changes a torrent, and keeps how long that c.
type commander struct {
	offing, config string // the program and its configuration
	torrent        *rig.Torrent
	row            watchedRow

	direct               []time.Duration // until the daemon had done what it was asked directly
	daemon, answer, page []time.Duration // of what the command line was asked
}

// change stops and starts the torrent in turn. Who does it changes too, so that each
// of the two both stops and starts: the daemon is asked directly, twice the command
// line, the daemon again, and so on.
func (c *commander) change(ctx context.Context, i int) error {
	do, want, direct := "stop", "stopped", c.torrent.Stop
	if i%2 == 1 {
		do, want, direct = "start", "seeding", c.torrent.Start
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("the torrent does not "+do))
	defer cancel()
	untilAnyMoment()
	if i%4 == 0 || i%4 == 3 {
		return c.ask(ctx, direct, want)
	}
	return c.command(ctx, do, want)
}

// ask asks the daemon directly.
func (c *commander) ask(ctx context.Context, direct func(context.Context) error, want string) error {
	began := time.Now()
	if err := direct(ctx); err != nil {
		return err
	}
	if err := c.torrent.Until(ctx, want); err != nil {
		return err
	}
	c.direct = append(c.direct, time.Since(began))
	_, err := c.row.shows(ctx, want)
	return err
}

// command runs the command line.
func (c *commander) command(ctx context.Context, do, want string) error {
	began := time.Now()
	cmd := exec.CommandContext(ctx, c.offing, do, c.torrent.Hash, "--config", c.config)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	err := c.torrent.Until(ctx, want)
	c.daemon = append(c.daemon, time.Since(began))
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return fmt.Errorf("offing %s: %w", do, err)
	}
	c.answer = append(c.answer, time.Since(began))
	at, err := c.row.shows(ctx, want)
	c.page = append(c.page, at.Sub(began))
	return err
}
