package view

import (
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel/report"
	"offing/tunnel/state"
)

func TestLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		box := s.add("demo", 1)
		s.boxes[0].Line = report.Line{State: "up", Since: time.Unix(1e9, 0).UTC(), RTTMS: 250}
		update(t, box, func(tx *state.Tx) {
			tx.SetSession(state.Session{Daemon: state.DaemonOK, Version: "3.00"})
			tx.SetHost(state.Host{DiskTotal: 1, DiskFree: 2, MemTotal: 3, MemUsed: 4, CPU: 5000, NetDown: 6, NetUp: 7, Uptime: 8})
		})
		box.Touch(time.Now().Add(-1500 * time.Millisecond))
		s.add("never", 2)
		s.boxes[1].Line = report.Line{State: "down", Since: time.Unix(1e9, 0).UTC(), Code: "timeout", Reason: "wait"}
		f := s.feed(t, admin, TopicLine)
		expect(t, f.Since(nil), true, `"boxes":[`+
			`{"name":"demo","line":{"state":"up","since":"2001-09-09T01:46:40Z","rtt_ms":250},"daemon":{"state":"ok","version":"3.00"},`+
			`"host":{"disk_total":1,"disk_free":2,"mem_total":3,"mem_used":4,"cpu":0.5,"net_down":6,"net_up":7,"uptime":8},"age_ms":1500},`+
			`{"name":"never","line":{"state":"down","since":"2001-09-09T01:46:40Z","code":"timeout","reason":"wait"},"daemon":{"state":"unknown"},`+
			`"host":{"disk_total":0,"disk_free":0,"mem_total":0,"mem_used":0,"cpu":0,"net_down":0,"net_up":0,"uptime":0},"age_ms":-1}]`)
		s.boxes = nil
		expect(t, f.Since(nil), true, `"boxes":[]`)
	})
}

// Figures can wait, what a person wants to know cannot.
func TestLinePace(t *testing.T) {
	var s source
	box := s.add("demo", 1)
	f := s.feed(t, admin, TopicLine)
	mark := f.Since(nil).Mark
	step := func(name string, parts int, delay time.Duration) {
		t.Helper()
		u := f.Since(mark)
		if len(u.Parts) != parts || u.Delay != delay {
			t.Errorf("%s: %d parts, after %v", name, len(u.Parts), u.Delay)
		}
		mark = u.Mark
	}
	step("nothing", 0, 0)
	put(t, box, full())
	step("a torrent", 0, 0)
	box.Touch(time.Unix(1e9, 0))
	step("freshness", 1, linePace)
	s.boxes[0].Line.RTTMS = 7
	step("the round trip", 1, linePace)
	update(t, box, func(tx *state.Tx) { tx.SetHost(state.Host{CPU: 1}) })
	step("the host", 1, linePace)
	s.boxes[0].Line.State = "down"
	step("the line", 1, 0)
	update(t, box, func(tx *state.Tx) { tx.SetSession(state.Session{Daemon: state.DaemonUnreachable}) })
	step("the daemon", 1, 0)
	s.boxes[0].Name = "other"
	step("the name", 1, 0)
}
