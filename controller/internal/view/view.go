// Package view owns what a person may see of the boxes, and the form in which
// their page gets it. One router follows the boxes and marks each torrent that
// has changed in the views of those who may see it; a view's feeds turn what is
// marked into frames. Whatever leaves the controller for a page goes through
// here, so this is where ownership is held against it.
//
// Lock order: Views.mu, then a table's, then a state's. The source and the owners
// are asked with Views.mu held, and take none of these locks when they call back.
// Whoever watches a feed is called by Run, with no lock held at all.
package view

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
	"offing/controller/internal/owners"
)

// The topics. The names go over the wire. A torrent's own topic is
// "torrent/BOX/HASH", with the box's name escaped as in a path.
const (
	TopicTorrents = "torrents" // the list, as rows with the fields that have changed
	TopicTotals   = "totals"   // the sums over the list, and the quota
	TopicLine     = "line"     // each box's line and daemon, and the age of its data
	TopicHost     = "host"     // each box's machine; for administrators
	TopicNotices  = "notices"  // what the person should know; never shared with another

	// TopicCommands is what the person has asked for; administrators' too has only
	// their own.
	TopicCommands = "commands"

	topicTorrent = "torrent/"
)

// Config holds what Views needs.
type Config struct {
	Source   Source
	Owners   Owners
	Notices  Notices
	Commands Commands // nil: there is no such topic
	Log      *slog.Logger
}

// Views implements hub.Views. Run keeps what it shows current. Its methods may
// be called by many goroutines.
type Views struct {
	cfg    Config
	stats  counters
	stop   func()                    // no longer follows the owners
	poke   chan struct{}             // has room for one: Run has something to do
	routed atomic.Pointer[positions] // what all tables have been told of
	shown  atomic.Pointer[[]*box]    // in the order of their names

	readers sync.WaitGroup  // of what is in the store; Run waits for them
	over    context.Context // of the readers; ends with Run, under mu
	end     context.CancelFunc

	keysMu sync.Mutex
	keys   map[owners.Key]struct{} // whose grants have changed

	mu      sync.Mutex
	boxes   map[string]*box
	lastBox uint64
	lastID  uint64 // of a table
	tables  map[viewer]*table
	sweepAt time.Time
	lines   watchers // of the lines of all boxes
	hosts   watchers
	open    map[owners.Key]*watchers // of a torrent's details
	awake   []*watcher               // to be called by step
}

// New returns the views of the boxes of c.Source.
func New(c Config) *Views {
	v := &Views{
		cfg: c, poke: make(chan struct{}, 1), keys: make(map[owners.Key]struct{}),
		boxes: make(map[string]*box), tables: make(map[viewer]*table), open: make(map[owners.Key]*watchers),
	}
	v.over, v.end = context.WithCancel(context.Background())
	v.routed.Store(&positions{})
	v.shown.Store(&[]*box{})
	v.stop = c.Owners.Watch(v.regrant)
	return v
}

// viewer is whose view it is. All administrators have one, the zero viewer.
type viewer struct{ user account.User }

func viewerOf(p account.Principal) viewer {
	if p.Role == account.RoleAdmin {
		return viewer{}
	}
	return viewer{p.User}
}

func (w viewer) admin() bool { return w == viewer{} }

// known tells whether p is somebody: a user without a name would pass for all
// administrators.
func known(p account.Principal) bool {
	return p.Role == account.RoleAdmin || p.Role == account.RoleUser && p.User != ""
}

// View implements hub.Views. All administrators share what is not a person's.
func (v *Views) View(p account.Principal, topic string) string {
	switch {
	case topic == TopicNotices, topic == TopicCommands:
		return "person/" + string(p.User)
	case p.Role == account.RoleAdmin:
		return "admin"
	}
	return "user/" + string(p.User)
}

// Feed implements hub.Views.
func (v *Views) Feed(p account.Principal, topic string) (hub.Feed, bool) {
	if !known(p) {
		return nil, false
	}
	who := viewerOf(p)
	switch topic {
	case TopicTorrents:
		return &torrents{seat{views: v, who: who}}, true
	case TopicTotals:
		return &sums{seat{views: v, who: who}}, true
	case TopicLine:
		v.update(v.syncLocked)
		return &line{seat{views: v, who: who}}, true
	case TopicHost:
		if !who.admin() {
			return nil, false
		}
		v.update(v.syncLocked)
		return host{v}, true
	case TopicNotices:
		if p.User == "" { // the controller's own socket is nobody in particular
			return nil, false
		}
		return &news{views: v, user: p.User}, true
	case TopicCommands:
		if p.User == "" || v.cfg.Commands == nil {
			return nil, false
		}
		return commands{v.cfg.Commands, p.User}, true
	}
	return v.torrent(who, topic)
}
