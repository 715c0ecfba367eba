package view

import (
	"testing"
	"testing/synctest"
	"time"

	"offing/controller/internal/hub"
	"offing/controller/internal/owners"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

func TestLineAndHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		box := w.add("demo", 1)
		w.src.boxes[0].Line = report.Line{State: "up", Since: time.Unix(1e9, 0).UTC(), RTTMS: 250}
		put(t, box, full())
		w.give(key("demo", full().Hash), 13, eve, owners.See)
		update(t, box, func(tx *state.Tx) {
			tx.SetSession(state.Session{Daemon: state.DaemonOK, Version: "3.00"})
			tx.SetHost(state.Host{DiskTotal: 1, DiskFree: 2, MemTotal: 3, MemUsed: 4, CPU: 5000, NetDown: 6, NetUp: 7, Uptime: 8})
		})
		box.Touch(time.Now().Add(-1500 * time.Millisecond))
		w.add("never", 2)
		w.src.boxes[1].Line = report.Line{State: "down", Since: time.Unix(1e9, 0).UTC(), Code: "timeout", Reason: "wait"}
		demo := `{"name":"demo","line":{"state":"up","since":"2001-09-09T01:46:40Z","rtt_ms":250},"daemon":{"state":"ok"`
		expect(t, w.feed(t, admin, TopicLine).Since(nil), true, `"boxes":[`+demo+`,"version":"3.00"},"age_ms":1500},`+
			`{"name":"never","line":{"state":"down","since":"2001-09-09T01:46:40Z","code":"timeout","reason":"wait"},"daemon":{"state":"unknown"},"age_ms":-1}]`)
		expect(t, w.feed(t, eve, TopicLine).Since(nil), true, `"boxes":[`+demo+`},"age_ms":1500}]`)
		expect(t, w.feed(t, admin, TopicHost).Since(nil), true, `"boxes":[{"name":"demo",`+
			`"host":{"disk_total":1,"disk_free":2,"mem_total":3,"mem_used":4,"cpu":0.5,"net_down":6,"net_up":7,"uptime":8}},`+
			`{"name":"never","host":{"disk_total":0,"disk_free":0,"mem_total":0,"mem_used":0,"cpu":0,"net_down":0,"net_up":0,"uptime":0}}]`)
		w.src.boxes = nil
		expect(t, w.feed(t, admin, TopicLine).Since(nil), true, `"boxes":[]`)
		expect(t, w.feed(t, admin, TopicHost).Since(nil), true, `"boxes":[]`)
		expect(t, w.feed(t, eve, TopicLine).Since(nil), true, `"boxes":[]`)
	})
}

// pace follows a feed and notes when it is woken.
type pace struct {
	w     *world
	f     hub.Feed
	mark  hub.Mark
	woken int
}

func (w *world) pace(t *testing.T, f hub.Feed) *pace {
	p := &pace{w: w, f: f}
	t.Cleanup(f.Watch(func() { p.woken++ }))
	p.mark, p.woken = w.since(f, nil).Mark, 0
	return p
}

// step expects so many parts, that may wait, and a call if there are any.
func (p *pace) step(t *testing.T, name string, parts int, delay time.Duration) {
	t.Helper()
	u := p.w.since(p.f, p.mark)
	if len(u.Parts) != parts || u.Delay != delay || parts > 0 && p.woken == 0 {
		t.Errorf("%s: %d parts, after %v, woken %d times", name, len(u.Parts), u.Delay, p.woken)
	}
	p.mark, p.woken = u.Mark, 0
}

