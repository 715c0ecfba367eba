package view

import (
	"slices"
	"sync/atomic"
)

// watcher is somebody who wants to know when a feed may have news.
type watcher struct {
	changed func()
	stopped atomic.Bool
	queued  bool // in Views.awake; guarded by Views.mu
}

// watchers are guarded by Views.mu.
type watchers []*watcher

// call tells the watcher, unless it has stopped.
func (w *watcher) call() {
	if !w.stopped.Load() {
		w.changed()
	}
}

func (l *watchers) add(w *watcher) { *l = append(*l, w) }

func (l *watchers) remove(w *watcher) {
	w.stopped.Store(true)
	*l = slices.DeleteFunc(*l, func(x *watcher) bool { return x == w })
}

// wakeLocked has the watchers called by step.
func (v *Views) wakeLocked(l watchers) {
	for _, w := range l {
		if !w.queued {
			w.queued = true
			v.awake = append(v.awake, w)
		}
	}
}

// update runs f with mu held. Whom f has woken Run calls, and nobody else: who
// reads or watches a feed may hold locks that these calls take.
func (v *Views) update(f func()) {
	v.mu.Lock()
	f()
	news := len(v.awake) > 0
	v.mu.Unlock()
	if news {
		v.nudge()
	}
}

// nudge has Run take a step.
func (v *Views) nudge() {
	select {
	case v.poke <- struct{}{}:
	default:
	}
}

// step brings all live views to the present, and calls all who were woken.
func (v *Views) step() {
	v.mu.Lock()
	v.advanceLocked()
	awake := v.awake
	v.awake = nil
	for _, w := range awake {
		w.queued = false
	}
	v.mu.Unlock()
	v.stats.woken.Add(int64(len(awake)))
	for _, w := range awake {
		w.call()
	}
}
