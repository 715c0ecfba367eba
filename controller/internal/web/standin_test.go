package web

import (
	"context"
	"slices"
	"sync"
	"time"

	"offing/controller/client"
	"offing/controller/internal/account"
	"offing/controller/internal/control"
	"offing/controller/internal/owners"
	"offing/controller/internal/view"
	"offing/tunnel/command"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// standIn is a Control that does nothing, and remembers what it was asked for.
type standIn struct {
	mu       sync.Mutex
	asked    []control.Request
	askers   []account.Principal
	orders   []control.Order
	err      error          // of Do and Cancel
	fault    *command.Fault // of Ask
	silent   bool           // Ask waits for its context
	waiting  chan struct{}  // takes one for each Wait and Ask that begins to wait
	left     chan struct{}  // takes one for each Ask that has waited
	finished chan struct{}  // closed when orders end
}

func newStandIn() *standIn {
	return &standIn{waiting: make(chan struct{}, 2*maxWaiting), left: make(chan struct{}, 2*maxWaiting), finished: make(chan struct{})}
}

var stamp = time.Unix(2e9, 0).UTC()

func (s *standIn) Do(_ context.Context, p account.Principal, r control.Request) ([]control.Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	o := control.Order{
		ID: command.NewID(), Box: r.Box, User: p.User, Do: r.Command.Kind, State: control.Waiting, Of: len(r.Torrents),
		Why: "The line is down.", Created: stamp, Expires: stamp.Add(24 * time.Hour),
	}
	for _, t := range r.Torrents {
		o.Box = t.Box
		o.Torrents = append(o.Torrents, t.Hash)
	}
	s.asked, s.askers, s.orders = append(s.asked, r), append(s.askers, p), append(s.orders, o)
	return []control.Order{o}, nil
}

// finish ends all orders.
func (s *standIn) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.orders {
		o := &s.orders[i]
		o.State, o.Done, o.Ended = control.Done, o.Of, stamp.Add(time.Second)
		o.Result = command.Result{ID: o.ID, Done: o.Of}
	}
	close(s.finished)
}

// last returns what was asked for last.
func (s *standIn) last() (control.Request, account.Principal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) == 0 {
		return control.Request{}, account.Principal{}
	}
	return s.asked[len(s.asked)-1], s.askers[len(s.askers)-1]
}

func (s *standIn) Ask(ctx context.Context, _ account.Principal, box string, q command.Command) (command.Result, error) {
	if box != "demo" {
		return command.Result{}, control.ErrUnknownBox
	}
	if s.silent {
		s.waiting <- struct{}{}
		<-ctx.Done()
		s.left <- struct{}{}
		return command.Result{}, &command.Fault{Code: command.DaemonAway, Text: "It is silent."}
	}
	if s.fault != nil {
		return command.Result{}, s.fault
	}
	if q.Kind == command.TestPort {
		open := true
		return command.Result{Open: &open}, nil
	}
	return command.Result{Space: &command.Space{Free: 5, Total: int64(len(q.Dir))}}, nil
}

func (s *standIn) Wait(ctx context.Context, p account.Principal, id command.ID) (control.Order, error) {
	find := func() (control.Order, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		i := slices.IndexFunc(s.orders, func(o control.Order) bool { return o.ID == id })
		if i < 0 || p.Role != account.RoleAdmin && s.orders[i].User != p.User {
			return control.Order{}, control.ErrUnknownCommand
		}
		return s.orders[i], nil
	}
	o, err := find()
	if err != nil || o.State.Ended() || ctx.Err() != nil {
		return o, err
	}
	s.waiting <- struct{}{}
	select {
	case <-ctx.Done():
	case <-s.finished:
	}
	return find()
}

func (s *standIn) Orders(p account.Principal) []control.Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	var own []control.Order
	for _, o := range s.orders {
		if p.Role == account.RoleAdmin || o.User == p.User {
			own = append(own, o)
		}
	}
	return own
}

func (s *standIn) Cancel(ctx context.Context, p account.Principal, id command.ID) error {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Wait(ended, p, id); err != nil {
		return err
	}
	return s.err
}

// boxes is a stand-in with one box, "demo", and further ones that are only named.
type boxes struct {
	reloaded chan struct{}
	further  []string
}

func (b boxes) Status(context.Context, account.Principal) ([]report.Box, error) {
	return []report.Box{{Box: "demo"}}, nil
}

func (b boxes) List(_ context.Context, _ account.Principal, box string) (*report.Box, error) {
	if box == "panic" {
		panic("a secret of the request")
	}
	if box != "demo" {
		return nil, ErrUnknownBox
	}
	return &report.Box{Box: "demo", Trouble: []string{}, Torrents: []report.Torrent{}}, nil
}

func (b boxes) Reload(context.Context) error {
	b.reloaded <- struct{}{}
	return nil
}

func (b boxes) Boxes(account.Principal) []client.Box {
	all := []client.Box{{Name: "demo", Line: report.Line{State: "up", Since: stamp}, Daemon: report.Daemon{State: "ok"}, AgeMS: 7}}
	for _, name := range b.further {
		all = append(all, client.Box{Name: name})
	}
	return all
}

func (b boxes) Settings(_ account.Principal, box string) (client.Settings, error) {
	if box != "demo" {
		return client.Settings{}, ErrUnknownBox
	}
	return client.Settings{AltSpeed: true, DaemonSettings: client.DaemonSettings{PeerPort: 51413, Encryption: "preferred"}}, nil
}

// theTorrent is the only one of the stand-in.
var theTorrent = state.Hash{0xab}

func (b boxes) row() client.Row {
	return client.Row{
		Torrent: client.Torrent{Box: "demo", Hash: theTorrent}, Name: "a", State: "seeding", Progress: 1, ETA: -1,
		Labels: []string{}, Access: "own", Dir: "/downloads",
	}
}

func (b boxes) Torrents(_ context.Context, _ account.Principal, q view.Query) ([]client.Row, int, error) {
	if q.Box != "" && q.Box != "demo" {
		return nil, 0, ErrUnknownBox
	}
	if q.Text == "none" {
		return []client.Row{}, 0, nil
	}
	return []client.Row{b.row()}, 1, nil
}

func (b boxes) Torrent(_ context.Context, _ account.Principal, k owners.Key) (*client.Whole, error) {
	if k != (owners.Key{Box: "demo", Hash: theTorrent}) {
		return nil, owners.ErrUnknownTorrent
	}
	return &client.Whole{Row: b.row(), AgeMS: 3, Detail: &client.Detail{
		Trackers: []client.Tracker{{Announce: "udp://tracker.example:80", State: "waiting", Result: "Success"}}, Pieces: client.Pieces{Count: 8, Size: 1, Have: []byte{0xff}},
		Peers: []client.Peer{{Address: "192.0.2.1:5", Client: "x", Flags: "TE"}}, Files: []client.File{{Name: "a", Size: 1, Have: 1, Wanted: true}},
	}}, nil
}
