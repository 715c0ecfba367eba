package rpc

import (
	"context"
	"sync"
	"time"

	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// Tuning.
const (
	maxOpen    = 32               // torrents of a box that are kept open for apps
	openLinger = 45 * time.Second // after the last question
	openWait   = 4 * time.Second  // for the first details
	lookLinger = 20 * time.Second // a box is polled often so long after the last question
	lookRepeat = 15 * time.Second // two questions within it are somebody who looks
	lineUp     = "up"             // see report.Line
)

// openings keeps torrents open of which apps have asked for details. It is safe for
// concurrent use.
type openings struct {
	boxes Boxes
	now   func() time.Time

	mu   sync.Mutex
	of   map[owners.Key]*opening
	news chan struct{} // closed at the next news of any of them
}

type opening struct {
	release func()
	asked   time.Time
	tried   bool // somebody has waited for its details in vain, and nobody need again
}

func newOpenings(b Boxes, now func() time.Time) *openings {
	return &openings{boxes: b, now: now, of: map[owners.Key]*opening{}, news: make(chan struct{})}
}

// tell wakes those who wait.
func (o *openings) tell() {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.news)
	o.news = make(chan struct{})
}

// open has the details of these torrents of a box kept, and waits for those that are
// new, unless wait is false. There are maxOpen of them at most.
func (o *openings) open(ctx context.Context, box string, all []chosen, wait bool) {
	var fresh []owners.Key
	now := o.now()
	o.mu.Lock()
	for i := range all {
		k := owners.Key{Box: box, Hash: all[i].hash}
		at := o.of[k]
		if at == nil {
			o.makeRoomLocked(box)
			at = &opening{release: o.boxes.Open(box, k.Hash, o.tell)}
			o.of[k] = at
		}
		at.asked = now
		if !at.tried {
			fresh = append(fresh, k)
		}
	}
	o.mu.Unlock()
	if !wait || len(fresh) == 0 {
		return
	}
	o.await(ctx, fresh)
	o.mu.Lock()
	for _, k := range fresh {
		if at := o.of[k]; at != nil {
			at.tried = true
		}
	}
	o.mu.Unlock()
}

// await waits until all have details, at most for openWait.
func (o *openings) await(ctx context.Context, keys []owners.Key) {
	patience := time.NewTimer(openWait)
	defer patience.Stop()
	for {
		o.mu.Lock()
		news := o.news
		o.mu.Unlock()
		for len(keys) > 0 {
			if _, _, ok := o.boxes.Detail(keys[0].Box, keys[0].Hash); !ok {
				break
			}
			keys = keys[1:]
		}
		if len(keys) == 0 {
			return
		}
		select {
		case <-news:
		case <-patience.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// makeRoomLocked closes the torrent of the box that was asked for the longest ago.
func (o *openings) makeRoomLocked(box string) {
	var oldest owners.Key
	count := 0
	for k, at := range o.of {
		if k.Box != box {
			continue
		}
		if count++; count == 1 || at.asked.Before(o.of[oldest].asked) {
			oldest = k
		}
	}
	if count >= maxOpen {
		o.of[oldest].release()
		delete(o.of, oldest)
	}
}

// expire closes those that nobody has asked for lately.
func (o *openings) expire(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for k, at := range o.of {
		if now.Sub(at.asked) > openLinger {
			at.release()
			delete(o.of, k)
		}
	}
}

// close closes all.
func (o *openings) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for k, at := range o.of {
		at.release()
		delete(o.of, k)
	}
}

// detail returns the details of a torrent, which must have been asked for lately to be
// new; nil when there are none.
func (o *openings) detail(box string, h state.Hash) *state.Detail {
	d, _, ok := o.boxes.Detail(box, h)
	if !ok {
		return nil
	}
	return &d
}

// lookers has those boxes polled often that apps ask about again and again. An app that
// looks once in a while makes no difference to a box.
type lookers struct {
	boxes Boxes
	now   func() time.Time

	mu sync.Mutex
	of map[string]*looker
}

type looker struct {
	asked   time.Time
	release func() // nil while it is not watched
}

func newLookers(b Boxes, now func() time.Time) *lookers {
	return &lookers{boxes: b, now: now, of: map[string]*looker{}}
}

// asked notes that somebody asks about a box that is there.
func (l *lookers) asked(box string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	at := l.of[box]
	if at == nil {
		l.of[box] = &looker{asked: now}
		return
	}
	if at.release == nil && now.Sub(at.asked) <= lookRepeat {
		at.release = l.boxes.Watch(box)
	}
	at.asked = now
}

func (l *lookers) expire(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for box, at := range l.of {
		if now.Sub(at.asked) > lookLinger {
			l.drop(box, at)
		}
	}
}

func (l *lookers) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for box, at := range l.of {
		l.drop(box, at)
	}
}

func (l *lookers) drop(box string, at *looker) {
	if at.release != nil {
		at.release()
	}
	delete(l.of, box)
}
