package rpc

import (
	"sync"
	"time"

	"offing/controller/internal/fleet"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// recent is how long a torrent counts as recently active after it has changed
// (specification, "ids").
const recent = 60 * time.Second

// maxGranted is how many changes of grants are remembered. After more of them at once
// everything counts as changed.
const maxGranted = 20_000

// windows remembers what sequence the state of each box had some time ago, and of
// which torrents the grants have changed since. It is safe for concurrent use.
type windows struct {
	mu    sync.Mutex
	boxes map[string]*window
	gone  time.Time // when a box went last, or was paired anew
	given []givenAt // the oldest first
	lost  time.Time // of the newest of given that was dropped
}

// window is one box.
type window struct {
	state *state.State
	marks []mark // the oldest first; the first is as old as recent or the box is newer
}

type mark struct {
	at  time.Time
	seq uint64
}

type givenAt struct {
	key owners.Key
	at  time.Time
}

func newWindows() *windows { return &windows{boxes: map[string]*window{}} }

// note writes down how the boxes are now.
func (w *windows) note(boxes []fleet.Box, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	there := make(map[string]bool, len(boxes))
	for _, b := range boxes {
		there[b.Name] = true
		one := w.boxes[b.Name]
		if one == nil || one.state != b.State {
			if one != nil {
				w.gone = now
			}
			one = &window{state: b.State}
			w.boxes[b.Name] = one
		}
		one.marks = append(one.marks, mark{now, b.State.Version().Seq})
		for len(one.marks) > 1 && now.Sub(one.marks[1].at) >= recent {
			one.marks = one.marks[1:]
		}
	}
	for name := range w.boxes {
		if !there[name] {
			delete(w.boxes, name)
			w.gone = now
		}
	}
	for len(w.given) > 0 && now.Sub(w.given[0].at) > recent {
		w.given = w.given[1:]
	}
}

// granted notes that who may see a torrent has changed.
func (w *windows) granted(k owners.Key, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.given) >= maxGranted {
		w.lost = w.given[0].at
		w.given = w.given[1:]
	}
	w.given = append(w.given, givenAt{k, now})
}

// since returns the sequence of a box after which everything has changed recently;
// false when that is not known, and everything has to be told.
func (w *windows) since(b fleet.Box, now time.Time) (uint64, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	one := w.boxes[b.Name]
	if one == nil || one.state != b.State || now.Sub(one.marks[0].at) < recent ||
		!w.gone.IsZero() && now.Sub(w.gone) <= recent || !w.lost.IsZero() && now.Sub(w.lost) <= recent {
		return 0, false
	}
	return one.marks[0].seq, true
}

// grants returns the torrents of which the grants have changed recently.
func (w *windows) grants(now time.Time) []owners.Key {
	w.mu.Lock()
	defer w.mu.Unlock()
	var keys []owners.Key
	for _, g := range w.given {
		if now.Sub(g.at) <= recent {
			keys = append(keys, g.key)
		}
	}
	return keys
}

// wentLately tells whether a box was taken away in the last minute.
func (w *windows) wentLately(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.gone.IsZero() && now.Sub(w.gone) <= recent
}