// Figures can wait, what a person wants to know cannot.
func TestPace(t *testing.T) {
	w := newWorld()
	box := w.add("demo", 1)
	put(t, box, full())
	w.give(key("demo", full().Hash), 13, eve, owners.See)
	line, hers, host := w.pace(t, w.feed(t, admin, TopicLine)), w.pace(t, w.feed(t, eve, TopicLine)), w.pace(t, w.feed(t, admin, TopicHost))
	for _, s := range []struct {
		name       string
		do         func()
		line, host int
		delay      time.Duration
	}{
		{"nothing", func() {}, 0, 0, 0},
		{"a torrent", func() { put(t, box, state.Torrent{Hash: full().Hash, Added: 13}) }, 0, 0, 0},
		{"freshness", func() { box.Touch(time.Unix(1e9, 0)) }, 1, 0, figuresPace},
		{"the round trip", func() { w.src.boxes[0].Line.RTTMS = 7 }, 1, 0, figuresPace},
		{"the host", func() { update(t, box, func(tx *state.Tx) { tx.SetHost(state.Host{CPU: 1}) }) }, 0, 1, figuresPace},
		{"the line", func() { w.src.boxes[0].Line.State = "down" }, 1, 0, 0},
		{"the daemon", func() {
			update(t, box, func(tx *state.Tx) { tx.SetSession(state.Session{Daemon: state.DaemonUnreachable}) })
		}, 1, 0, 0},
	} {
		s.do()
		w.step()
		delay := [2]time.Duration{}
		if s.line > 0 {
			delay[0] = s.delay
		}
		if s.host > 0 {
			delay[1] = s.delay
		}
		line.step(t, s.name, s.line, delay[0])
		hers.step(t, s.name+", a user's", s.line, delay[0])
		host.step(t, s.name+", host", s.host, delay[1])
	}
	w.src.boxes[0].Name = "other"
	line.step(t, "the name", 1, 0)
	hers.step(t, "the name", 1, 0)
}

func TestTotals(t *testing.T) {
	w := newWorld()
	box := w.add("demo", 1)
	two := state.Torrent{Hash: state.Hash{2}, Status: state.Seeding, RateUp: 100, Size: 10}
	odd := state.Torrent{Hash: state.Hash{3}, Status: 99}
	put(t, box, full(), two, odd)
	w.give(key("demo", full().Hash), 13, eve, owners.Own)
	all, hers := w.pace(t, w.feed(t, admin, TopicTotals)), w.pace(t, w.feed(t, eve, TopicTotals))
	expect(t, all.f.Since(nil), true, `"torrents":3,"down":5,"up":106,"size":11,"left":2,"status":{"downloading":1,"seeding":1,"status-7":1},"errors":1`)
	const sums = `"torrents":1,"down":5,"up":6,"size":1,"left":2,"status":{"downloading":1},"errors":1,`
	expect(t, hers.f.Since(nil), true, sums+`"quota":{},"used":{"torrents":0,"bytes":0}`)
	w.quotas[eve.User], w.used[eve.User] = owners.Quota{Torrents: 100, Bytes: 1e12}, owners.Usage{Torrents: 1, Bytes: 5}
	expect(t, hers.f.Since(hers.mark), true, sums+`"quota":{"torrents":100,"bytes":1000000000000},"used":{"torrents":1,"bytes":5}`)
	hers.mark = hers.f.Since(nil).Mark
	w.quotas[eve.User], w.used[eve.User] = owners.Quota{Bytes: 7}, owners.Usage{}
	expect(t, hers.f.Since(hers.mark), true, sums+`"quota":{"bytes":7},"used":{"torrents":0,"bytes":0}`)
	hers.mark = hers.f.Since(nil).Mark

	two.RateUp = 0
	put(t, box, two)
	w.step()
	all.step(t, "another's torrent", 1, 0)
	hers.step(t, "another's torrent", 0, 0)
	two.Peers = 9 // which is no sum
	put(t, box, two)
	w.step()
	if all.woken > 0 {
		t.Error("what is no sum wakes the totals")
	}
	all.step(t, "peers", 0, 0)
	remove(t, box, full().Hash)
	w.step()
	hers.step(t, "removed", 1, 0)
	expect(t, hers.f.Since(nil), true, `"torrents":0,"down":0,"up":0,"size":0,"left":0,"status":{},"errors":0,"quota":{"bytes":7},"used":{"torrents":0,"bytes":0}`)
}
