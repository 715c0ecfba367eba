package main

import (
	"context"
	"time"

	"offing/scripts/offing-bench/fanout"
)

// The goals with stalled readers.
const (
	mostDelay  = 1.2  // late of the healthy, with stalled ones ÷ without
	mostKernel = 0.05 // kernel memory, ours ÷ naive
)

const (
	stalledTurns = 2  // of ours, with stalled readers and without
	crowdPart    = 5  // of the connections of other sections: a part of so many
	stalledPart  = 20 // of the readers: a part of so many
)

// flood is enough for the buffers of a socket that is not read: 4 MB each.
var flood = fanout.Command{Op: "publish", Topics: 8, Ticks: 96, Size: 5600, Interval: 140 * time.Millisecond}

// stall is a server with, or without, readers that do not read.
type stall struct {
	peer    fanout.Peer
	stalled int

	middle, late []float64 // ms until a message is with one of the others, of each turn
	kernel       []float64 // bytes
	closed       int
	came, due    int
}

// fanoutStalled looks at what readers that do not read do to the others, and to
// the kernel.
func (b *bench) fanoutStalled(ctx context.Context) error {
	readers := max(b.connections/crowdPart, stalledPart)
	n := readers / stalledPart
	b.writef("%d readers of eight topics, %d messages of %d bytes each every %v for %.0f s; the stalled never read after they have\nsubscribed. Late is that of the others, as above. The kernel's memory is that of all TCP buffers of the machine beyond\nwhat there was before: of each second the least, and of all seconds the most. Closed are connections whose end the\nclient has seen; to a stalled one it comes only as a reset. Ours had %d turns each way, in turn; the medians. The others had one.\n\n| | stalled | late, median, ms | 99%% | kernel's memory, MiB | closed | delivered to the others, %% |\n|---|---:|---:|---:|---:|---:|---:|\n",
		readers, flood.Topics, flood.Size, flood.Interval, (time.Duration(flood.Ticks) * flood.Interval).Seconds(), stalledTurns)
	naive := &stall{peer: fanout.Naive, stalled: n}
	without, with := &stall{peer: fanout.Ours}, &stall{peer: fanout.Ours, stalled: n}
	order := []*stall{naive, {peer: fanout.GWS, stalled: n}, {peer: fanout.Central, stalled: n}}
	rows := append(order, without, with)
	for range stalledTurns {
		order = append(order, without, with)
	}
	for _, s := range order {
		tell("%s with %d of %d stalled", s.peer.Name, s.stalled, readers)
		if err := b.stall(ctx, s, readers); err != nil {
			return err
		}
	}
	for _, s := range rows {
		b.writef("| %s | %d | %.1f | %.1f | %.1f | %d | %.1f |\n", s.peer.Name, s.stalled, median(s.middle), median(s.late),
			mib(median(s.kernel)), s.closed, share(s.came, s.due))
	}
	b.writef("\n%s%s",
		goal("late, 99%, ours with stalled readers ÷ without", median(with.late)/median(without.late), mostDelay),
		goal("kernel's memory with stalled readers, ours ÷ naive", median(with.kernel)/median(naive.kernel), mostKernel))
	return nil
}

func (b *bench) stall(ctx context.Context, s *stall, readers int) error {
	crowd := fanout.Crowd{Count: readers, Stalled: s.stalled, Topics: fanout.Topics(flood.Topics), Stamp: sharedStamp}
	return b.withCrowd(ctx, s.peer, crowd, func(r *fanout.Run, _ fanout.Opening) error {
		due := (readers - s.stalled) * flood.Topics * flood.Ticks
		res, err := r.Measure(flood, due)
		if err != nil {
			return err
		}
		s.middle, s.late = append(s.middle, millis(res.Median)), append(s.late, millis(res.P99))
		s.kernel = append(s.kernel, float64(res.Kernel))
		s.closed += res.Closed
		s.came, s.due = s.came+res.Stamps, s.due+due
		return nil
	})
}
