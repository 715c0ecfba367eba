package main

import (
	"context"
	"time"

	"offing/scripts/offing-bench/fanout"
)

// The household of the section: with 10,000 connections it is 2,000 persons and
// 10,000 torrents.
const (
	pagesEach    = 5 // connections of a person
	torrentsEach = 5
	changesRate  = 200 // torrents a second
	changesFor   = 12 * time.Second
	changeEvery  = 100 * time.Millisecond
)

// fanoutUsers measures ours with many persons, each with a list of their own.
func (b *bench) fanoutUsers(ctx context.Context) error {
	persons := max(1, min(2*b.connections, room())/pagesEach)
	n, theirs := persons*pagesEach, persons*torrentsEach
	change := fanout.Command{
		Op: "change", Interval: changeEvery, Ticks: int(changesFor / changeEvery), Stamp: true,
		Rows: int(changesRate * changeEvery / time.Second),
	}
	b.writef("%d connections (a process may have %d files open here) of %d persons, %d each, on one box of %d torrents, of which\neach person owns %d; %d torrents change a second, some every %v, for %v. Each connection is subscribed to the\nperson's list and to its totals. All is the controller's own: store, tickets, ownership, quotas, views, hub and server.\nBut the box is made up: its state is changed where it is, so what a line, its decoding and Tor cost is not in it. A page\nwould also subscribe to the lines and the notices; the lines bring it one frame in two seconds at most while all is well.\nFrom the change is from just before the update of the box's state, in the server, to the reading of the row in the\nclient, which runs on the same processors. Memory is as in the section on it; with the connections comes what the\nviews and the topics of the persons hold.\n\n", n, room()+reserved, persons, pagesEach, theirs, torrentsEach, changesRate, changeEvery, changesFor)
	crowd := fanout.Crowd{Count: n, Sessions: persons, Topics: []string{"torrents", "totals"}, Stamp: rowStamp}
	return b.withCrowd(ctx, fanout.People(persons, theirs), crowd, func(r *fanout.Run, o fanout.Opening) error {
		tell("changes for %v", changesFor)
		due := change.Rows * change.Ticks * pagesEach
		res, err := r.Measure(change, due)
		if err != nil {
			return err
		}
		b.writef("| | |\n|---|---:|\n")
		for _, row := range []struct {
			what   string
			figure float64
		}{
			{"resident before the connections, MiB", mib(float64(o.Before.Resident))},
			{"resident with them, MiB", mib(float64(o.After.Resident))},
			{"of that, KiB for each connection", float64(o.After.Resident-o.Before.Resident) / 1024 / float64(n)},
			{"processor, % of one", 100 * res.CPU.Seconds() / res.Took.Seconds()},
			{"messages a second", float64(res.Frames) / res.Took.Seconds()},
			{"encodings for one message", float64(res.Encoded) / float64(max(res.Frames, 1))},
			{"CPU a message, µs", micros(res.CPU) / float64(max(res.Frames, 1))},
			{"from the change to the client, median, ms", millis(res.Median)},
			{"99%, ms", millis(res.P99)},
			{"worst, ms", millis(res.Worst)},
			{"changes that came, %", share(res.Stamps, due)},
		} {
			b.writef("| %s | %.2f |\n", row.what, row.figure)
		}
		return nil
	})
}
