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
		f.until = time.Now().Add(linger)
		f.mu.Unlock()
		f.reconsider()
	})
}

// askWait bounds how long Ask waits for a box.
const askWait = 3 * time.Second

// Ask is for somebody who wants figures, not a picture. For some seconds the boxes
// are polled often and tell every byte. It waits until they do, but not for those
// that do not answer, and returns at once where they did already.
func (f *Fleet) Ask(ctx context.Context) {
	f.mu.Lock()
	f.asked = time.Now().Add(linger)
	f.mu.Unlock()
	f.reconsider()
	patience := time.NewTimer(askWait)
	defer patience.Stop()
	for {
		changed := f.changed.wait()
		if f.exact() {
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

// exact tells whether all copies are, as far as their lines are up.
func (f *Fleet) exact() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range f.keepers {
		if k.up() && k.follower.Live() {
			return false
		}
	}
	return true
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
	asked := time.Until(f.asked)
	switch {
	case asked > 0:
		level, left = mirror.Exact, asked
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
