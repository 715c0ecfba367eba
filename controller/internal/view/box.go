package view

import (
	"sync/atomic"

	"offing/controller/internal/fleet"
	"offing/tunnel/state"
)

// box is one box's state in the eyes of the router. A box that is paired anew, or
// whose copy begins anew, is another one.
type box struct {
	id     uint64 // never used again
	name   string
	state  *state.State
	status atomic.Pointer[status]

	// Guarded by Views.mu.
	routed  uint64                  // sequence of state that the tables were told of
	holders map[state.Hash][]*table // the tables that have the torrent
}

// change is what the router needs to know of a torrent that has changed.
type change struct {
	hash    state.Hash
	removed bool
	added   int64
	share   share
}

func changeOf(e state.Entry) change {
	t := e.Torrent()
	return change{hash: t.Hash, removed: e.Removed(), added: t.Added, share: shareOf(t)}
}

// news returns what has changed since the last call, the oldest change first.
// Removals that the state has forgotten are found by looking for what the tables
// still have.
func (b *box) news() []change {
	var changes []change
	b.state.View(func(r state.Reader) {
		r.ChangedAfter(b.routed, func(e state.Entry) bool {
			changes = append(changes, changeOf(e))
			return true
		})
		if !r.Knows(b.routed) {
			for h := range b.holders {
				if _, ok := r.Get(h); !ok {
					changes = append(changes, change{hash: h, removed: true})
				}
			}
		}
		b.routed = r.Version().Seq
	})
	return changes
}

// all returns every torrent as a change, the most recent first.
func (b *box) all() []change {
	var changes []change
	b.state.View(func(r state.Reader) {
		changes = make([]change, 0, r.Len())
		r.ChangedAfter(0, func(e state.Entry) bool {
			changes = append(changes, changeOf(e))
			return true
		})
	})
	return changes
}

// look returns the torrent as a change, a removed one when it is not there.
func (b *box) look(h state.Hash) change {
	c := change{hash: h, removed: true}
	b.state.View(func(r state.Reader) {
		if e, ok := r.Get(h); ok {
			c = changeOf(e)
		}
	})
	return c
}

// positions tells how much of each box all tables have been told. It is shared
// and never written to.
type positions []position

type position struct {
	box uint64
	seq uint64
}

// of returns the sequence of a box's state, 0 for none.
func (p *positions) of(box uint64) uint64 {
	if p != nil {
		for i := range *p {
			if (*p)[i].box == box {
				return (*p)[i].seq
			}
		}
	}
	return 0
}

// arriveLocked makes a box known, and leaveLocked forgets one.
func (v *Views) arriveLocked(b fleet.Box) {
	v.lastBox++
	v.boxes[b.Name] = &box{id: v.lastBox, name: b.Name, state: b.State, holders: make(map[state.Hash][]*table)}
	for _, t := range v.tables {
		v.lookLocked(t)
	}
}

func (v *Views) leaveLocked(b *box) {
	for h := range b.holders {
		v.removeLocked(b, h)
	}
	delete(v.boxes, b.name)
	for _, t := range v.tables {
		t.unlook(b)
	}
	v.wakeOpenLocked(b.name)
}

// wakeOpenLocked wakes those who look at the details of a box's torrents.
func (v *Views) wakeOpenLocked(box string) {
	for key, l := range v.open {
		if key.Box == box {
			v.wakeLocked(*l)
		}
	}
}
