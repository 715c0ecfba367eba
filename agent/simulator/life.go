package simulator

import (
	"slices"

	"offing/tunnel/state"
)

// How often things happen that the torrents' own movement does not bring.
const (
	additionEvery = 60  // seconds
	failureEvery  = 45  // an error comes, or goes
	seedingFor    = 600 // seconds: how long an active seed stays so, on average
	loading       = 3   // one of so many active torrents downloads
	findTries     = 50
)

// tickLocked moves everything by one tick.
func (s *Simulator) tickLocked() {
	s.now += tick
	if s.loading() {
		return
	}
	for i := 0; i < len(s.flows); {
		f := s.flows[i]
		s.advance(f)
		if f.loading && f.t.left == 0 {
			s.completed(f.t) // takes f out of the flows
		} else {
			i++
		}
	}
	s.settlePending()
	if !s.cfg.Quiet {
		s.happen()
	}
	for s.wanting() && s.begin() {
	}
}

// wanting tells whether fewer torrents transfer than should.
func (s *Simulator) wanting() bool { return len(s.flows) < min(s.cfg.Active, len(s.torrents)) }

// completed turns a download into a seed.
func (s *Simulator) completed(t *torrent) {
	if s.cfg.Quiet {
		t.left = t.size // begins anew, so that the number that downloads stays
		return
	}
	t.done = s.unix()
	s.endFlow(t)
	s.flowOf(t)
}

// chance tells whether something that happens every so many seconds does in
// this tick.
func (s *Simulator) chance(seconds float64) bool { return s.rng.Float64() < perSecond/seconds }

// happen lets things happen, a few a minute.
func (s *Simulator) happen() {
	if len(s.torrents) == 0 || s.cfg.Torrents == 0 {
		return // a box that was empty from the start is left to its clients
	}
	if s.chance(additionEvery) {
		s.addition()
	}
	if len(s.torrents) > s.cfg.Torrents && s.chance(additionEvery) {
		s.remove(s.torrents[s.rng.IntN(len(s.torrents))])
	}
	if s.chance(failureEvery) {
		s.failOrMend(s.rng.IntN(2) == 0)
	}
	if n := len(s.flows); n > 0 && s.chance(seedingFor/float64(n)) {
		if f := s.flows[s.rng.IntN(n)]; !f.loading {
			s.endFlow(f.t)
		}
	}
}

// addition adds a torrent that downloads, in the place of one that seeds.
func (s *Simulator) addition() {
	t := s.makeTorrent(s.unix())
	t.left, t.down, t.done, t.active = t.size, 0, 0, 0
	s.insert(t)
	s.touch(t)
	if s.cfg.Active == 0 {
		return // added paused
	}
	t.started = s.unix()
	s.flowOf(t)
	if i := slices.IndexFunc(s.flows, func(f *flow) bool { return !f.loading }); i >= 0 && len(s.flows) > s.cfg.Active {
		s.endFlow(s.flows[i].t)
	}
}

// failOrMend gives an idle torrent an error, or takes one.
func (s *Simulator) failOrMend(mend bool) {
	for range findTries {
		t := s.torrents[s.rng.IntN(len(s.torrents))]
		switch {
		case t.own != nil || mend != (t.err != state.NoError):
			continue
		case mend:
			t.fail(Failure{})
			return
		case t.flow == nil && t.running():
			t.fail(failures[s.rng.IntN(len(failures)-1)]) // all but the local one, which stops
			return
		}
	}
}

// begin lets one more torrent transfer, so that about a third of all that do
// download. It returns false when no torrent can.
func (s *Simulator) begin() bool {
	downloads := 0
	for _, f := range s.flows {
		if f.loading {
			downloads++
		}
	}
	load := downloads*loading < len(s.flows)+1
	if t := s.idle(load); t != nil {
		t.started = s.unix()
		s.flowOf(t)
		return true
	}
	if load && s.cfg.Torrents > 0 {
		s.addition()
		return true
	}
	return false
}

// idle finds a torrent that could transfer and does not: one to be downloaded,
// or a seed.
func (s *Simulator) idle(load bool) *torrent {
	fits := func(t *torrent) bool {
		if t.flow != nil || t.own != nil || t.err == state.LocalError || slices.Contains(s.pending, t) {
			return false
		}
		if load {
			return t.left > 0
		}
		return t.status == state.Seeding
	}
	if len(s.torrents) == 0 {
		return nil
	}
	for range findTries {
		if t := s.torrents[s.rng.IntN(len(s.torrents))]; fits(t) {
			return t
		}
	}
	return nil
}

// warmUp fills the windows of the rates, so that the first answer is like any
// other.
func (s *Simulator) warmUp() {
	for range window {
		for _, f := range s.flows {
			s.advance(f)
		}
	}
}
