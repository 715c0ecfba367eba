package view

import (
	"offing/controller/client"
	"offing/controller/internal/account"
	"offing/controller/internal/control"
	"offing/controller/internal/hub"
)

// Bounds of what the topic tells of one command; the API tells all.
const (
	mostTorrents = 200
	mostFaults   = 100
)

// Commands knows what people have asked for. *control.Control is one. Calls do not
// block.
type Commands interface {
	// Changes returns u's orders that are otherwise since a version, 0 for all, the
	// oldest first, and the version of now.
	Changes(u account.User, since uint64) ([]control.Order, uint64)
	Watch(u account.User, changed func()) (stop func())
}

// commands is the Feed of a person's commands. Its Mark is a version.
type commands struct {
	from Commands
	user account.User
}

// OrderOf returns an order as the API tells of it.
func OrderOf(o control.Order) client.Order {
	p := client.Order{
		ID: o.ID, Box: o.Box, User: string(o.User), Do: o.Do, Torrents: o.Torrents, State: string(o.State),
		Done: o.Done, Of: o.Of, Why: o.Why, Created: o.Created, Expires: o.Expires, Ended: o.Ended,
	}
	if o.State.Ended() {
		p.Result = &o.Result
	}
	return p
}

// shortOrder returns an order as a page is told of it.
func shortOrder(o control.Order) client.Order {
	if len(o.Torrents) > mostTorrents {
		o.Torrents = nil
	}
	o.Result.Faults = o.Result.Faults[:min(len(o.Result.Faults), mostFaults)]
	return OrderOf(o)
}

// Watch implements hub.Feed.
func (f commands) Watch(changed func()) (stop func()) { return f.from.Watch(f.user, changed) }

// Since implements hub.Feed. An order that has been forgotten is not told of: pages
// let go of what ended long ago.
func (f commands) Since(mark hub.Mark) hub.Update {
	since, ours := mark.(uint64)
	changed, now := f.from.Changes(f.user, since)
	u := hub.Update{Mark: now, Reset: !ours}
	var part []byte
	for i := range changed {
		if part = append(separated(part), encode(shortOrder(changed[i]))...); len(part) >= partSize {
			u.Parts, part = append(u.Parts, commandsPart(part)), nil
		}
	}
	if len(part) > 0 || u.Reset && len(u.Parts) == 0 {
		u.Parts = append(u.Parts, commandsPart(part))
	}
	return u
}

func commandsPart(orders []byte) []byte {
	return append(append([]byte(`"commands":[`), orders...), ']')
}
