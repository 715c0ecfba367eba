package rpc

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"offing/controller/internal/fleet"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// choice is which torrents a request is about ("ids").
type choice struct {
	all    bool // none were named: all that the asker may see
	recent bool // those that have changed lately, and what is gone
	keys   []owners.Key
}

// chosen is a torrent that the asker may see.
type chosen struct {
	hash   state.Hash
	added  int64
	access owners.Access
	secret bool // its secrets are the asker's too
	id     int64
}

// boxesOf returns the boxes that the asker speaks of, in the order of their names. One
// that is not there is as one without torrents.
func (e *Endpoint) boxesOf(who asker) []fleet.Box {
	boxes := e.cfg.Boxes.Boxes()
	if who.box != "" {
		boxes = slices.DeleteFunc(boxes, func(b fleet.Box) bool { return b.Name != who.box })
	}
	return boxes
}

// choose reads "ids". What is no number, hash or word is left out, as a daemon does;
// so an empty list, or one of nonsense, is nothing and never all.
func (e *Endpoint) choose(ctx context.Context, who asker, boxes []fleet.Box, raw json.RawMessage) (choice, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return choice{all: true}, nil
	}
	items, ok := list(raw)
	if !ok {
		items = []json.RawMessage{raw}
	}
	var c choice
	seen := make(map[owners.Key]bool, min(len(items), maxIDs))
	err := e.ids.view(ctx, who.User, func(n *numbers) {
		for _, item := range items[:min(len(items), maxIDs)] {
			if word, ok := text(item); ok {
				c.named(word, boxes, seen)
			} else if id, ok := number(item); ok {
				if k, ok := n.key(id); ok && !seen[k] {
					seen[k] = true
					c.keys = append(c.keys, k)
				}
			}
		}
	})
	return c, err
}

// named adds the torrents of a hash, of which several boxes may have one.
func (c *choice) named(word string, boxes []fleet.Box, seen map[owners.Key]bool) {
	if snake(word) == "recently_active" {
		c.recent = true
		return
	}
	h, err := state.ParseHash(strings.TrimSpace(word))
	if err != nil {
		return
	}
	for _, b := range boxes {
		k := owners.Key{Box: b.Name, Hash: h}
		if !seen[k] {
			seen[k] = true
			c.keys = append(c.keys, k)
		}
	}
}

// look returns what the asker may see of a torrent; owners.None for nothing.
func (e *Endpoint) look(who asker, box string, t *state.Torrent) chosen {
	c := chosen{hash: t.Hash, added: t.Added}
	if who.admin() {
		c.access, c.secret = owners.Own, true
		return c
	}
	g := owners.GrantOf(e.cfg.Owners.Grants(owners.Key{Box: box, Hash: t.Hash}, t.Added), who.User)
	c.access, c.secret = g.Access, g.Secrets()
	return c
}

// visible returns the torrents of a box that the choice means and the asker may see,
// with their numbers, in the order of these.
func (e *Endpoint) visible(ctx context.Context, who asker, b fleet.Box, c choice) ([]chosen, error) {
	var found []chosen
	b.State.View(func(r state.Reader) {
		take := func(t *state.Torrent) {
			if one := e.look(who, b.Name, t); one.access != owners.None {
				found = append(found, one)
			}
		}
		if c.all {
			found = make([]chosen, 0, r.Len())
			r.ChangedAfter(0, func(x state.Entry) bool {
				if !x.Removed() {
					take(x.Torrent())
				}
				return true
			})
			return
		}
		for _, k := range c.keys {
			if x, ok := r.Get(k.Hash); ok && k.Box == b.Name {
				take(x.Torrent())
			}
		}
	})
	return found, e.number(ctx, who, b.Name, found)
}

// number puts the numbers into found, giving those that lack one, and sorts by them.
func (e *Endpoint) number(ctx context.Context, who asker, box string, found []chosen) error {
	var missing []owners.Key
	look := func(n *numbers) {
		missing = nil
		of := n.boxes[box]
		for i := range found {
			if found[i].id = of[found[i].hash]; found[i].id == 0 {
				missing = append(missing, owners.Key{Box: box, Hash: found[i].hash})
			}
		}
	}
	if err := e.ids.view(ctx, who.User, look); err != nil {
		return err
	}
	if len(missing) > 0 {
		slices.SortFunc(missing, func(a, b owners.Key) int { return slices.Compare(a.Hash[:], b.Hash[:]) })
		if err := e.ids.number(ctx, who.User, missing); err != nil {
			return err
		}
		if err := e.ids.view(ctx, who.User, look); err != nil {
			return err
		}
	}
	slices.SortFunc(found, func(a, b chosen) int { return int(a.id - b.id) })
	return nil
}

// lately returns what has changed lately of a box: the torrents, and the numbers of
// those that the asker saw and sees no more.
func (e *Endpoint) lately(ctx context.Context, who asker, b fleet.Box) (found []chosen, removed []int64, err error) {
	now := e.cfg.Now()
	seq, known := e.windows.since(b, now)
	c := choice{all: !known}
	gone := map[state.Hash]bool{}
	if known {
		b.State.View(func(r state.Reader) {
			if known = r.Knows(seq); !known {
				c.all = true
				return
			}
			seen := map[state.Hash]bool{}
			r.ChangedAfter(seq, func(x state.Entry) bool {
				h := x.Torrent().Hash
				seen[h] = true
				if gone[h] = x.Removed(); !gone[h] {
					c.keys = append(c.keys, owners.Key{Box: b.Name, Hash: h})
				}
				return true
			})
			for _, k := range e.windows.grants(now) {
				if k.Box == b.Name && !seen[k.Hash] {
					seen[k.Hash] = true
					c.keys = append(c.keys, k)
				}
			}
		})
	}
	if found, err = e.visible(ctx, who, b, c); err != nil {
		return nil, nil, err
	}
	removed, err = e.missing(ctx, who, b, c, gone, found)
	return found, removed, err
}

// maxRemoved bounds how many removed torrents are told of at once.
const maxRemoved = 10_000

// missing returns the numbers of those that c means, or that are gone, and that are
// not in found.
func (e *Endpoint) missing(ctx context.Context, who asker, b fleet.Box, c choice, gone map[state.Hash]bool, found []chosen) ([]int64, error) {
	there := make(map[state.Hash]bool, len(found))
	for i := range found {
		there[found[i].hash] = true
	}
	var removed []int64
	err := e.ids.view(ctx, who.User, func(n *numbers) {
		of := n.boxes[b.Name]
		add := func(h state.Hash) {
			if id := of[h]; id != 0 && !there[h] {
				removed = append(removed, id)
			}
		}
		if c.all { // whoever asks may remember any of them
			for h := range of {
				add(h)
			}
			return
		}
		for h, is := range gone {
			if is {
				add(h)
			}
		}
		for _, k := range c.keys {
			add(k.Hash)
		}
	})
	slices.Sort(removed)
	return removed[max(len(removed)-maxRemoved, 0):], err
}
