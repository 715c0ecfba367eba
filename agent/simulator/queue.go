package simulator

import (
	"encoding/json"
	"slices"
)

// touchQueue makes a torrent whose place in the queue has changed recently
// active, which 4.1 does not.
func (s *Simulator) touchQueue(t *torrent) {
	if s.cfg.RPCVersion < RPC18 {
		s.touch(t)
	}
}

// setQueue moves a torrent to a place in the queue; those between give way.
func (s *Simulator) setQueue(t *torrent, to int) {
	from := t.queue
	to = min(max(to, 0), len(s.torrents)-1)
	if from == to {
		return
	}
	for _, other := range s.torrents {
		switch q := other.queue; {
		case from < q && q <= to:
			other.queue--
		case to <= q && q < from:
			other.queue++
		default:
			continue
		}
		s.touchQueue(other)
	}
	t.queue = to
	s.touchQueue(t)
}

// queueMove returns the method of that name. Several torrents keep their order
// among themselves.
func queueMove(name string) method {
	return func(s *Simulator, _ *object, arguments json.RawMessage) refusal {
		list, _ := s.selected(decode[getArguments](arguments).IDs)
		list = slices.Clone(list)
		slices.SortFunc(list, func(a, b *torrent) int { return a.queue - b.queue })
		if name == "queue-move-top" || name == "queue-move-down" {
			slices.Reverse(list)
		}
		for _, t := range list {
			switch name {
			case "queue-move-top":
				s.setQueue(t, 0)
			case "queue-move-bottom":
				s.setQueue(t, len(s.torrents)-1)
			case "queue-move-up":
				s.setQueue(t, t.queue-1)
			case "queue-move-down":
				s.setQueue(t, t.queue+1)
			}
		}
		return ""
	}
}
