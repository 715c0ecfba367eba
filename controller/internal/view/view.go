// Package view owns what a person may see of the boxes, and the form in which
// their page gets it: it turns the changes of a box's state into the rows of the
// topics. Whatever leaves the controller for a page goes through here, so this
// is where ownership is held against it.
package view

import (
	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/controller/internal/hub"
	"offing/tunnel/state"
)

// The topics. The names go over the wire.
const (
	TopicTorrents = "torrents" // the list, as rows with the fields that have changed
	TopicLine     = "line"     // each box's line, daemon and host, and the age of its data
)

// Source is where the boxes come from. *fleet.Fleet is one.
type Source interface {
	Boxes() []fleet.Box
	Changed() <-chan struct{}
	// Watch makes the boxes be polled often until release is called.
	Watch() (release func())
}

// Views implements hub.Views.
type Views struct{ source Source }

// New returns the views of the boxes in source.
func New(source Source) *Views { return &Views{source} }

// View implements hub.Views. All administrators share a view.
func (v *Views) View(p account.Principal) string {
	if p.Role == account.RoleAdmin {
		return "admin"
	}
	return "user/" + string(p.User)
}

// Feed implements hub.Views.
func (v *Views) Feed(p account.Principal, topic string) (hub.Feed, bool) {
	switch topic {
	case TopicTorrents:
		return newTorrents(v.source, v.Sees(p)), true
	case TopicLine:
		return line{v.source}, true
	}
	return nil, false
}

// Filter tells whether a torrent of a box is to be seen.
type Filter func(box string, h state.Hash) bool

// Sees returns what p may see: everything for administrators, and nothing for
// anybody else while there are no owners.
func (v *Views) Sees(p account.Principal) Filter {
	admin := p.Role == account.RoleAdmin
	return func(string, state.Hash) bool { return admin }
}

// Boxes returns the boxes of which p may see everything, as a report shows it:
// all of them for administrators, and none for anybody else.
func (v *Views) Boxes(p account.Principal) []fleet.Box {
	if p.Role != account.RoleAdmin {
		return nil
	}
	return v.source.Boxes()
}
