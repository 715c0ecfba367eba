package hub

import (
	"math/rand/v2"
	"time"
)

// Pace says how patient a Hub is with its connections.
type Pace struct {
	Open    time.Duration // from the connection to its ticket
	Ping    time.Duration // between two pings, give or take a fifth, so that connections do not ping in step
	Silence time.Duration // from the page, pongs included
	Grace   time.Duration // for a connection to take one write
}

// UsualPace returns the Pace of a Hub that is told nothing else.
func UsualPace() Pace {
	return Pace{Open: 10 * time.Second, Ping: 25 * time.Second, Silence: 70 * time.Second, Grace: 10 * time.Second}
}

// nextPing returns a time from one ping to the next.
func (p Pace) nextPing() time.Duration { return p.Ping*4/5 + rand.N(p.Ping*2/5+1) }

// Option changes what New makes.
type Option func(*Hub)

// WithPace has a Hub be as patient as p.
func WithPace(p Pace) Option { return func(h *Hub) { h.pace = p } }
