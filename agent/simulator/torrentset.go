package simulator

import (
	"encoding/json"
	"fmt"
)

type setArguments struct {
	IDs            json.RawMessage `json:"ids"`
	Labels         []string        `json:"labels"`
	Location       string          `json:"location"`
	QueuePosition  *int            `json:"queuePosition"`
	Wanted         []int           `json:"files-wanted"`
	Unwanted       []int           `json:"files-unwanted"`
	High           []int           `json:"priority-high"`
	Normal         []int           `json:"priority-normal"`
	Low            []int           `json:"priority-low"`
	TrackerAdd     []string        `json:"trackerAdd"`
	TrackerRemove  []int           `json:"trackerRemove"`
	TrackerReplace []any           `json:"trackerReplace"`
}

func (s *Simulator) torrentSet(_ *object, arguments json.RawMessage) refusal {
	a := decode[setArguments](arguments)
	set := decode[map[string]json.RawMessage](arguments)
	list, _ := s.selected(a.IDs)
	for _, t := range list {
		if a.Labels != nil {
			labels, refused := s.checkLabels(a.Labels)
			if refused != "" {
				return refused
			}
			t.labels = labels
		}
		t.keep(set)
		s.setFiles(t, a)
		t.setTrackers(a)
		if a.Location != "" {
			s.setLocation(t, a.Location)
		}
	}
	if a.QueuePosition != nil {
		for _, t := range list {
			s.setQueue(t, *a.QueuePosition)
		}
	}
	return ""
}

// checkLabels returns the labels as the daemon keeps them.
func (s *Simulator) checkLabels(given []string) ([]string, refusal) {
	seen := make(map[string]bool)
	labels := make([]string, 0, len(given))
	for _, l := range given {
		switch {
		case l == "":
			return nil, "labels cannot be empty"
		case containsComma(l):
			return nil, "labels cannot contain comma (,) character"
		case seen[l] && s.cfg.RPCVersion == RPC16:
			return nil, "labels cannot contain duplicates"
		case !seen[l]:
			labels = append(labels, l)
		}
		seen[l] = true
	}
	return labels, ""
}

func containsComma(s string) bool {
	for _, c := range s {
		if c == ',' {
			return true
		}
	}
	return false
}

// setFiles changes what is wanted of a torrent, and how much.
func (s *Simulator) setFiles(t *torrent, a setArguments) {
	n := len(t.files())
	mark := func(indices []int, do func(int)) {
		for _, i := range indices {
			if i >= 0 && i < n {
				do(i)
			}
		}
	}
	if len(a.High)+len(a.Normal)+len(a.Low) > 0 && t.first == nil {
		t.first = make([]int8, n)
	}
	mark(a.High, func(i int) { t.first[i] = 1 })
	mark(a.Normal, func(i int) { t.first[i] = 0 })
	mark(a.Low, func(i int) { t.first[i] = -1 })
	if len(a.Wanted)+len(a.Unwanted) == 0 {
		return
	}
	if t.want == nil {
		t.want = make([]bool, n)
		for i := range t.want {
			t.want[i] = true
		}
	}
	mark(a.Wanted, func(i int) { t.want[i] = true })
	mark(a.Unwanted, func(i int) { t.want[i] = false })
	loading := t.left > 0
	t.measure()
	if loading && t.left == 0 && s.cfg.RPCVersion >= RPC17 {
		t.done = s.unix() // nothing that is wanted is missing
		s.touch(t)
	}
}

// measure counts size and left again from what is wanted.
func (t *torrent) measure() {
	part := 0.0
	if t.size > 0 {
		part = float64(t.left) / float64(t.size)
	}
	t.size = 0
	for i, f := range t.files() {
		if t.want[i] {
			t.size += f.length
		}
	}
	t.left = int64(part * float64(t.size))
}

// setTrackers adds, removes and replaces the torrent's trackers.
func (t *torrent) setTrackers(a setArguments) {
	if len(a.TrackerAdd)+len(a.TrackerRemove)+len(a.TrackerReplace) == 0 {
		return
	}
	list := append([]string(nil), t.trackers()...)
	for i := 0; i+1 < len(a.TrackerReplace); i += 2 {
		if n, ok := a.TrackerReplace[i].(float64); ok && int(n) >= 0 && int(n) < len(list) {
			list[int(n)] = fmt.Sprint(a.TrackerReplace[i+1])
		}
	}
	for i := len(list) - 1; i >= 0; i-- {
		for _, n := range a.TrackerRemove {
			if n == i {
				list = append(list[:i], list[i+1:]...)
			}
		}
	}
	t.announces = append(list, a.TrackerAdd...)
}
