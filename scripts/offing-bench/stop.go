package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"offing/scripts/browser"
	"offing/scripts/rig"
)

// mostTrips is the goal for the way of a command, in round trips of the line.
const mostTrips = 1.2

// stop times `offing stop` and `offing start` until the daemon has done it, and until
// the page shows it.
func (b *bench) stop(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "offing-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := rig.Start(ctx, rig.Options{Bin: b.bin, State: dir, Latency: hop})
	if err != nil {
		return err
	}
	defer s.Close()
	p, err := browser.Open(ctx, 1440, 900)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.SignIn(ctx, s.URL, s.User, s.Password); err != nil {
		return err
	}
	t, err := s.Find(ctx, rig.SeedingName)
	if err != nil {
		return err
	}
	if err := p.Until(ctx, browser.Bar(t.Hash)+" !== null"); err != nil {
		return err
	}
	if _, err := p.Text(ctx, fmt.Sprintf(record, t.Hash)); err != nil {
		return err
	}
	var ways commandTimes
	for i := range b.changes {
		if err := b.command(ctx, s, p, t, i, &ways); err != nil {
			return err
		}
	}
	box, err := s.Box(ctx)
	if err != nil {
		return err
	}
	b.report(&ways, time.Duration(box.Line.RTTMS)*time.Millisecond)
	return nil
}

// commandTimes are the times of each command.
type commandTimes struct{ direct, daemon, page, answer []time.Duration }

// command lets the daemon do one thing twice: asked directly, which tells its own
// time, and by the command line.
func (b *bench) command(ctx context.Context, s *rig.System, p *browser.Page, t *rig.Torrent, i int, w *commandTimes) error {
	do, want, undo := "stop", "stopped", t.Start
	if i%2 == 1 {
		do, want, undo = "start", "seeding", t.Stop
	}
	time.Sleep(rand.N(pollInterval)) // at a random moment between two polls
	change := map[string]func(context.Context) error{"stop": t.Stop, "start": t.Start}[do]
	began := time.Now()
	if err := change(ctx); err != nil {
		return err
	}
	if err := t.Until(ctx, want); err != nil {
		return err
	}
	w.direct = append(w.direct, time.Since(began))
	if err := errors.Join(undo(ctx), b.shown(ctx, p, map[string]string{"stopped": "seeding", "seeding": "stopped"}[want])); err != nil {
		return err
	}
	if _, err := p.Text(ctx, `(window.changes = [], "")`); err != nil {
		return err
	}
	time.Sleep(rand.N(pollInterval))
	began = time.Now()
	cmd := exec.CommandContext(ctx, filepath.Join(b.bin, "offing"), do, t.Hash, "--config", s.Config)
	done := make(chan error, 1)
	go func() { done <- cmd.Run() }()
	if err := t.Until(ctx, want); err != nil {
		return err
	}
	w.daemon = append(w.daemon, time.Since(began))
	if err := <-done; err != nil {
		return fmt.Errorf("offing %s: %w", do, err)
	}
	w.answer = append(w.answer, time.Since(began))
	if err := b.shown(ctx, p, want); err != nil {
		return err
	}
	at, err := p.Text(ctx, fmt.Sprintf(`window.changes.find(c => c.startsWith("%s ")).split(" ")[1]`, want))
	if err != nil {
		return err
	}
	at64, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return err
	}
	w.page = append(w.page, time.UnixMilli(at64).Sub(began))
	_, err = p.Text(ctx, `(window.changes = [], "")`)
	return err
}

// shown waits until the page has shown a status.
func (b *bench) shown(ctx context.Context, p *browser.Page, status string) error {
	return p.Until(ctx, fmt.Sprintf(`window.changes.some(c => c.startsWith("%s "))`, status))
}

func (b *bench) report(w *commandTimes, rtt time.Duration) {
	own := quantile(sorted(w.direct), 0.5)
	b.writef("`offing stop HASH` and `offing start HASH` in turn, %d times at random moments; the time runs from the start of that\nprocess until the daemon tells the new status, until the command ends, and until the row's status has changed in\nChromium's document. Each relay adds %v each way; the line's round trip is %d ms. The daemon's own time is that of a\ncall made directly.\n\n| until | median, ms | 99th percentile, ms |\n|---|---:|---:|\n", len(w.daemon), hop, rtt.Milliseconds())
	for _, row := range []struct {
		what string
		took []time.Duration
	}{{"the daemon has done it, asked directly", w.direct}, {"the daemon has done it", w.daemon}, {"the command ends", w.answer}, {"the page shows it", w.page}} {
		d := sorted(row.took)
		b.writef("| %s | %d | %d |\n", row.what, quantile(d, 0.5).Milliseconds(), quantile(d, 0.99).Milliseconds())
	}
	trips := func(took []time.Duration) float64 {
		return float64(quantile(sorted(took), 0.5)-own) / float64(rtt)
	}
	b.writef("\n%s%s", goal("round trips until the daemon has done it, beyond its own time", trips(w.daemon), mostTrips),
		goal("round trips until the page shows it, beyond the daemon's own time", trips(w.page), mostTrips))
}
