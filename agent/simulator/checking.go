package simulator

import (
	"offing/tunnel/state"
)

// verify checks the content on the disk, which takes its time.
func (s *Simulator) verify(t *torrent) {
	if t.status == state.Checking || t.status == state.CheckQueued || t.metadata < 1 {
		return
	}
	s.touch(t)
	running := t.running()
	s.endFlow(t)
	t.status, t.after, t.checked = state.CheckQueued, state.Stopped, 0
	if running {
		t.after = t.goal()
	}
	s.pending = append(s.pending, t)
}

// announce asks the trackers of a torrent that came by torrent-add. Those of the
// others are made up.
func (s *Simulator) announce(t *torrent) {
	if t.own == nil || len(t.trackers()) == 0 || !t.running() {
		return
	}
	if !t.own.announce {
		t.own.announce = true
		s.pending = append(s.pending, t)
	}
}

// checkSpeed is how fast the disk is read, in bytes a second.
const checkSpeed = 400e6

// settlePending moves the verifications and the announces by one tick.
func (s *Simulator) settlePending() {
	if len(s.pending) == 0 {
		return
	}
	list := s.pending
	s.pending = nil
	checking := false // the daemon verifies one torrent after the other
	for _, t := range list {
		if t.gone {
			continue
		}
		switch t.status {
		case state.CheckQueued, state.Checking:
			if checking || !s.check(t) {
				s.pending = append(s.pending, t)
			}
			checking = true
		default:
			if t.own != nil && t.own.announce {
				s.announced(t)
			}
		}
	}
}

// check verifies for one tick; it returns true at the end.
func (s *Simulator) check(t *torrent) bool {
	if t.status == state.CheckQueued {
		t.status = state.Checking
		return false
	}
	s.touch(t)
	if t.checked += checkSpeed * perSecond / float64(max(1, t.size)); t.checked < 1 {
		return false
	}
	t.checked = 0
	if t.own != nil {
		t.left = t.size
		if s.placed[t.name] {
			t.left = 0
		}
	}
	if t.left == 0 && t.done == 0 && s.cfg.RPCVersion >= RPC17 { // 3.00 notes what it has downloaded only
		t.done = s.unix()
	}
	t.status = state.Stopped
	if t.after != state.Stopped {
		s.run(t, t.goal())
	}
	return true
}

func (s *Simulator) announced(t *torrent) {
	t.own.announce = false
	t.fails = Failure{}
	for _, url := range t.trackers() {
		if s.cfg.Announce != nil && t.fails.Text == "" {
			t.fails = s.cfg.Announce(url)
		}
	}
	if t.err != state.LocalError {
		t.err, t.errText = t.fails.Kind, ""
		if t.err != state.NoError {
			t.errText = t.fails.Text
		}
	}
}
