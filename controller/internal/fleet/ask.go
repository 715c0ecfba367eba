package fleet

import (
	"context"
	"time"
)

// askWait bounds how long Ask waits for a box.
const askWait = 3 * time.Second

// Ask is for somebody who wants figures, not a picture. For some seconds the boxes
// of these names are polled often and tell every byte. It waits until they do, but
// not for those that do not answer, and returns at once where they did already.
func (f *Fleet) Ask(ctx context.Context, boxes ...string) {
	for _, box := range boxes {
		f.want(box, func(w *wish) { w.asked = time.Now().Add(linger) })
	}
	patience := time.NewTimer(askWait)
	defer patience.Stop()
	for {
		changed := f.changed.wait()
		if f.exact(boxes) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-patience.C:
			return
		case <-changed:
		}
	}
}

// exact tells whether the copies of these boxes are, as far as their lines are up.
func (f *Fleet) exact(boxes []string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, box := range boxes {
		if k := f.keepers[box]; k != nil && k.up() && k.follower.Live() {
			return false
		}
	}
	return true
}
