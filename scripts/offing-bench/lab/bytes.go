package lab

import (
	"testing"
	"testing/synctest"
	"time"

	"offing/agent/simulator"
	"offing/tunnel/wire"
)

// Bytes measures what a page that is open costs on the line: while torrents only
// move, and while they also come and go.
func Bytes(t *testing.T, torrents, active, ticks int) (p page) {
	p.writef("The same simulated box, the same ticks, one a second, for all; %d ticks are counted, after as many that are not. The\nothers poll the simulated daemon by HTTP with the headers of Firefox: Transmission's page asks for the %d fields of\nits list each %d s, and for the whole session each %d s; Flood for all torrents each %d s. The deltas as JSON have the\nhash, one- or two-letter keys and the fields that differ, and are counted with nothing around them. Ours are counted\nas frames, with checksums and acks, and as they are on the line, padded to whole cells of Tor.\n",
		ticks, len(webFields), webEvery, sessionEvery, floodEvery)
	for _, quiet := range []bool{true, false} {
		contend(t, &p, simulator.Config{Torrents: torrents, Active: active, Seed: 3, Quiet: quiet}, ticks)
	}
	return p
}

func contend(t *testing.T, p *page, cfg simulator.Config, ticks int) {
	synctest.Test(t, func(t *testing.T) {
		c := newContest(t, cfg)
		c.exact.connect(0, 0)
		c.live.connect(0, 0)
		for range ticks {
			c.tick(false)
		}
		synctest.Wait()
		for _, h := range []*home{c.exact, c.live} {
			h.down.counted()
			h.up.counted()
		}
		for range ticks {
			c.tick(true)
		}
		time.Sleep(time.Second / 2)
		c.exact.equal()
		c.title(p, cfg.Quiet)
		c.report(p, c.exact.line(), c.live.line())
		c.exact.close()
		c.live.close()
	})
}

// line is what has passed a line since the last call.
type line struct{ down, up counts }

func (h *home) line() line { return line{h.down.counted(), h.up.counted()} }

func (c *contest) title(p *page, quiet bool) {
	title := "While torrents also come, go, fail and complete"
	if quiet {
		title = "While torrents only move"
	}
	p.writef("\n### %s\n\n%d torrents, %d of them moving. A tick changes %.0f torrents, and %.1f fields of each.\n",
		title, c.state.Totals().Torrents, c.moving(), ratio(c.t, c.changes, c.ticks), ratio(c.t, c.fields, c.changes))
}

func (c *contest) report(p *page, exact, live line) {
	n := c.ticks
	p.table("bytes", "down, an update", "up, an update", "updates a minute", "a minute, both ways")
	minutes := float64(n) / 60
	for _, r := range []struct {
		name string
		*rival
	}{
		{"Transmission's page, table (4.x)", c.table}, {"the same, compressed", c.packed},
		{"Transmission's page, objects (3.00)", c.objects}, {"Flood", c.flood},
	} {
		u := float64(r.updates)
		p.row(r.name, float64(r.down-r.sessionDown)/u, float64(r.up-r.sessionUp)/u, u/minutes, float64(r.down+r.up)/minutes)
	}
	p.row("the deltas as JSON", ratio(c.t, c.json, n), "", "60", float64(c.json)/minutes)
	p.row("the same in one stream of zstd", ratio(c.t, c.zstd, n), "", "60", float64(c.zstd)/minutes)
	for _, r := range []struct {
		name string
		line
	}{{"ours, exact", exact}, {"ours, live view", live}} {
		u := float64(r.down.news)
		p.row(r.name+", frames", float64(r.down.frames)/u, float64(r.up.frames)/u, u/minutes, float64(r.down.frames+r.up.frames)/minutes)
		p.row(r.name+", on the line", float64(r.down.line)/u, float64(r.up.line)/u, u/minutes, float64(r.down.line+r.up.line)/minutes)
		p.row(r.name+", cells of Tor", float64(r.down.cells)/u, float64(r.up.cells)/u, u/minutes, float64(r.down.cells+r.up.cells)/minutes)
	}
	c.goals(p, exact, live)
}

func (c *contest) goals(p *page, exact, live line) {
	perExact := float64(exact.down.frames) / float64(exact.down.news)
	perLive := func(bytes int) float64 { return float64(bytes) / float64(live.down.news) }
	n := float64(c.ticks)
	p.writef("\n")
	p.goal("exact, frames ÷ the deltas as JSON", perExact/(float64(c.json)/n), 0.06)
	p.goal("exact, frames ÷ the deltas in zstd", perExact/(float64(c.zstd)/n), 0.35)
	for _, r := range []struct {
		name string
		*rival
	}{{"uncompressed", c.table}, {"compressed", c.packed}} {
		name := "Transmission's page, table, " + r.name
		update := float64(r.down-r.sessionDown) / float64(r.updates)
		p.fraction("live view, frames of an update ÷ "+name, perLive(live.down.frames), update, 80)
		p.fraction("live view, an update on the line ÷ "+name, perLive(live.down.line), update, 80)
		p.fraction("live view, a minute on the line, both ways ÷ "+name, float64(live.down.line+live.up.line), float64(r.down+r.up), 16)
	}
	p.writef("\nThe goals were set against the uncompressed polls. What is told every second and padded to whole cells takes at least\none cell each way a second, %d bytes a minute, whatever it says.\n", 2*60*wire.Cell())
}
