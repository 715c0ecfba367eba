package view

import (
	"context"
	"slices"
	"strings"
	"time"

	"offing/controller/internal/fleet"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// Run keeps all live views current until ctx ends.
func (v *Views) Run(ctx context.Context) {
	defer v.readers.Wait()
	defer v.update(v.end)
	defer v.stop()
	for {
		changed := v.cfg.Source.Changed()
		v.step()
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-v.poke:
		}
	}
}

// regrant notes that a torrent was given or taken. It may be called with the
// owners' locks held.
func (v *Views) regrant(k owners.Key) {
	v.keysMu.Lock()
	v.keys[k] = struct{}{}
	v.keysMu.Unlock()
	v.nudge()
}

// advanceLocked brings all live views to the present.
func (v *Views) advanceLocked() {
	v.syncLocked()
	if now := time.Now(); now.After(v.sweepAt) {
		v.sweepLocked(now)
	}
	for _, b := range *v.shown.Load() {
		v.routeLocked(b)
	}
	for k := range v.takeKeys() {
		if b := v.boxes[k.Box]; b != nil {
			c := b.look(k.Hash)
			v.placeLocked(b, &c)
		}
	}
	v.publishLocked()
}

// takeKeys returns the torrents whose grants have changed since the last call.
func (v *Views) takeKeys() map[owners.Key]struct{} {
	v.keysMu.Lock()
	defer v.keysMu.Unlock()
	keys := v.keys
	v.keys = make(map[owners.Key]struct{})
	return keys
}

// syncLocked takes note of which boxes there are, and how they are.
func (v *Views) syncLocked() {
	present := v.cfg.Source.Boxes()
	moved := false
	for name, b := range v.boxes {
		if !slices.ContainsFunc(present, func(f fleet.Box) bool { return f.Name == name && f.State == b.state }) {
			v.leaveLocked(b)
			moved = true
		}
	}
	for i := range present {
		if v.boxes[present[i].Name] == nil {
			v.arriveLocked(present[i])
			moved = true
		}
		v.statusLocked(v.boxes[present[i].Name], &present[i])
	}
	if !moved {
		return
	}
	shown := make([]*box, 0, len(v.boxes))
	for _, b := range v.boxes {
		shown = append(shown, b)
	}
	slices.SortFunc(shown, func(a, b *box) int { return strings.Compare(a.name, b.name) })
	v.shown.Store(&shown)
	v.wakeLocked(v.lines)
	v.wakeLocked(v.hosts)
}

// routeLocked tells the live views what has changed at a box. While nobody looks
// it costs nothing.
func (v *Views) routeLocked(b *box) {
	if len(v.tables) == 0 && len(v.open) == 0 {
		b.routed = b.state.Version().Seq
		return
	}
	changes := b.news()
	v.stats.routed.Add(int64(len(changes)))
	for i := range slices.Backward(changes) {
		v.placeLocked(b, &changes[i])
	}
}

// placeLocked marks a torrent in the live views of those who may see it, and
// takes it out of all others.
func (v *Views) placeLocked(b *box, c *change) {
	key := owners.Key{Box: b.name, Hash: c.hash}
	if l := v.open[key]; l != nil {
		v.wakeLocked(*l)
	}
	if c.removed {
		v.removeLocked(b, c.hash)
		return
	}
	if len(v.tables) == 0 {
		return
	}
	grants := v.cfg.Owners.Grants(key, c.added)
	if t := v.tables[viewer{}]; t != nil {
		v.putLocked(t, b, c, owners.Grant{Access: owners.Own}, grants)
	}
	for _, g := range grants {
		if t := v.tables[viewer{g.User}]; t != nil && g.User != "" {
			v.putLocked(t, b, c, g, nil)
		}
	}
	for _, t := range slices.Clone(b.holders[c.hash]) {
		if !t.who.admin() && owners.AccessOf(grants, t.who.user) == owners.None {
			v.dropLocked(t, b, c.hash)
		}
	}
}

func (v *Views) removeLocked(b *box, h state.Hash) {
	for _, t := range slices.Clone(b.holders[h]) {
		v.dropLocked(t, b, h)
	}
}

// publishLocked makes known how much the tables have been told. It comes after
// they were told: a mark may claim less than what its view has, never more.
func (v *Views) publishLocked() {
	before, shown := *v.routed.Load(), *v.shown.Load()
	now := make(positions, len(shown))
	for i, b := range shown {
		now[i] = position{b.id, b.routed}
	}
	if !slices.Equal(before, now) {
		v.routed.Store(&now)
	}
}
