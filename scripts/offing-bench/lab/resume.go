package lab

import (
	"testing"
	"testing/synctest"
	"time"

	"offing/agent/simulator"
	"offing/tunnel/mirror"
)

// resumeSettles is how long a line takes at most to bring what was missed.
const resumeSettles = 2 * time.Second

// Resume measures what a line brings that was away for a while.
func Resume(t *testing.T, torrents, active int, absences ...time.Duration) (p page) {
	p.writef("A home that watches loses its line for a while; the bytes of the frames that bring what it missed, against those of a\nsnapshot at the same moment. What moves is told anew each time, for home has gone on guessing; torrents come and go\nmeanwhile, and one that goes moves up all behind it in the queue.\n")
	p.table("away", "torrents changed", "fields", "bytes", "snapshot, bytes", "part")
	var minute float64
	for _, away := range absences {
		synctest.Test(t, func(t *testing.T) {
			b := newBox(t, simulator.Config{Torrents: torrents, Active: active, Seed: 3})
			h := b.newHome(mirror.Watching)
			h.connect(0, 0)
			for range 30 {
				b.tick(time.Second)
			}
			time.Sleep(resumeSettles)
			h.close()
			before := b.state.Version()
			for range int(away.Seconds()) {
				b.tick(time.Second)
			}
			missed := b.state.Since(before)
			fields := 0
			for i := range missed.Changes {
				for f := missed.Changes[i].Fields; f != 0; f &= f - 1 {
					fields++
				}
			}
			resumed, whole := h.again(), b.newHome(mirror.Watching).again()
			part := ratio(t, resumed, whole)
			p.row(away, len(missed.Changes), fields, resumed, whole, part)
			if away == time.Minute {
				minute = part
			}
		})
	}
	p.writef("\n")
	p.goal("bytes after a minute ÷ snapshot", minute, 0.05)
	return p
}

// again connects, and returns the bytes of the frames until home has everything.
func (h *home) again() int {
	h.connect(0, 0)
	defer h.close()
	time.Sleep(resumeSettles)
	n := h.down.counted().frames
	// What is about right becomes exact, so that the two can be compared.
	h.follower.SetInterest(mirror.Exact)
	time.Sleep(resumeSettles)
	h.equal()
	return n
}
