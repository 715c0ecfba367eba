package main

import (
	"context"
	"fmt"

	"offing/scripts/browser"
	"offing/scripts/rig"
)

// memory reads the resident memory of every process with a page open.
func (b *bench) memory(ctx context.Context) error {
	b.writef("\n## Memory\n\nResident memory in MiB while a page shows the list and two torrents download.\n\n| torrents | agent | controller | tor of the box | tor at home | transmission |\n|---|---|---|---|---|---|\n")
	for _, idle := range []int{3, 10_000} {
		tell("memory with %d idle torrents", idle)
		err := b.withSystem(ctx, idle, func(ctx context.Context, s *rig.System, p *browser.Page) error {
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
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
