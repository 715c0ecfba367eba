package view

import (
	"context"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
)

// Tuning.
const (
	lastNotices = 50              // of a reset
	noticesWait = 5 * time.Second // for the store
)

// news is the Feed of a person's notices. Its Mark is the newest notice's ID.
type news struct {
	views *Views
	user  account.User
}

// notice is one notice of the topic.
type notice struct {
	ID   uint64    `json:"id"`
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	Text string    `json:"text"`
}

// Watch implements hub.Feed.
func (f news) Watch(changed func()) (stop func()) { return f.views.cfg.Notices.Watch(f.user, changed) }

// Since implements hub.Feed. Whoever has missed more than a reset brings gets a
// reset. While the store does not answer there is no news.
func (f news) Since(mark hub.Mark) hub.Update {
	ctx, cancel := context.WithTimeout(context.Background(), noticesWait)
	defer cancel()
	all, err := f.views.cfg.Notices.Last(ctx, f.user, lastNotices)
	if err != nil {
		f.views.cfg.Log.Error("notices cannot be read", "err", err)
		return hub.Update{Mark: mark}
	}
	newest, ours := mark.(uint64)
	later := make([]notice, 0, len(all))
	for _, n := range all {
		if !ours || n.ID > newest {
			later = append(later, notice(n))
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
