package view

import (
	"slices"

	"offing/controller/internal/hub"
	"offing/tunnel/report"
)

// host is the Feed of the boxes' machines. Its content is always whole.
type host struct{ views *Views }

// boxHost is one box of the topic.
type boxHost struct {
	Name string      `json:"name"`
	Host report.Host `json:"host"`
}

// hostMark is the Mark of host.
type hostMark []boxHost

// Watch implements hub.Feed.
func (f host) Watch(changed func()) (stop func()) { return f.views.watch(changed, &f.views.hosts) }

// Since implements hub.Feed.
func (f host) Since(mark hub.Mark) hub.Update {
	now := hostMark{}
	for _, b := range *f.views.shown.Load() {
		s := b.status.Load()
		now = append(now, boxHost{s.name, s.host})
	}
	u := hub.Update{Mark: now, Reset: true}
	if before, ok := mark.(hostMark); ok {
		if slices.Equal(before, now) {
			return u
		}
		u.Delay = figuresPace
	}
	u.Parts = [][]byte{append([]byte(`"boxes":`), encode(now)...)}
	return u
}
