package lab

import (
	"testing"
	"testing/synctest"
	"time"

	"offing/agent/simulator"
	"offing/tunnel/mirror"
)

// The agent's polls.
const (
	idlePoll  = 45 * time.Second // on average; each is off by up to a third
	watchPoll = 500 * time.Millisecond
)

// Cover measures what a line costs while nobody looks and while somebody does,
// with the frames sent by the clock and without.
func Cover(t *testing.T, torrents, active int, idle, watched time.Duration) (p page) {
	p.writef("Bytes on the line, padding included, of one box with %d torrents of which about %d move: while nobody looks (the\nagent polls about every %v) and with a page open (every %v), without cover and with it. The first minute of each line,\nwith the snapshot, is not counted.\n", torrents, active, idlePoll, watchPoll)
	p.table("", "for", "kB down", "kB up", "kB an hour at that pace", "batches a minute, down")
	for _, watch := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := newBox(t, simulator.Config{Torrents: torrents, Active: active, Seed: 3})
			level, d, name := mirror.Idle, idle, "nobody looks"
			if watch {
				level, d, name = mirror.Watching, watched, "a page is open"
			}
			plain, cover := b.newHome(level), b.newHome(level)
			cover.source.Cover = true
			plain.connect(0, 0)
			cover.connect(0, 0)
			// Under cover the snapshot is followed by what moves, cell by cell.
			b.live(time.Minute, watch)
			for _, h := range []*home{plain, cover} {
				h.line()
			}
			took := b.live(d, watch)
			for _, h := range []*home{plain, cover} {
				word := "without cover"
				if h == cover {
					word = "with cover"
				}
				l := h.line()
				both := float64(l.down.line+l.up.line) / 1000
				p.row(name+", "+word, took.Round(time.Second), float64(l.down.line)/1000, float64(l.up.line)/1000,
					both*float64(time.Hour)/float64(took), float64(l.down.batches)*float64(time.Minute)/float64(took))
				h.close()
			}
		})
	}
	return p
}

// live lets the box live for about d, polled as the agent does.
func (b *box) live(d time.Duration, watch bool) time.Duration {
	began := time.Now()
	for time.Since(began) < d {
		pause := watchPoll
		if !watch {
			pause = idlePoll*2/3 + time.Duration(b.rng.Int64N(int64(idlePoll*2/3)))
		}
		b.tick(pause)
	}
	return time.Since(began)
}
