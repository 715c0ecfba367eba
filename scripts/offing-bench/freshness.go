package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"offing/scripts/browser"
	"offing/scripts/rig"
)

// pollInterval is the agent's while a page is open and something moves.
const pollInterval = 500 * time.Millisecond

// record makes the page note when the row of a torrent changes its status.
const record = `(() => {
	const row = document.querySelector('[data-hash="%s"]');
	window.changes = [];
	new MutationObserver(() => window.changes.push(row.dataset.status + " " + Date.now()))
		.observe(row, {attributes: true, attributeFilter: ["data-status"]});
	return "";
})()`

// freshness times a change in Transmission until the page's document shows it.
func (b *bench) freshness(ctx context.Context) error {
	var took []time.Duration
	err := b.withSystem(ctx, 0, func(ctx context.Context, s *rig.System, p *browser.Page) (err error) {
		took, err = b.toggle(ctx, s, p)
		return err
	})
	if err != nil {
		return err
	}
	d := sorted(took)
	b.writef("A torrent is stopped and started by RPC; the time runs from sending that call until the row's status has\nchanged in Chromium's document. While a page is open and something moves, the agent asks Transmission\nevery %v, so on average half of that is waiting for the next poll. %d changes at random moments.\n\n| | ms |\n|---|---|\n| fastest | %d |\n| median | %d |\n| 99th percentile | %d |\n",
		pollInterval, len(d), d[0].Milliseconds(), quantile(d, 0.5).Milliseconds(), quantile(d, 0.99).Milliseconds())
	return nil
}

func (b *bench) toggle(ctx context.Context, s *rig.System, p *browser.Page) ([]time.Duration, error) {
	t, err := s.Find(ctx, rig.SeedingName)
	if err != nil {
		return nil, err
	}
	if err := p.Until(ctx, browser.Bar(t.Hash)+" !== null"); err != nil {
		return nil, err
	}
	if _, err := p.Text(ctx, fmt.Sprintf(record, t.Hash)); err != nil {
		return nil, err
	}
	var took []time.Duration
	for i := range b.changes {
		change, want := t.Stop, "stopped"
		if i%2 == 1 {
			change, want = t.Start, "seeding"
		}
		// At a random moment between two polls, or each change would come just
		// after the poll that showed the one before.
		time.Sleep(rand.N(pollInterval))
		sent := time.Now()
		if err := change(ctx); err != nil {
			return nil, err
		}
		seen := fmt.Sprintf(`window.changes.find(c => c.startsWith("%s "))`, want)
		if err := p.Until(ctx, seen); err != nil {
			return nil, err
		}
		at, err := p.Text(ctx, seen+`.split(" ")[1]`)
		if err != nil {
			return nil, err
		}
		ms, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			return nil, err
		}
		took = append(took, time.UnixMilli(ms).Sub(sent))
		if _, err := p.Text(ctx, `(window.changes = [], "")`); err != nil {
			return nil, err
		}
	}
	return took, nil
}
