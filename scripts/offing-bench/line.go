package main

import (
	"context"
	"fmt"
	"time"

	"offing/agent/simulator"
	"offing/scripts/rig"
	"offing/tunnel/mirror"
)

// hop is what each relay adds each way so that a round trip to the onion
// service, with seven connections into relays on the way, takes about 300 ms.
const hop = 21 * time.Millisecond

// withLine runs f with a simulated daemon, the real agent and a home in this
// process, over the private Tor network.
func (b *bench) withLine(ctx context.Context, latency time.Duration, f func(context.Context, *simBox, *rig.System, *secondHome) error) error {
	box, err := newSimBox()
	if err != nil {
		return err
	}
	defer box.close()
	box.be(simulator.Config{Torrents: 10_000, Active: 200})
	return b.withSystem(ctx, rig.Options{Transmission: box.addr, Latency: latency}, func(ctx context.Context, s *rig.System) error {
		home, err := newSecondHome(ctx, s)
		if err != nil {
			return err
		}
		defer home.close()
		return f(ctx, box, s, home)
	})
}

// line measures how old what home has is, and how long a snapshot takes.
func (b *bench) line(ctx context.Context) error {
	b.writef("The real agent beside a simulated daemon of 10,000 torrents, 200 of them moving, and a home in the tool's own\nprocess, so that one clock sees both ends. The delay is added by a proxy before each relay.\n\n")
	var fresh, cold string
	for _, latency := range []time.Duration{0, hop} {
		tell("line with %v added by each relay, each way", latency)
		err := b.withLine(ctx, latency, func(ctx context.Context, box *simBox, _ *rig.System, home *secondHome) error {
			c, err := home.coldTimes(ctx)
			if err != nil {
				return err
			}
			ways, err := b.changesOverLine(ctx, box, home)
			if err != nil {
				return err
			}
			rtt := home.client.RTT()
			fresh += ways.rows(latency, rtt)
			cold += fmt.Sprintf("| %v | %d | %d | %.1f | %.2f | %.2f | %d |\n", latency, rtt.Milliseconds(), c.torrents,
				home.dialed.Seconds(), c.first.Seconds(), c.all.Seconds(), c.bytes)
			return nil
		})
		if err != nil {
			return err
		}
	}
	b.writef("### From a change at the daemon to home\n\n%d torrents are stopped by RPC at random moments; the time runs until home's state has the new status.\nWaiting for the poll ends when the daemon has answered the first question after the change; the agent asks every\n%v. The round trip is what the line's keepalive measured.\n\n| added by each relay, each way | round trip, ms | | median, ms | 99th percentile, ms | worst, ms |\n|---|---:|---|---:|---:|---:|\n%s", b.changes, pollInterval, fresh)
	b.writef("\n### Cold snapshot\n\nThe line is up; home opens a channel and has nothing.\n\n| added by each relay, each way | round trip, ms | torrents | dial, s | first rows, s | all rows, s | bytes |\n|---|---:|---:|---:|---:|---:|---:|\n%s", cold)
	return nil
}

// coldTimes is one snapshot over the line.
type coldTimes struct {
	torrents   int
	first, all time.Duration
	bytes      uint64
}

func (h *secondHome) coldTimes(ctx context.Context) (t coldTimes, err error) {
	c, err := h.follow(ctx, mirror.Idle)
	if err != nil {
		return t, err
	}
	defer c.close()
	at, err := c.until(ctx, func() bool { return c.state.Totals().Torrents > 0 })
	if err != nil {
		return t, err
	}
	t.first = at.Sub(c.began)
	if at, err = c.whole(ctx); err != nil {
		return t, err
	}
	t.all, t.bytes, t.torrents = at.Sub(c.began), c.follower.Stats().BytesIn, c.state.Totals().Torrents
	return t, nil
}
