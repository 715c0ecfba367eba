package view

import (
	"context"
	"sync"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
)

// Tuning.
const (
	lastNotices = 50              // of a reset
	noticesWait = 5 * time.Second // for the store, and after it has failed
)

// news is the Feed of a person's notices. While somebody looks a goroutine reads
// them from the store, so that a slow one holds nobody up; what Since tells is in
// memory. Its Mark is the newest notice's ID, or unread.
type news struct {
	views *Views
	user  account.User

	mu   sync.Mutex
	read bool     // all has been read once
	all  []notice // the last of them
}

// unread is the Mark of a page that was told nothing because nothing had been read.
type unread struct{}

// notice is one notice of the topic.
type notice struct {
	ID   uint64    `json:"id"`
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	Text string    `json:"text"`
}

// Watch implements hub.Feed. Views.Run waits for the goroutine.
func (f *news) Watch(changed func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	wake := make(chan struct{}, 1)
	unwatch := f.views.cfg.Notices.Watch(f.user, func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	})
	f.views.update(func() {
		if f.views.over.Err() != nil {
			return
		}
		context.AfterFunc(f.views.over, cancel)
		f.views.readers.Go(func() { f.follow(ctx, wake, changed) })
	})
	return sync.OnceFunc(func() { unwatch(); cancel() })
}

// follow reads the notices at first and whenever there are others.
func (f *news) follow(ctx context.Context, wake <-chan struct{}, changed func()) {
	for ctx.Err() == nil {
		var again <-chan time.Time
		if err := f.load(ctx); err == nil {
			changed()
		} else if ctx.Err() == nil {
			f.views.cfg.Log.Error("notices cannot be read", "err", err)
			again = time.After(noticesWait)
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-again:
		}
	}
}

func (f *news) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, noticesWait)
	defer cancel()
	kept, err := f.views.cfg.Notices.Last(ctx, f.user, lastNotices)
	if err != nil {
		return err
	}
	all := make([]notice, 0, len(kept))
	for _, n := range kept {
		all = append(all, notice(n))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all, f.read = all, true
	return nil
}

// Since implements hub.Feed. Whoever has missed more than a reset brings gets a
// reset. Before the store has answered there are none.
func (f *news) Since(mark hub.Mark) hub.Update {
	f.mu.Lock()
	defer f.mu.Unlock()
	newest, ours := mark.(uint64)
	if !f.read {
		if mark != nil {
			return hub.Update{Mark: mark}
		}
		return hub.Update{Mark: unread{}, Reset: true, Parts: [][]byte{[]byte(`"notices":[]`)}}
	}
	later := make([]notice, 0, len(f.all))
	for _, n := range f.all {
		if !ours || n.ID > newest {
			later = append(later, n)
		}
	}
	u := hub.Update{Mark: newest, Reset: !ours || len(later) == lastNotices}
	if len(later) > 0 {
		u.Mark = later[len(later)-1].ID
	}
	if u.Reset || len(later) > 0 {
		u.Parts = [][]byte{append([]byte(`"notices":`), encode(later)...)}
	}
	return u
}
