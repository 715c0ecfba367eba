package control

import (
	"fmt"
	"slices"

	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/tunnel"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// line is what matters of a box to its commands.
type line struct {
	up     bool   // commands can travel
	reason string // why not, for a person
	other  bool   // reason is not of the line itself
	state  *state.State
	outbox *command.Outbox // nil when there is no such box
}

// why says for a person why a command waits.
func (l line) why(box string) string {
	switch {
	case l.state == nil:
		return fmt.Sprintf("there is no box %s any more", box)
	case l.other:
		return l.reason
	case l.reason == "":
		return fmt.Sprintf("the line to %s is not up yet", box)
	}
	return fmt.Sprintf("the line to %s is down: %s", box, l.reason)
}

// torrent returns what the box has under h.
func (l line) torrent(h state.Hash) (state.Torrent, bool) {
	if l.state == nil {
		return state.Torrent{}, false
	}
	return l.state.Get(h)
}

// look takes in how the boxes are, and returns their lines. Who waits for one that
// is now otherwise is told.
func (c *Control) look() map[string]line {
	now := make(map[string]line)
	for _, b := range c.cfg.Boxes.Boxes() {
		now[b.Name] = c.lineOf(b)
	}
	var users []account.User
	c.mu.Lock()
	before := c.lines
	c.lines = now
	for _, o := range c.orders {
		if was, is := before[o.Box], now[o.Box]; !o.State.Ended() && (was.up != is.up || was.reason != is.reason) {
			c.touchLocked(o)
			users = append(users, o.User)
		}
	}
	c.mu.Unlock()
	c.tell(users...)
	return now
}

func (c *Control) lineOf(b fleet.Box) line {
	l := line{up: b.Line.State == string(tunnel.Up), reason: b.Line.Reason, state: b.State}
	switch {
	case b.NoCommands != "":
		l.up, l.other, l.reason = false, true, b.NoCommands
	case l.up && fleet.Unheard(b.Name, b.State) != nil: // whose torrents are whose is not known yet
		l.up, l.other, l.reason = false, true, fmt.Sprintf("the line to %s has just come up", b.Name)
	}
	if outbox, ok := c.cfg.Boxes.Outbox(b.Name); ok {
		l.outbox = outbox
	} else {
		l.up = false // its pairing cannot be used
	}
	return l
}

// aheadLocked tells whether orders for the box wait that came earlier.
func (c *Control) aheadLocked(box string) bool {
	return slices.ContainsFunc(c.unendedLocked(box), func(o *order) bool { return o.State == Waiting })
}
