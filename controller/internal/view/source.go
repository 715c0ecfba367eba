package view

import (
	"context"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/controller/internal/notices"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// Source is where the boxes come from. *fleet.Fleet is one. Calls do not block.
type Source interface {
	Boxes() []fleet.Box
	Changed() <-chan struct{}
	// Watch makes the box of that name be polled often until release is called.
	Watch(box string) (release func())
	// Open has the details of a torrent kept until release is called, and calls
	// changed, without a lock held and never from Open itself, when there are
	// newer ones.
	Open(box string, h state.Hash, changed func()) (release func())
	// Detail returns the newest details and when they were true. It is false
	// while there are none.
	Detail(box string, h state.Hash) (state.Detail, time.Time, bool)
}

// Owners knows whose torrents are whose. *owners.Owners is one. A torrent is
// named by its key and its state.Torrent.Added.
type Owners interface {
	// Grants returns who may see it, in the order of their names. The slice is
	// shared and never written to.
	Grants(k owners.Key, added int64) []owners.Grant
	Access(u account.User, k owners.Key, added int64) owners.Access
	// Torrents returns all that u was given.
	Torrents(u account.User) []owners.Key
	// Watch calls f after each change of a key's grants. f does not block.
	Watch(f func(owners.Key)) (stop func())
	// Quota returns u's limits, and what counts against them.
	Quota(u account.User) (owners.Quota, owners.Usage)
	// WatchQuota calls changed, which does not block, after each change of them.
	WatchQuota(u account.User, changed func()) (stop func())
}

// Notices knows what each should be told. *notices.Notices is one.
type Notices interface {
	// Last returns the newest n, the oldest of them first.
	Last(ctx context.Context, u account.User, n int) ([]notices.Notice, error)
	Watch(u account.User, changed func()) (stop func())
}
