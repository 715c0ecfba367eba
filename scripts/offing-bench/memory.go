package main

import (
	"context"
	"fmt"
	"time"

	"offing/scripts/browser"
	"offing/scripts/rig"
)

// spentFor is how long processor time is counted.
const spentFor = 15 * time.Second

// memory reads the resident memory of every process with a page open, and what
// the agent and the real daemon spend meanwhile.
func (b *bench) memory(ctx context.Context) error {
	b.writef("Resident memory in MiB while a page shows the list and two torrents download.\n\n| torrents | agent | controller | tor of the box | tor at home | transmission |\n|---|---|---|---|---|---|\n")
	var spent string
	for _, idle := range []int{3, 10_000} {
		tell("memory with %d idle torrents", idle)
		err := b.withPage(ctx, rig.Options{Torrents: idle}, func(ctx context.Context, s *rig.System, p *browser.Page) error {
			box, err := s.Box(ctx)
			if err != nil {
				return err
			}
			// One may have come since, so it can also be more.
			all := fmt.Sprintf(`Number(document.querySelector('[data-filter="all"] [data-count]')?.dataset.count) >= %d`, box.Totals.Torrents)
			if err := p.Until(ctx, all); err != nil {
				return err
			}
			pids := s.PIDs()
			b.writef("| %d | %.1f | %.1f | %.1f | %.1f | %.1f |\n", box.Totals.Torrents,
				rss(pids.Agent), rss(pids.Controller), rss(pids.TorBox), rss(pids.TorHome), rss(pids.Transmission))
			agent, daemon := cpuOf(pids.Agent), cpuOf(pids.Transmission)
			time.Sleep(spentFor)
			spent += fmt.Sprintf("| %d | %.1f | %.1f |\n", box.Totals.Torrents, percent(cpuOf(pids.Agent)-agent), percent(cpuOf(pids.Transmission)-daemon))
			return nil
		})
		if err != nil {
			return err
		}
	}
	b.writef("\nProcessor time meanwhile, in per cent of one processor over %v; that of transmission includes the downloads and a\ncheck of files.\n\n| torrents | agent | transmission |\n|---|---|---|\n%s", spentFor, spent)
	return nil
}

// percent is a part of spentFor.
func percent(spent time.Duration) float64 { return 100 * spent.Seconds() / spentFor.Seconds() }
