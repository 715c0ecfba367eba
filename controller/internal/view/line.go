package view

import (
	"encoding/json"
	"sync"
	"time"

	"offing/controller/internal/hub"
	"offing/tunnel/report"
)

// figuresPace is the least time between two frames that bring nothing but other
// figures: the age of the data, the load of the host, the round trip.
const figuresPace = 2 * time.Second

// line is the Feed of the lines: of all boxes for administrators, and for anybody
// else of those that hold a torrent of theirs. Its content is always whole.
type line struct{ seat }

// boxLine is one box of the topic.
type boxLine struct {
	Name   string        `json:"name"`
	Line   report.Line   `json:"line"`
	Daemon report.Daemon `json:"daemon"`
	AgeMS  int64         `json:"age_ms"` // -1 when nothing was ever known; the page counts on by itself
}

// lineMark is the Mark of line.
type lineMark []*status

// Watch implements hub.Feed. Lines are kept whether somebody looks or not.
func (f *line) Watch(changed func()) (stop func()) {
	if f.who.admin() {
		return f.views.watch(changed, &f.views.lines)
	}
	return f.watch(changed, false, func(t *table) *watchers { return &t.lines })
}

// Since implements hub.Feed.
func (f *line) Since(mark hub.Mark) hub.Update {
	now := f.boxes()
	u := hub.Update{Mark: now, Reset: true}
	if before, ok := mark.(lineMark); ok {
		words, figures := before.differs(now)
		if !words && !figures {
			return u
		}
		if !words {
			u.Delay = figuresPace
		}
	}
	at, all := time.Now(), make([]boxLine, 0, len(now))
	for _, s := range now {
		b := boxLine{s.name, s.line, s.daemon, s.age(at)}
		b.Line.RTTMS = s.rtt
		if !f.who.admin() {
			b.Daemon.Version = ""
		}
		all = append(all, b)
	}
	u.Parts = [][]byte{append([]byte(`"boxes":`), encode(all)...)}
	return u
}

// boxes returns those that the viewer may know of.
func (f *line) boxes() lineMark {
	shown, now := *f.views.shown.Load(), lineMark{}
	holds := func(*box) bool { return true }
	if !f.who.admin() {
		t := f.lock()
		defer t.mu.Unlock()
		holds = func(b *box) bool { return t.held[b] > 0 }
	}
	for _, b := range shown {
		if holds(b) {
			now = append(now, b.status.Load())
		}
	}
	return now
}

// differs tells whether there are other words, and whether there are other figures.
func (m lineMark) differs(now lineMark) (words, figures bool) {
	if len(m) != len(now) {
		return true, true
	}
	for i, a := range m {
		b := now[i]
		words = words || a.name != b.name || a.line != b.line || a.daemon != b.daemon
		figures = figures || a.rtt != b.rtt || a.fresh != b.fresh
	}
	return words, figures
}

// watch has changed called when Views has news for the list.
func (v *Views) watch(changed func(), list *watchers) (stop func()) {
	w := &watcher{changed: changed}
	v.update(func() { list.add(w) })
	return sync.OnceFunc(func() { v.update(func() { list.remove(w) }) })
}

// encode returns v as JSON.
func encode(v any) []byte {
	b, _ := json.Marshal(v) // plain values and a time of this age cannot fail
	return b
}
