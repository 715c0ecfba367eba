package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"offing/scripts/rig"
)

// The goals of the endpoint: our median ÷ that of the daemon behind an onion service.
const (
	mostFull = 1. / 50
	mostPart = 1. / 100
)

const (
	endpointTorrents = 10_000
	partRows         = 200
	apps             = 20
	appsFor          = 10 * time.Second
)

// allObjects and allTable are what apps ask.
var (
	allObjects = torrentGet{Fields: listFields}
	allTable   = torrentGet{Fields: listFields, Format: "table"}
)

// endpoint asks our endpoint, and the real daemon through Tor, what apps ask.
func (b *bench) endpoint(ctx context.Context) error {
	tell("a box of %d torrents, %v added by each relay, each way", endpointTorrents, hop)
	return b.withSystem(ctx, rig.Options{Torrents: endpointTorrents, Latency: hop}, func(ctx context.Context, s *rig.System) error {
		tell("the daemon's RPC behind an onion service of its own")
		e, err := expose(ctx, s, s.RPC())
		if err != nil {
			return err
		}
		defer e.close()
		token, err := s.Token(ctx, rig.Person{User: s.User, Password: s.Password}, "bench")
		if err != nil {
			return err
		}
		box, err := s.Box(ctx)
		if err != nil {
			return err
		}
		ours := &caller{http: &http.Client{Transport: &http.Transport{DisableCompression: true}}, url: s.URL + "transmission/rpc", user: s.User, password: token}
		theirs := &caller{http: e.client, url: exposedURL}
		b.writef("What an app asks: `torrent-get` of %d list fields of %d torrents, of our endpoint and of the real daemon through an onion\nservice of its own, which is what somebody would do without Offing; in turn, on connections that stay open, after one\nquestion each that does not count. Each relay adds %v each way; the line's round trip is %d ms. Bytes are those that the\nanswer brings through Tor to who asks: ours comes from the mirror. Answers travel plain, or packed by whoever answers (\"gzip\").\n\n| | times | ours, median, ms | worst | daemon, median, ms | worst | ours ÷ daemon | bytes through Tor, daemon |\n|---|---:|---:|---:|---:|---:|---:|---:|\n",
			len(listFields), endpointTorrents, hop, box.Line.RTTMS)
		goals, err := b.compare(ctx, ours, theirs, e)
		if err != nil {
			return err
		}
		if err := b.manyApps(ctx, ours); err != nil {
			return err
		}
		b.writef("\n%s", goals)
		return nil
	})
}

// compare asks both in turn.
func (b *bench) compare(ctx context.Context, ours, theirs *caller, e *exposed) (goals string, err error) {
	own, err1 := ours.ids(ctx, partRows)
	other, err2 := theirs.ids(ctx, partRows)
	if err := errors.Join(err1, err2); err != nil {
		return "", err
	}
	for _, q := range []struct {
		what         string
		turns        int        // to each
		most         float64    // 0 for no goal
		ours, theirs torrentGet // the ids of a torrent differ
	}{
		{"all, objects", 8, mostFull, allObjects, allObjects},
		{"all, table", 12, mostFull, allTable, allTable},
		{"all, objects, gzip", 8, 0, packed(allObjects), packed(allObjects)},
		{"all, table, gzip", 12, 0, packed(allTable), packed(allTable)},
		{fmt.Sprintf("%d rows, objects", partRows), 30, mostPart,
			torrentGet{Fields: listFields, IDs: own}, torrentGet{Fields: listFields, IDs: other}},
	} {
		tell("%s", q.what)
		var us, them []time.Duration
		var bytes int64
		for i := range q.turns + 1 {
			a, err1 := ours.ask(ctx, q.ours, io.Discard)
			before := e.read.Load()
			z, err2 := theirs.ask(ctx, q.theirs, io.Discard)
			if err := errors.Join(err1, err2); err != nil {
				return "", err
			}
			if i > 0 {
				us, them = append(us, a), append(them, z)
				bytes = e.read.Load() - before
			}
		}
		u, t := sorted(us), sorted(them)
		ratio := quantile(u, 0.5).Seconds() / quantile(t, 0.5).Seconds()
		b.writef("| %s | %d | %.1f | %.1f | %.0f | %.0f | %.5f | %d |\n", q.what, q.turns, millis(quantile(u, 0.5)), millis(u[len(u)-1]),
			millis(quantile(t, 0.5)), millis(t[len(t)-1]), ratio, bytes)
		if q.most > 0 {
			goals += goal(q.what+", median, ours ÷ daemon", ratio, q.most)
		}
	}
	return goals, nil
}

func packed(g torrentGet) torrentGet {
	g.Gzip = true
	return g
}

// manyApps has apps ask as fast as they can.
func (b *bench) manyApps(ctx context.Context, c *caller) error {
	b.writef("\n%d apps that ask our endpoint for the list as fast as it answers, on this machine, for %v:\n\n| | answers a second | median, ms | 99%%, ms |\n|---|---:|---:|---:|\n", apps, appsFor)
	for _, q := range []struct {
		what string
		get  torrentGet
	}{
		{"all, objects", allObjects},
		{"all, table", allTable},
		{"recently active, objects", torrentGet{Fields: listFields, IDs: "recently-active"}},
	} {
		tell("%d apps: %s", apps, q.what)
		took, err := askAtOnce(ctx, c, q.get)
		if err != nil {
			return err
		}
		d := sorted(took)
		b.writef("| %s | %.0f | %.1f | %.1f |\n", q.what, float64(len(d))/appsFor.Seconds(), millis(quantile(d, 0.5)), millis(quantile(d, 0.99)))
	}
	return nil
}

// askAtOnce returns how long each answer took.
func askAtOnce(ctx context.Context, c *caller, g torrentGet) (took []time.Duration, err error) {
	until := time.Now().Add(appsFor)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range apps {
		wg.Go(func() {
			for time.Now().Before(until) {
				d, e := c.ask(ctx, g, io.Discard)
				mu.Lock()
				took, err = append(took, d), errors.Join(err, e)
				mu.Unlock()
				if e != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	if len(took) == 0 && err == nil {
		err = errors.New("no answer came")
	}
	return took, err
}
