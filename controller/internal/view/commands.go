package view

import (
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/control"
	"offing/controller/internal/hub"
	"offing/tunnel/command"
	"offing/tunnel/state"
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

// order is a control.Order on a page, with the name of who asked.
type order struct {
	ID       command.ID      `json:"id"`
	Box      string          `json:"box"`
	User     string          `json:"user"`
	Do       command.Kind    `json:"do"`
	Torrents []state.Hash    `json:"torrents,omitempty"`
	State    control.State   `json:"state"`
	Done     int             `json:"done"`
	Of       int             `json:"of"`
	Why      string          `json:"why,omitempty"`
	Created  time.Time       `json:"created"`
	Expires  time.Time       `json:"expires"`
	Ended    time.Time       `json:"ended,omitzero"`
	Result   *command.Result `json:"result,omitempty"`
}

func orderOf(o *control.Order) order {
	p := order{
		ID: o.ID, Box: o.Box, User: string(o.User), Do: o.Do, State: o.State, Done: o.Done, Of: o.Of, Why: o.Why,
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
