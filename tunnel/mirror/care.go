package mirror

import (
	"time"

	"offing/tunnel/state"
)

// Level is how much home cares for a box at the moment. The values go over the
// line.
type Level uint8

// The values of Level.
const (
	Idle     Level = 0 // nobody looks
	Watching Level = 1 // a page shows the box: rates to two percent, counters now and then
	Exact    Level = 2 // somebody asked for figures: every byte
)

// care is what home has said that it cares for.
type care struct {
	level   Level
	open    []state.Hash // torrents that somebody has open
	changed bool         // since last asked
}

// isOpen tells whether somebody has the torrent open.
func (c *care) isOpen(h state.Hash) bool {
	for i := range c.open {
		if c.open[i] == h {
			return true
		}
	}
	return false
}

func (c *care) freshEvery() time.Duration {
	if c.level == Idle {
		return freshIdle
	}
	return freshWatching
}
