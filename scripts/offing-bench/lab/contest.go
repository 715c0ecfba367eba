package lab

import (
	"testing"
	"time"

	"offing/agent/simulator"
	"offing/tunnel/mirror"
)

// How often the others poll.
const (
	webEvery     = 5 // seconds
	sessionEvery = 8
	floodEvery   = 2
)

// contest is what is sent for the same ticks of one box.
type contest struct {
	*box
	table, packed, objects, flood *rival
	squeezed                      *squeezed
	json, zstd                    int // bytes
	fields, changes               int
	exact, live                   *home
	ticks                         int
}

func newContest(t *testing.T, cfg simulator.Config) *contest {
	b := newBox(t, cfg)
	return &contest{
		box: b, squeezed: newSqueezed(t),
		table: newRival(t, b.sim, false), packed: newRival(t, b.sim, true),
		objects: newRival(t, b.sim, false), flood: newRival(t, b.sim, false),
		exact: b.newHome(mirror.Exact), live: b.newHome(mirror.Watching),
	}
}

// tick is a second for all.
func (c *contest) tick(counted bool) {
	before := c.state.Version()
	c.box.tick(time.Second)
	delta := c.state.Since(before)
	text := deltaJSON(c.t, &delta)
	zstd := c.squeezed.add(c.t, text)
	if !counted {
		return
	}
	c.ticks++
	c.json += len(text)
	c.zstd += zstd
	c.changes += len(delta.Changes)
	for i := range delta.Changes {
		for f := delta.Changes[i].Fields; f != 0; f &= f - 1 {
			c.fields++
		}
	}
	c.others()
}

// others lets those poll whose turn it is.
func (c *contest) others() {
	if c.ticks%webEvery == 0 {
		for _, r := range []*rival{c.table, c.packed, c.objects} {
			a := &arguments{Fields: webFields, IDs: "recently-active", Format: "table"}
			if r == c.objects {
				a.Format = ""
			}
			r.call("torrent-get", a)
			r.updates++
		}
	}
	if c.ticks%floodEvery == 0 {
		c.flood.call("torrent-get", &arguments{Fields: floodFields})
		c.flood.updates++
	}
	if c.ticks%sessionEvery == 0 {
		for _, r := range []*rival{c.table, c.packed, c.objects} {
			up, down := r.up, r.down
			r.call("session-get", nil)
			r.sessionUp += r.up - up
			r.sessionDown += r.down - down
		}
	}
}
