package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"offing/scripts/browser"
	"offing/scripts/rig"
)

// withSystem runs f on a fresh system, and takes it down.
func (b *bench) withSystem(ctx context.Context, o rig.Options, f func(context.Context, *rig.System) error) error {
	state, err := os.MkdirTemp("", "offing-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(state)
	o.Bin, o.State = b.bin, state
	system, err := rig.Start(ctx, o)
	if err != nil {
		return err
	}
	defer system.Close()
	return f(ctx, system)
}

// withPage runs f on a fresh system with a page open, and takes it down.
func (b *bench) withPage(ctx context.Context, o rig.Options, f func(context.Context, *rig.System, *browser.Page) error) error {
	page, err := browser.Open(ctx, 1440, 900)
	if err != nil {
		return err
	}
	defer page.Close()
	return b.withSystem(ctx, o, func(ctx context.Context, s *rig.System) error {
		if err := page.SignIn(ctx, s.URL, s.User, s.Password); err != nil {
			return err
		}
		return f(ctx, s, page)
	})
}

// start times a warm start: everything built, nothing running.
func (b *bench) start(ctx context.Context) error {
	var took []time.Duration
	for i := range b.starts {
		tell("start %d of %d", i+1, b.starts)
		began := time.Now()
		err := b.withPage(ctx, rig.Options{}, func(ctx context.Context, s *rig.System, p *browser.Page) error {
			value := browser.Bar(s.Followed) + `?.getAttribute("aria-valuenow")`
			if err := p.Until(ctx, value+" !== undefined"); err != nil {
				return err
			}
			first, err := p.Text(ctx, value)
			if err != nil {
				return err
			}
			if err := p.Until(ctx, fmt.Sprintf("%s !== %q", value, first)); err != nil {
				return err
			}
			took = append(took, time.Since(began))
			return nil
		})
		if err != nil {
			return err
		}
	}
	s := sorted(took)
	b.writef("A warm `scripts/demo`: key generation, the Tor network's first consensus, the agent's onion service, the\ncontroller, sign-in in Chromium, until a progress bar has moved. %d starts.\n\n| | seconds |\n|---|---|\n| fastest | %.1f |\n| median | %.1f |\n| slowest | %.1f |\n",
		len(s), s[0].Seconds(), quantile(s, 0.5).Seconds(), s[len(s)-1].Seconds())
	return nil
}
