package view

import "sync/atomic"

type counters struct {
	routed, marked, woken, visited atomic.Int64
}

// Stats are counts since the start, but for the first two.
type Stats struct {
	Views   int   // live now
	Entries int   // torrents in all live views together
	Routed  int64 // changes of torrents that were looked at
	Marked  int64 // marks of a torrent in a live view
	Woken   int64 // feeds that were told of news
	Visited int64 // entries that feeds have looked at to make their frames
}

// Stats returns what has been counted.
func (v *Views) Stats() Stats {
	s := Stats{
		Routed: v.stats.routed.Load(), Marked: v.stats.marked.Load(),
		Woken: v.stats.woken.Load(), Visited: v.stats.visited.Load(),
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	s.Views = len(v.tables)
	for _, t := range v.tables {
		t.mu.Lock()
		s.Entries += len(t.entries)
		t.mu.Unlock()
	}
	return s
}
