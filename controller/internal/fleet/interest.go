package fleet

import (
	"context"
	"sync"
	"time"

	"offing/tunnel/mirror"
)

// linger is how long the boxes are polled as if watched after the last look, so
// that a page which reloads does not make them slow down and speed up.
const linger = 10 * time.Second

// Watch makes the boxes be polled often until release is called, once or more.
func (f *Fleet) Watch() (release func()) {
	f.mu.Lock()
	f.pages++
	f.mu.Unlock()
	f.reconsider()
	return sync.OnceFunc(func() {
		f.mu.Lock()
		f.pages--
		f.mu.Unlock()
		f.Glance()
	})
}

// Glance makes the boxes be polled often for some seconds: somebody has looked,
// and may look again.
func (f *Fleet) Glance() {
	f.mu.Lock()
	f.until = time.Now().Add(linger)
	f.mu.Unlock()
	f.reconsider()
}

func (f *Fleet) reconsider() {
	select {
	case f.nudge <- struct{}{}:
	default:
	}
}

// followInterest tells the boxes whether somebody looks, until ctx ends.
func (f *Fleet) followInterest(ctx context.Context) {
	for {
		var end <-chan time.Time
		if left := f.tellInterest(); left > 0 {
			end = time.After(left)
		}
		select {
		case <-ctx.Done():
			return
		case <-f.nudge:
		case <-end:
		}
	}
}

// tellInterest sets the level of all boxes. It returns how long that is right
// if nobody does anything, or 0 for ever.
func (f *Fleet) tellInterest() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	level, left := mirror.Idle, time.Until(f.until)
	switch {
	case f.pages > 0:
		level, left = mirror.Watching, 0
	case left > 0:
		level = mirror.Watching
	}
	if level != f.level {
		f.level = level
		for _, k := range f.keepers {
			k.follower.SetInterest(level)
		}
	}
	return left
}
