package wire

import (
	"offing/tunnel/state"
	"offing/tunnel/wire/internal/entropy"
)

// boxModel is the part of the model that is not about torrents.
type boxModel struct {
	present [6]entropy.Bit // session, host, freshness, version, live, settings
	sample  entropy.Int
	age     entropy.Uint
	seq     entropy.Uint
	rpc     entropy.Int
	alt     entropy.Bit
	host    [8]entropy.Int
	has     [state.SettingsNumbers]entropy.Bit // is a number of the settings another
	by      entropy.Int                        // by how much

	lastSample, lastStep int64
	lastSeq              uint64
	lastHost             state.Host
	lastSettings         [state.SettingsNumbers]int64
}

// freshness is when the state was known to be true.
type freshness struct {
	known  bool
	sample int64  // milliseconds from the Welcome to then; negative before it
	age    uint64 // milliseconds from then to the writing of the frame
}

// fresh codes a freshness, and returns the milliseconds since the last one.
func (m *boxModel) fresh(c *entropy.Coder, f *freshness) (passed int64) {
	if f.known = m.present[2].Bool(c, f.known); !f.known {
		return 0
	}
	expected := m.lastSample + m.lastStep
	f.sample = expected + m.sample.Code(c, f.sample-expected)
	f.age = m.age.Code(c, f.age)
	passed = f.sample - m.lastSample
	m.lastStep, m.lastSample = min(max(passed, 0), maxStep), f.sample
	return passed
}

// version codes whether home has a whole state with this frame, and which.
func (m *boxModel) version(c *entropy.Coder, whole bool, seq uint64) (bool, uint64) {
	if !m.present[3].Bool(c, whole) {
		return false, 0
	}
	m.lastSeq += m.seq.Code(c, seq-m.lastSeq)
	return true, m.lastSeq
}

func (m *boxModel) sessionOf(c *entropy.Coder, w *words, v *state.Session) (*state.Session, error) {
	if !m.present[0].Bool(c, v != nil) {
		return nil, nil
	}
	if v == nil {
		v = new(state.Session)
	}
	s, err := *v, error(nil)
	s.Daemon = state.DaemonState(c.Raw(uint64(s.Daemon), 8))
	if s.DaemonText, err = w.word(c, s.DaemonText, state.MaxText); err != nil {
		return nil, err
	}
	if s.Version, err = w.word(c, s.Version, state.MaxText); err != nil {
		return nil, err
	}
	s.RPCVersion = int32(m.rpc.Code(c, int64(s.RPCVersion)))
	s.AltSpeed = m.alt.Bool(c, s.AltSpeed)
	return &s, nil
}

func (m *boxModel) hostOf(c *entropy.Coder, v *state.Host) *state.Host {
	if !m.present[1].Bool(c, v != nil) {
		return nil
	}
	if v == nil {
		v = new(state.Host)
	}
	h, last := *v, &m.lastHost
	cpu := int64(h.CPU)
	for i, n := range [...]struct{ now, last *int64 }{
		{&h.DiskTotal, &last.DiskTotal}, {&h.DiskFree, &last.DiskFree}, {&h.MemTotal, &last.MemTotal}, {&h.MemUsed, &last.MemUsed},
		{&h.NetDown, &last.NetDown}, {&h.NetUp, &last.NetUp}, {&h.Uptime, &last.Uptime},
	} {
		*n.now = *n.last + m.host[i].Code(c, *n.now-*n.last)
	}
	h.CPU = state.Fraction(m.host[7].Code(c, cpu))
	*last = h
	return &h
}

// settingsOf codes what was set for the daemon: of the numbers those that differ
// from the last ones.
func (m *boxModel) settingsOf(c *entropy.Coder, w *words, v *state.Settings) (*state.Settings, error) {
	if !m.present[5].Bool(c, v != nil) {
		return nil, nil
	}
	if v == nil {
		v = new(state.Settings)
	}
	s, numbers := *v, v.Numbers()
	for i, last := range m.lastSettings {
		numbers[i] = differing(c, &m.has[i], &m.by, numbers[i], last)
	}
	if !s.SetNumbers(numbers) {
		return nil, entropy.ErrCorrupt
	}
	m.lastSettings = numbers
	texts, most := s.Texts()
	for i, text := range texts {
		word, err := w.word(c, *text, most[i])
		if err != nil {
			return nil, err
		}
		*text = word
	}
	return &s, nil
}
