package main

import (
	"context"
	"time"

	"offing/scripts/offing-bench/fanout"
)

// The goals for the processor time of a message, ours ÷ theirs.
const (
	mostSingle       = 0.65 // of centrifuge's, one topic
	mostEightCentral = 0.40 // of centrifuge's with write delay, eight topics
	mostEightGWS     = 0.20 // of gws's, eight topics
)

// cpuTurns is how often each server is started anew and measured.
const cpuTurns = 3

// one and eight are what is sent: ours makes no two frames of a topic within 100 ms,
// and the slowest has to be through with a tick before the next.
var (
	one   = fanout.Command{Op: "publish", Topics: 1, Ticks: 12, Size: messageSize, Interval: 150 * time.Millisecond}
	eight = fanout.Command{Op: "publish", Topics: 8, Ticks: 6, Size: messageSize, Interval: 450 * time.Millisecond}
)

// sending is what each turn said of one server and one command.
type sending struct {
	each, middle, late []float64 // µs of CPU a message; ms until a message is there
	came, due          int
}

func (s *sending) add(r *fanout.Result, due int) {
	s.each = append(s.each, micros(r.Each()))
	s.middle = append(s.middle, millis(r.Median))
	s.late = append(s.late, millis(r.P99))
	s.came += r.Stamps
	s.due += due
}

// fanoutCPU reads what a message costs each server.
func (b *bench) fanoutCPU(ctx context.Context) error {
	b.writef("The server's processor time, in the kernel too, for a message of %d bytes to one of %d connections, each subscribed\nto eight topics: when one topic has news at a tick, and when all eight have. All servers take turns, %d each; the\nmedians. What each library puts around a message is extra. The topics of ours are boards that all see alike, as those\nof the others are; what the views of a box cost is in the section on many persons. Late is the time from the making of\na message in the server to its reading in the client, with the tick's other messages in the way; the write delay is\n50 ms.\n\n| | µs, one topic | late, median, ms | 99%% | µs, eight topics | late, median, ms | 99%% | delivered, %% |\n|---|---:|---:|---:|---:|---:|---:|---:|\n", messageSize, b.connections, cpuTurns)
	peers := fanout.Everybody()
	single, all := make(map[string]*sending), make(map[string]*sending)
	for _, p := range peers {
		single[p.Name], all[p.Name] = &sending{}, &sending{}
	}
	for turn := range cpuTurns {
		for _, p := range peers {
			tell("CPU of %s, turn %d of %d", p.Name, turn+1, cpuTurns)
			crowd := fanout.Crowd{Count: b.connections, Topics: fanout.Topics(eight.Topics), Stamp: sharedStamp}
			err := b.withCrowd(ctx, p, crowd, func(r *fanout.Run, _ fanout.Opening) error {
				if err := b.send(r, one, single[p.Name]); err != nil {
					return err
				}
				return b.send(r, eight, all[p.Name])
			})
			if err != nil {
				return err
			}
		}
	}
	for _, p := range peers {
		s, a := single[p.Name], all[p.Name]
		b.writef("| %s | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f |\n", p.Name, median(s.each), median(s.middle), median(s.late),
			median(a.each), median(a.middle), median(a.late), share(s.came+a.came, s.due+a.due))
	}
	of := func(m map[string]*sending, p fanout.Peer) float64 { return median(m[p.Name].each) }
	b.writef("\n%s%s%s",
		goal("CPU a message, one topic, ours ÷ centrifuge, tuned", of(single, fanout.Ours)/of(single, fanout.Central), mostSingle),
		goal("CPU a message, eight topics, ours ÷ centrifuge with write delay", of(all, fanout.Ours)/of(all, fanout.CentralDelaying), mostEightCentral),
		goal("CPU a message, eight topics, ours ÷ gws, tuned", of(all, fanout.Ours)/of(all, fanout.GWS), mostEightGWS))
	return nil
}

// send measures one command.
func (b *bench) send(r *fanout.Run, c fanout.Command, s *sending) error {
	due := b.connections * c.Topics * c.Ticks
	res, err := r.Measure(c, due)
	if err == nil {
		s.add(&res, due)
	}
	return err
}
