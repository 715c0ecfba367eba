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

// orderOf returns an order as a page is told of it.
func orderOf(o *control.Order) client.Order {
	p := client.Order{
		ID: o.ID, Box: o.Box, User: string(o.User), Do: o.Do, State: string(o.State), Done: o.Done, Of: o.Of, Why: o.Why,
		Created: o.Created, Expires: o.Expires, Ended: o.Ended,
	}
	if len(o.Torrents) <= mostTorrents {
		p.Torrents = o.Torrents
	}
	if o.State.Ended() {
		r := o.Result
		r.Faults = r.Faults[:min(len(r.Faults), mostFaults)]
		p.Result = &r
	}
	return p
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
		if part = append(separated(part), encode(orderOf(&changed[i]))...); len(part) >= partSize {
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
