// Package report owns the status document: what `status` and `list` say of a
// box, in JSON and in words. The agent makes it for a plain ssh, the controller
// for its socket and the command line for both, so the figures agree.
package report

import (
	"slices"
	"time"

	"offing/tunnel/state"
)

// maxShown bounds the torrents of a status; a list has them all.
const maxShown = 50

// Box is the status of one box. Its JSON form is stable: fields are added,
// never renamed.
type Box struct {
	Box      string       `json:"box,omitempty"` // the name that home gave it; empty when the agent speaks
	Line     *Line        `json:"line,omitempty"`
	Daemon   Daemon       `json:"daemon"`
	AgeMS    int64        `json:"age_ms"` // milliseconds since the figures were known to be true; -1 when they never were
	Totals   state.Totals `json:"totals"`
	Host     Host         `json:"host"`
	Trouble  []string     `json:"trouble"` // what is wrong, a sentence each; empty when all is well
	Torrents []Torrent    `json:"torrents"`
	More     int          `json:"more"` // torrents that a status leaves out
}

// Line is the state of the connection to a box, as home sees it.
type Line struct {
	State  string    `json:"state"`            // "starting", "connecting", "up" or "down"
	Since  time.Time `json:"since"`            // when State began
	Code   string    `json:"code,omitempty"`   // stable word for why it is not up, such as "onion-not-found"
	Reason string    `json:"reason,omitempty"` // the same for a person, with what to do
	RTTMS  int64     `json:"rtt_ms,omitempty"` // smoothed round trip, 0 while unknown
}

// Daemon is the torrent daemon's part.
type Daemon struct {
	State   string `json:"state"` // see state.DaemonState
	Text    string `json:"text,omitempty"`
	Version string `json:"version,omitempty"`
}

// Host is the machine's part; see state.Host for the units.
type Host struct {
	DiskTotal int64   `json:"disk_total"`
	DiskFree  int64   `json:"disk_free"`
	MemTotal  int64   `json:"mem_total"`
	MemUsed   int64   `json:"mem_used"`
	CPU       float64 `json:"cpu"` // 0 to 1
	NetDown   int64   `json:"net_down"`
	NetUp     int64   `json:"net_up"`
	Uptime    int64   `json:"uptime"`
}

// Torrent is one row; see state.Torrent for the units.
type Torrent struct {
	Hash      state.Hash      `json:"hash"`
	Name      string          `json:"name"`
	State     string          `json:"state"`
	Progress  float64         `json:"progress"` // 0 to 1, of the wanted bytes
	Checked   float64         `json:"checked,omitempty"`
	Size      int64           `json:"size"`
	Left      int64           `json:"left"`
	RateDown  int64           `json:"rate_down"`
	RateUp    int64           `json:"rate_up"`
	ETA       int64           `json:"eta"` // seconds, -1 when it cannot be said
	Ratio     float64         `json:"ratio"`
	Peers     int32           `json:"peers"`
	Error     string          `json:"error,omitempty"`
	ErrorKind state.ErrorKind `json:"error_kind"`
	Labels    []string        `json:"labels,omitempty"`
}

// Status reports on s: what is moving or in trouble first, at most 50 torrents.
func Status(s *state.State, now time.Time) *Box {
	b := List(s, now)
	if len(b.Torrents) > maxShown {
		b.More = len(b.Torrents) - maxShown
		b.Torrents = b.Torrents[:maxShown]
	}
	return b
}

// List reports on s with all its torrents, in the order of Status.
func List(s *state.State, now time.Time) *Box {
	session, host := s.Session(), s.Host()
	b := &Box{
		Daemon: Daemon{session.Daemon.String(), session.DaemonText, session.Version},
		AgeMS:  -1,
		Totals: s.Totals(),
		Host: Host{
			DiskTotal: host.DiskTotal, DiskFree: host.DiskFree,
			MemTotal: host.MemTotal, MemUsed: host.MemUsed,
			CPU:     fraction(host.CPU),
			NetDown: host.NetDown, NetUp: host.NetUp, Uptime: host.Uptime,
		},
		Torrents: []Torrent{},
	}
	if fresh := s.Fresh(); !fresh.IsZero() {
		b.AgeMS = max(now.Sub(fresh).Milliseconds(), 0)
	}
	s.Each(func(t *state.Torrent) bool {
		b.Torrents = append(b.Torrents, row(t))
		return true
	})
	slices.SortStableFunc(b.Torrents, order)
	b.Trouble = trouble(b, session.Daemon)
	return b
}

func row(t *state.Torrent) Torrent {
	return Torrent{
		Hash: t.Hash, Name: t.Name, State: t.Status.String(),
		Progress: fraction(t.Progress()), Checked: fraction(t.Checked),
		Size: t.Size, Left: t.Left, RateDown: t.RateDown, RateUp: t.RateUp,
		ETA: t.ETA(), Ratio: t.Ratio(), Peers: t.Peers,
		Error: t.ErrorText, ErrorKind: t.Error, Labels: t.Labels,
	}
}

func fraction(f state.Fraction) float64 { return float64(f) / float64(state.Whole) }
