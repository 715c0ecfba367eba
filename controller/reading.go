package controller

import (
	"context"
	"time"

	"offing/controller/client"
	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/controller/internal/owners"
	"offing/controller/internal/view"
	"offing/controller/internal/web"
	"offing/tunnel/report"
)

// Boxes implements web.Boxes. Everybody may add torrents to every box, so everybody
// is told its name and whether it can be reached; the rest to those only who have
// something there.
func (r reports) Boxes(p account.Principal) []client.Box {
	theirs := make(map[string]bool)
	for _, b := range r.views.Boxes(p) {
		theirs[b.Name] = true
	}
	admin := p.Role == account.RoleAdmin
	boxes := []client.Box{}
	for _, b := range r.fleet.Boxes() {
		s := b.State.Session()
		told := client.Box{
			Name: b.Name, Line: report.Line{State: b.Line.State, Since: b.Line.Since},
			Daemon: report.Daemon{State: s.Daemon.String()}, AgeMS: age(b), MayConfigure: admin && p.May(account.ScopeAdmin),
		}
		if theirs[b.Name] || admin {
			told.Line, told.Daemon.Text, told.Session.AltSpeed = b.Line, s.DaemonText, s.AltSpeed
		}
		if admin {
			told.Daemon.Version, told.Session.RPCVersion = s.Version, s.RPCVersion
		}
		boxes = append(boxes, told)
	}
	return boxes
}

// age returns the milliseconds since what is known of a box was true, -1 when it
// never was.
func age(b fleet.Box) int64 {
	fresh := b.State.Fresh()
	if fresh.IsZero() {
		return -1
	}
	return max(time.Since(fresh).Milliseconds(), 0)
}

// Settings implements web.Boxes.
func (r reports) Settings(p account.Principal, box string) (client.Settings, error) {
	if p.Role != account.RoleAdmin {
		return client.Settings{}, web.ErrUnknownBox
	}
	b, err := r.box(p, box)
	if err != nil {
		return client.Settings{}, err
	}
	return client.Settings{
		AltSpeed:       b.State.Session().AltSpeed,
		DaemonSettings: client.DaemonSettings(b.State.Settings()),
	}, nil
}

// Torrents implements web.Boxes. Whoever asks looks at the boxes, as with List. While
// no box has told what it has there is no list, rather than an empty one.
func (r reports) Torrents(ctx context.Context, p account.Principal, q view.Query) ([]client.Row, int, error) {
	if err := q.Check(); err != nil {
		return nil, 0, err
	}
	asked := r.views.Boxes(p)
	if q.Box != "" {
		b, err := r.box(p, q.Box)
		if err != nil {
			return nil, 0, err
		}
		asked = []fleet.Box{b}
	}
	r.ask(ctx, asked...)
	if err := r.unheard(func(b fleet.Box) bool { return q.Box == "" || b.Name == q.Box }); err != nil {
		return nil, 0, err
	}
	rows, total := r.views.List(p, q)
	return rows, total, nil
}

// Torrent implements web.Boxes.
func (r reports) Torrent(ctx context.Context, p account.Principal, k owners.Key) (*client.Whole, error) {
	return r.views.Whole(ctx, p, k)
}
