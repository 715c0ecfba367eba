package view

import (
	"slices"

	"offing/controller/client"
	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// List returns those of the torrents that p may see that q, which must have been
// checked, asks for, and how many there are without its Limit and Offset. A box that
// p does not see has none.
func (v *Views) List(p account.Principal, q Query) (rows []client.Row, total int) {
	rows = []client.Row{}
	if !known(p) {
		return rows, 0
	}
	boxes := v.cfg.Source.Boxes()
	s := newSearch(q)
	if viewerOf(p).admin() {
		s.seeAll(boxes)
	} else {
		v.seeTheirs(s, p.User, boxes)
	}
	for _, i := range s.page() {
		// It may be gone by now, or another's be in its place.
		if row, ok := v.rowOf(p, &boxes[i.box], i.hash); ok {
			rows = append(rows, row)
		}
	}
	return rows, len(s.found)
}

// seeAll has s look at every torrent.
func (s *search) seeAll(boxes []fleet.Box) {
	for i := range boxes {
		if s.Box == "" || s.Box == boxes[i].Name {
			boxes[i].State.Each(func(t *state.Torrent) bool {
				s.see(i, t)
				return true
			})
		}
	}
}

// seeTheirs has s look at what u may see.
func (v *Views) seeTheirs(s *search, u account.User, boxes []fleet.Box) {
	at := make(map[string]int, len(boxes))
	for i, b := range boxes {
		at[b.Name] = i
	}
	for _, k := range v.cfg.Owners.Torrents(u) {
		i, ok := at[k.Box]
		if !ok || s.Box != "" && s.Box != k.Box {
			continue
		}
		if t, ok := boxes[i].State.Get(k.Hash); ok && v.cfg.Owners.Access(u, k, t.Added) != owners.None {
			s.see(i, &t)
		}
	}
}

// Row returns one torrent as p may see it, or false when p may not.
func (v *Views) Row(p account.Principal, k owners.Key) (client.Row, bool) {
	if !known(p) {
		return client.Row{}, false
	}
	boxes := v.cfg.Source.Boxes()
	i := slices.IndexFunc(boxes, func(b fleet.Box) bool { return b.Name == k.Box })
	if i < 0 {
		return client.Row{}, false
	}
	return v.rowOf(p, &boxes[i], k.Hash)
}

func (v *Views) rowOf(p account.Principal, b *fleet.Box, h state.Hash) (client.Row, bool) {
	t, ok := b.State.Get(h)
	if !ok {
		return client.Row{}, false
	}
	g := owners.Grant{Access: owners.Own}
	if !viewerOf(p).admin() {
		g = owners.GrantOf(v.cfg.Owners.Grants(owners.Key{Box: b.Name, Hash: h}, t.Added), p.User)
	}
	return rowFor(b.Name, &t, g), g.Access != owners.None
}

// rowFor returns what somebody with that grant is told of a torrent.
func rowFor(box string, t *state.Torrent, g owners.Grant) client.Row {
	access := g.Access
	r := client.Row{
		Torrent: client.Torrent{Box: box, Hash: t.Hash}, Name: t.Name, State: t.Status.String(),
		Progress: part(t.Progress()), Checked: part(t.Checked),
		Size: t.Size, Total: t.Total, Left: t.Left, RateDown: t.RateDown, RateUp: t.RateUp,
		Downloaded: t.Downloaded, Uploaded: t.Uploaded, ETA: t.ETA(), Ratio: t.Ratio(), Peers: t.Peers,
		Error: textFor(t.ErrorText, Reads(g)), ErrorKind: t.Error, Labels: t.Labels,
		Added: t.Added, Done: t.Done, Queue: t.Queue, Files: t.Files, Private: t.Private,
		Access: word(access), Options: client.Options(t.Options),
	}
	if access == owners.Own { // who brought it or joined: content is found by its folder
		r.Dir = t.Dir
	}
	if r.Labels == nil {
		r.Labels = []string{}
	}
	return r
}

func part(f state.Fraction) float64 { return float64(f) / float64(state.Whole) }
