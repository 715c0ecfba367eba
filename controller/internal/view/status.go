package view

import (
	"time"

	"offing/controller/internal/fleet"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// status is what there is to say of a box beside its torrents. It is never
// changed: who holds one can tell by comparing what is new.
type status struct {
	name   string
	line   report.Line   // without the round trip
	daemon report.Daemon // what a person would want to know at once, with line
	host   report.Host
	rtt    int64     // milliseconds
	fresh  time.Time // when the data was true; zero for never
}

// statusLocked takes note of how a box is.
func (v *Views) statusLocked(b *box, f *fleet.Box) {
	now := status{
		name: f.Name, line: f.Line, rtt: f.Line.RTTMS,
		daemon: daemon(b.state.Session()), host: hostOf(b.state.Host()), fresh: b.state.Fresh(),
	}
	now.line.RTTMS = 0
	before := b.status.Load()
	if before != nil && *before == now {
		return
	}
	b.status.Store(&now)
	if before == nil {
		return // syncLocked says that there is a further box
	}
	if before.fresh.IsZero() != now.fresh.IsZero() { // it is known now what it does not have
		v.wakeOpenLocked(b.name)
	}
	v.wakeLocked(v.lines)
	for _, t := range v.tables {
		if len(t.lines) > 0 && t.holds(b) {
			v.wakeLocked(t.lines)
		}
	}
	if before.host != now.host {
		v.wakeLocked(v.hosts)
	}
}

// age returns the milliseconds since the data was true, -1 when it never was.
func (s *status) age(at time.Time) int64 {
	if s.fresh.IsZero() {
		return -1
	}
	return max(at.Sub(s.fresh).Milliseconds(), 0)
}

func daemon(s state.Session) report.Daemon {
	return report.Daemon{State: s.Daemon.String(), Text: s.DaemonText, Version: s.Version}
}

func hostOf(h state.Host) report.Host {
	return report.Host{
		DiskTotal: h.DiskTotal, DiskFree: h.DiskFree, MemTotal: h.MemTotal, MemUsed: h.MemUsed,
		CPU: float64(h.CPU) / float64(state.Whole), NetDown: h.NetDown, NetUp: h.NetUp, Uptime: h.Uptime,
	}
}
