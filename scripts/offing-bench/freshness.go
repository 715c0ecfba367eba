package main

import (
	"context"
	"math/rand/v2"
	"time"

	"offing/scripts/browser"
	"offing/scripts/rig"
)

// pollInterval is the agent's while a page is open and something moves.
const pollInterval = 500 * time.Millisecond

// freshness times a change in Transmission until the page's document shows it.
func (b *bench) freshness(ctx context.Context) error {
	var took []time.Duration
	err := b.withPage(ctx, rig.Options{}, func(ctx context.Context, s *rig.System, p *browser.Page) error {
		t, row, err := watchSeeding(ctx, s, p)
		if err != nil {
			return err
		}
		for i := range b.changes {
			change, want := t.Stop, "stopped"
			if i%2 == 1 {
				change, want = t.Start, "seeding"
			}
			untilAnyMoment()
			sent := time.Now()
			if err := change(ctx); err != nil {
				return err
			}
			at, err := row.shows(ctx, want)
			if err != nil {
				return err
			}
			took = append(took, at.Sub(sent))
		}
		return nil
	})
	if err != nil {
		return err
	}
	d := sorted(took)
	b.writef("A torrent is stopped and started by RPC; the time runs from sending that call until the row's status has\nchanged in Chromium's document. While a page is open and something moves, the agent asks Transmission\nevery %v, so on average half of that is waiting for the next poll. %d changes at random moments.\n\n| | ms |\n|---|---|\n| fastest | %d |\n| median | %d |\n| 99th percentile | %d |\n",
		pollInterval, len(d), d[0].Milliseconds(), quantile(d, 0.5).Milliseconds(), quantile(d, 0.99).Milliseconds())
	return nil
}

// untilAnyMoment waits for a random one between two polls, or each change would come
// just after the poll that showed the one before.
func untilAnyMoment() { time.Sleep(rand.N(pollInterval)) }
