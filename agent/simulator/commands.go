package simulator

import (
	"encoding/json"
	"strings"

	"offing/tunnel/state"
)

// each makes a method of something that is done to each of the torrents of
// "ids"; without ids that is all of them.
func each(do func(*Simulator, *torrent)) method {
	return func(s *Simulator, _ *object, arguments json.RawMessage) refusal {
		list, _ := s.selected(decode[getArguments](arguments).IDs)
		for _, t := range append([]*torrent(nil), list...) {
			do(s, t)
		}
		return ""
	}
}

// start makes a torrent run, after its verification if one is under way. One
// that came by torrent-add finds nobody to load it from.
func (s *Simulator) start(t *torrent) {
	s.touch(t)
	switch {
	case t.status == state.Checking || t.status == state.CheckQueued:
		t.after = t.goal()
		return
	case t.running():
		return
	}
	if t.own == nil && t.left > 0 {
		s.flowOf(t)
	}
	s.run(t, t.goal())
}

// run makes a torrent have the status, and announce itself when it is new.
func (s *Simulator) run(t *torrent, status state.Status) {
	if t.err == state.LocalError {
		t.fail(Failure{})
	}
	t.status, t.started = status, s.unix()
	s.announce(t)
}

func (s *Simulator) stop(t *torrent) {
	if t.running() {
		s.touch(t)
	}
	s.endFlow(t)
	t.status, t.after = state.Stopped, state.Stopped
	t.checked, t.peers = 0, 0
}

func (s *Simulator) torrentRemove(_ *object, arguments json.RawMessage) refusal {
	list, _ := s.selected(decode[getArguments](arguments).IDs)
	for _, t := range append([]*torrent(nil), list...) {
		s.remove(t)
	}
	return ""
}

func (s *Simulator) torrentRename(o *object, arguments json.RawMessage) refusal {
	a := decode[struct {
		Path string `json:"path"`
		Name string `json:"name"`
	}](arguments)
	list, _ := s.selected(decode[getArguments](arguments).IDs)
	if len(list) != 1 {
		return "torrent-rename-path requires 1 torrent"
	}
	t := list[0]
	o.int("id", t.id)
	o.str("name", a.Name)
	o.str("path", a.Path)
	if a.Path != t.name || a.Name == "" || a.Name == "." || a.Name == ".." || strings.Contains(a.Name, "/") {
		return "Invalid argument" // files below the top are not renamed here
	}
	if s.placed[t.name] {
		s.placed[a.Name] = true
	}
	t.name, t.edited = a.Name, s.unix()
	s.touch(t)
	return ""
}

func (s *Simulator) torrentSetLocation(_ *object, arguments json.RawMessage) refusal {
	a := decode[setArguments](arguments)
	switch {
	case a.Location == "":
		return "no location"
	case !strings.HasPrefix(a.Location, "/"):
		return "new location path is not absolute"
	}
	list, _ := s.selected(a.IDs)
	for _, t := range list {
		s.setLocation(t, a.Location)
	}
	return ""
}

func (s *Simulator) setLocation(t *torrent, location string) {
	t.dir, t.edited = location, s.unix()
	s.touch(t)
}
