package controller

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/boxtest"
	"offing/controller/internal/fleet"
	"offing/controller/internal/notices"
	"offing/controller/internal/owners"
	"offing/controller/internal/view"
	"offing/controller/internal/web"
	"offing/tunnel"
	"offing/tunnel/command"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// What is wrong with the line comes before what the box said when it was last
// heard of.
func TestDocumentOfALineThatIsDown(t *testing.T) {
	s := state.New(1)
	if err := s.Update(func(tx *state.Tx) error {
		tx.SetSession(state.Session{Daemon: state.DaemonUnreachable, DaemonText: "nothing answers"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line report.Line
		want []string
	}{
		{report.Line{State: string(tunnel.Down), Reason: "the line broke"}, []string{"the line broke", "nothing answers"}},
		{report.Line{State: string(tunnel.Starting)}, []string{"the line is not up yet: starting", "nothing answers"}},
		{report.Line{State: string(tunnel.Up)}, []string{"nothing answers"}},
	} {
		doc := document(fleet.Box{Name: "demo", State: s, Line: c.line}, report.Status)
		if doc.Box != "demo" || *doc.Line != c.line || !slices.Equal(doc.Trouble, c.want) {
			t.Errorf("line %+v: box %q, line %+v, trouble %q, want %q", c.line, doc.Box, *doc.Line, doc.Trouble, c.want)
		}
	}
}

// unowned implements view.Owners of people who own nothing.
type unowned struct{}

func (unowned) Grants(owners.Key, int64) []owners.Grant                { return nil }
func (unowned) Access(account.User, owners.Key, int64) owners.Access   { return owners.None }
func (unowned) Torrents(account.User) []owners.Key                     { return nil }
func (unowned) Watch(func(owners.Key)) (stop func())                   { return func() {} }
func (unowned) Quota(account.User) (q owners.Quota, used owners.Usage) { return q, used }
func (unowned) WatchQuota(account.User, func()) (stop func())          { return func() {} }

// unwritten implements view.Notices while there are none.
type unwritten struct{}

func (unwritten) Last(context.Context, account.User, int) ([]notices.Notice, error) { return nil, nil }
func (unwritten) Watch(account.User, func()) (stop func())                          { return func() {} }

// onlyOne is a view.Owners by which eve was given one torrent of a box.
type onlyOne struct {
	unowned
	key owners.Key
}

func (o onlyOne) Grants(k owners.Key, _ int64) []owners.Grant {
	if k == o.key {
		return []owners.Grant{{User: "eve", Access: owners.See}}
	}
	return nil
}
func (o onlyOne) Torrents(account.User) []owners.Key { return []owners.Key{o.key} }
func (o onlyOne) Access(_ account.User, k owners.Key, _ int64) owners.Access {
	if k == o.key {
		return owners.See
	}
	return owners.None
}

var discard = slog.New(slog.DiscardHandler)

// fleetOf returns a fleet of boxes with these names, which does not run.
func fleetOf(t *testing.T, all map[string]*boxtest.Box) *fleet.Fleet {
	t.Helper()
	dir, net := t.TempDir(), boxtest.Net{}
	for name, b := range all {
		net = append(net, b)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b.Pairing.Code()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	boxes, err := fleet.New(dir, net, discard)
	if err != nil {
		t.Fatal(err)
	}
	return boxes
}

// Until a box has told what it has, a list is refused with the reason instead of being
// empty, and its torrents and the box itself are not said to be unknown.
func TestReportsBeforeABoxIsHeard(t *testing.T) {
	boxes := fleetOf(t, map[string]*boxtest.Box{"one": boxtest.New(t, 1), "two": boxtest.New(t, 2)})
	at := owners.Key{Box: "one", Hash: state.Hash{1}}
	r := reports{boxes, view.New(view.Config{Source: boxes, Owners: onlyOne{key: at}, Notices: unwritten{}, Log: discard})}
	unheard := func(what string, err error) {
		t.Helper()
		var fault *command.Fault
		if !errors.As(err, &fault) || fault.Code != command.DaemonAway {
			t.Errorf("%s: %v", what, err)
		}
	}
	eve, admin := account.Principal{User: "eve", Role: account.RoleUser}, account.Principal{User: "ada", Role: account.RoleAdmin}
	for _, p := range []account.Principal{eve, admin} {
		for _, box := range []string{"", "one", "two"} {
			_, _, err := r.Torrents(t.Context(), p, view.Query{Box: box})
			unheard("a list", err)
		}
		_, err := r.Torrent(t.Context(), p, at)
		unheard("a torrent", err)
		if _, _, err := r.Torrents(t.Context(), p, view.Query{Box: "nowhere"}); !errors.Is(err, web.ErrUnknownBox) {
			t.Errorf("a box that is not there: %v", err)
		}
	}
	_, err := r.List(t.Context(), eve, "one")
	unheard("a box", err)
	boxes.Boxes()[1].State.Touch(time.Now())
	for _, p := range []account.Principal{eve, admin} {
		if rows, total, err := r.Torrents(t.Context(), p, view.Query{}); len(rows) != 0 || total != 0 || err != nil {
			t.Errorf("one of two was heard: %v, %d, %v", rows, total, err)
		}
		_, _, err := r.Torrents(t.Context(), p, view.Query{Box: "one"})
		unheard("the other's list", err)
	}
}

// A user asks for everything, and for a box of which they have nothing: they get
// their one torrent, and for the other box what they get for none. Nor does their
// asking make that box busy.
func TestReportsOfAUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := boxtest.New(t, 1), boxtest.New(t, 2)
		mine, others := state.Torrent{Hash: state.Hash{1}, Size: 3}, state.Torrent{Hash: state.Hash{2}, Name: "secret"}
		for _, b := range []*boxtest.Box{one, two} {
			b.Put(&mine, &others)
			b.State.Touch(time.Now())
		}
		boxes := fleetOf(t, map[string]*boxtest.Box{"one": one, "two": two})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { boxes.Run(ctx) })
		defer running.Wait()
		defer cancel()
		for changed := boxes.Changed(); slices.ContainsFunc(boxes.Boxes(), func(b fleet.Box) bool { return b.State.Fresh().IsZero() }); changed = boxes.Changed() {
			<-changed
		}
		synctest.Wait()

		r := reports{boxes, view.New(view.Config{
			Source: boxes, Owners: onlyOne{key: owners.Key{Box: "one", Hash: mine.Hash}}, Notices: unwritten{}, Log: discard,
		})}
		eve := account.Principal{User: "eve", Role: account.RoleUser}
		all, err := r.Status(ctx, eve)
		if err != nil || len(all) != 1 || all[0].Box != "one" || len(all[0].Torrents) != 1 || all[0].Totals.Size != 3 {
			t.Errorf("status: %+v, %v", all, err)
		}
		list, err := r.List(ctx, eve, "one")
		if err != nil || len(list.Torrents) != 1 || list.Torrents[0].Hash != mine.Hash || list.Host != (report.Host{}) {
			t.Errorf("list: %+v, %v", list, err)
		}
		for _, name := range []string{"two", "nowhere"} {
			if doc, err := r.List(ctx, eve, name); doc != nil || !errors.Is(err, web.ErrUnknownBox) {
				t.Errorf("%s: %+v, %v", name, doc, err)
			}
		}
		if synctest.Wait(); len(two.Watched) > 0 || len(one.Watched) == 0 {
			t.Error("eve's asking reached another's box, or not her own")
		}
		rows, total, err := r.Torrents(ctx, eve, view.Query{})
		if err != nil || total != 1 || len(rows) != 1 || rows[0].Box != "one" || rows[0].Hash != mine.Hash || rows[0].Access != "see" {
			t.Errorf("torrents: %+v, %v", rows, err)
		}
		for _, name := range []string{"two", "nowhere"} {
			if _, _, err := r.Torrents(ctx, eve, view.Query{Box: name}); !errors.Is(err, web.ErrUnknownBox) {
				t.Errorf("torrents of %s: %v", name, err)
			}
			if _, err := r.Settings(eve, name); !errors.Is(err, web.ErrUnknownBox) {
				t.Errorf("settings of %s: %v", name, err)
			}
			if _, err := r.Torrent(ctx, eve, owners.Key{Box: name, Hash: mine.Hash}); !errors.Is(err, owners.ErrUnknownTorrent) {
				t.Errorf("a torrent of %s: %v", name, err)
			}
		}
		if told := r.Boxes(eve); len(told) != 2 || told[0].MayConfigure || told[0].Daemon.Version != "" || told[1].Daemon.Text != "" || told[1].Line.RTTMS != 0 {
			t.Errorf("boxes: %+v", told)
		}
		if synctest.Wait(); len(two.Watched) > 0 {
			t.Error("eve's asking reached another's box")
		}
		admin := account.Principal{User: "ada", Role: account.RoleAdmin}
		if told := r.Boxes(admin); len(told) != 2 || !told[0].MayConfigure || told[1].Line.State != string(tunnel.Up) {
			t.Errorf("an administrator's boxes: %+v", told)
		}
		if told := r.Boxes(account.Principal{User: "ada", Role: account.RoleAdmin, Scope: account.ScopeControl}); told[0].MayConfigure {
			t.Error("a narrow token may configure")
		}
		if _, err := r.Settings(admin, "two"); err != nil {
			t.Errorf("an administrator's settings: %v", err)
		}
		if all, err = r.Status(ctx, admin); err != nil || len(all) != 2 || len(all[1].Torrents) != 2 {
			t.Errorf("an administrator's status: %+v, %v", all, err)
		}
	})
}
