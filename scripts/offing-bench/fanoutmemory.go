package main

import (
	"context"

	"offing/scripts/offing-bench/fanout"
)

// mostIdle is the goal for the memory of an idle connection: ours ÷ centrifuge's.
const mostIdle = 0.30

// fanoutMemory reads what an idle connection costs each server.
func (b *bench) fanoutMemory(ctx context.Context) error {
	const few, many = 1, 8
	b.writef("%d connections that are open and subscribed while nothing is sent: the growth of the server's resident memory, for each\nof them, from just before the first connects, both times after garbage was collected and given back. What the kernel\nholds for the sockets beside their buffers, and the client's memory, are not in it. Ours has checked a ticket for\neach connection and made its next one, both in the real store: what that remembers is in it. Its topics are boards that\nall see alike, as those of the others are. Goroutines are those for each connection.\n\n| | KiB, %d topic | KiB, %d topics | goroutines | kernel's buffers, KiB |\n|---|---:|---:|---:|---:|\n", b.connections, few, many)
	idle := make(map[string]float64) // KiB with many topics
	var tickets float64              // KiB each, of ours
	for _, p := range []fanout.Peer{fanout.Naive, fanout.Coder, fanout.GWS, fanout.Central, fanout.Ours} {
		var of [2]float64
		var goroutines, kernel float64
		for i, topics := range []int{few, many} {
			tell("memory of %s with %d topics", p.Name, topics)
			buffers := fanout.KernelMemory()
			crowd := fanout.Crowd{Count: b.connections, Topics: fanout.Topics(topics), Stamp: sharedStamp}
			err := b.withCrowd(ctx, p, crowd, func(_ *fanout.Run, o fanout.Opening) error {
				of[i] = b.perConnection(o.After.Resident - o.Before.Resident)
				goroutines = float64(o.After.Goroutines-o.Before.Goroutines) / float64(b.connections)
				tickets = b.perConnection(o.Before.Resident - o.Empty.Resident)
				kernel = b.perConnection(fanout.KernelMemory() - buffers)
				return nil
			})
			if err != nil {
				return err
			}
		}
		idle[p.Name] = of[1]
		b.writef("| %s | %.1f | %.1f | %.1f | %.1f |\n", p.Name, of[0], of[1], goroutines, kernel)
	}
	b.writef("\nThe first ticket of each connection, made before it came, took %.1f KiB more, with its share of a\nsession: that is not in the figures above, the next ticket is.\n\n%s", tickets, goal("memory with eight topics, ours ÷ centrifuge, tuned", idle[fanout.Ours.Name]/idle[fanout.Central.Name], mostIdle))
	return nil
}

// perConnection is so many bytes in KiB for each connection.
func (b *bench) perConnection(bytes int64) float64 {
	return float64(bytes) / 1024 / float64(b.connections)
}
