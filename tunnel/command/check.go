package command

import (
	"fmt"

	"offing/tunnel/state"
)

// refuse makes the Fault of a command that cannot be.
func refuse(code FaultCode, format string, args ...any) *Fault {
	return &Fault{Code: code, Text: fmt.Sprintf(format, args...)}
}

func bad(format string, args ...any) *Fault { return refuse(BadCommand, format, args...) }

// Check tells whether c keeps to the vocabulary and its limits: a known Kind with
// exactly its parts, torrents where there must be some and each once, figures and
// texts within bounds, no "..", no control characters. It does not know the box's
// folders. The error is a *Fault.
func (c *Command) Check() error {
	// Not one return: a nil *Fault is an error that is not nil.
	if f := c.check(); f != nil {
		return f
	}
	return nil
}

func (c *Command) check() *Fault {
	if c.ID == (ID{}) {
		return bad("a command must have an id")
	}
	if !c.Kind.known() {
		return bad("there is no such command; this end may be newer than the other: update both")
	}
	if f := c.checkTorrents(); f != nil {
		return f
	}
	if f := c.checkParts(); f != nil {
		return f
	}
	switch c.Kind {
	case Move:
		return checkDir(c.Move.Dir, false)
	case Rename:
		return c.Rename.check()
	case Change:
		return c.Change.check(len(c.Torrents))
	case Add:
		return c.Add.check()
	case Configure:
		return c.Settings.check()
	case FreeSpace:
		return checkDir(c.Dir, true)
	}
	return nil
}

// known tells whether the kind is one of the vocabulary.
func (k Kind) known() bool {
	switch k {
	case Start, StartNow, Stop, Verify, Reannounce, Remove, Move, Rename, Change,
		QueueTop, QueueUp, QueueDown, QueueEnd, Add, Configure, FreeSpace, TestPort, Blocklist:
		return true
	}
	return false
}

func (c *Command) checkTorrents() *Fault {
	n := len(c.Torrents)
	switch {
	case !c.Kind.AboutTorrents():
		if n > 0 {
			return bad("%s is not about torrents, but some were named", c.Kind)
		}
		return nil
	case n == 0:
		return refuse(NoTorrents, "no torrents were named; name those that are meant")
	case n > MaxTorrents:
		return bad("%d torrents are too many at once; a command takes %d", n, MaxTorrents)
	case n > 1 && c.Kind == Rename:
		return bad("one torrent at a time can be renamed")
	}
	seen := make(map[state.Hash]struct{}, n)
	for _, h := range c.Torrents {
		if _, twice := seen[h]; twice {
			return bad("a torrent was named twice")
		}
		seen[h] = struct{}{}
	}
	return nil
}

// checkParts looks for exactly the parts that the kind names.
func (c *Command) checkParts() *Fault {
	for _, part := range []struct {
		kind  Kind
		there bool
	}{
		{Remove, c.Remove != nil}, {Move, c.Move != nil}, {Rename, c.Rename != nil},
		{Change, c.Change != nil}, {Add, c.Add != nil}, {Configure, c.Settings != nil},
	} {
		if part.kind == c.Kind && !part.there {
			return bad("%s must say what it is to do", c.Kind)
		}
		if part.kind != c.Kind && part.there {
			return bad("%s has a part that belongs to %s", c.Kind, part.kind)
		}
	}
	if c.Dir != "" && c.Kind != FreeSpace {
		return bad("%s has a part that belongs to %s", c.Kind, FreeSpace)
	}
	return nil
}
