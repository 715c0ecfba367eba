package view

import (
	"encoding/json"
	"time"

	"offing/controller/internal/hub"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// linePace is the least time between two frames that bring nothing but other
// figures: the age of the data, the load of the host, the round trip.
const linePace = 2 * time.Second

// line is the Feed of the lines. Its content is always whole.
type line struct{ source Source }

// boxLine is one box of the topic.
type boxLine struct {
	Name   string        `json:"name"`
	Line   report.Line   `json:"line"`
	Daemon report.Daemon `json:"daemon"`
	Host   report.Host   `json:"host"`
	AgeMS  int64         `json:"age_ms"` // -1 when nothing was ever known; the page counts on by itself
}

// lineMark is the Mark of line.
type lineMark struct {
	words   string // what a person would want to know at once
	figures string // the rest
}

// Changed implements hub.Feed.
func (f line) Changed() <-chan struct{} { return f.source.Changed() }

// Watched implements hub.Feed. Lines are kept whether somebody looks or not.
func (f line) Watched(bool) {}

// Since implements hub.Feed.
func (f line) Since(mark hub.Mark) hub.Update {
	boxes, now := f.now(time.Now())
	u := hub.Update{Mark: now, Reset: true}
	if before, ok := mark.(lineMark); ok {
		if before == now {
			return u
		}
		if before.words == now.words {
			u.Delay = linePace
		}
	}
	body := append([]byte(`"boxes":`), encode(boxes)...)
	u.Parts = [][]byte{body}
	return u
}

// now returns the content and its mark.
func (f line) now(at time.Time) ([]boxLine, lineMark) {
	boxes, words, figures := []boxLine{}, []boxLine{}, []boxLine{}
	for _, b := range f.source.Boxes() {
		fresh, age := b.State.Fresh(), int64(-1)
		if !fresh.IsZero() {
			age = max(at.Sub(fresh).Milliseconds(), 0)
		}
		daemon, host := daemon(b.State.Session()), host(b.State.Host())
		boxes = append(boxes, boxLine{b.Name, b.Line, daemon, host, age})

		word := boxLine{Name: b.Name, Line: b.Line, Daemon: daemon}
		word.Line.RTTMS = 0
		words = append(words, word)

		figure := boxLine{Host: host, AgeMS: fresh.UnixMilli()}
		figure.Line.RTTMS = b.Line.RTTMS
		figures = append(figures, figure)
	}
	return boxes, lineMark{string(encode(words)), string(encode(figures))}
}

func daemon(s state.Session) report.Daemon {
	return report.Daemon{State: s.Daemon.String(), Text: s.DaemonText, Version: s.Version}
}

func host(h state.Host) report.Host {
	return report.Host{
		DiskTotal: h.DiskTotal, DiskFree: h.DiskFree, MemTotal: h.MemTotal, MemUsed: h.MemUsed,
		CPU: float64(h.CPU) / float64(state.Whole), NetDown: h.NetDown, NetUp: h.NetUp, Uptime: h.Uptime,
	}
}

// encode returns v as JSON.
func encode(v []boxLine) []byte {
	b, _ := json.Marshal(v) // plain values and a time of this age cannot fail
	return b
}
