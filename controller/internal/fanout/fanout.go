// Package fanout is the controller's side of the benchmark of its fan-out: the
// real store, tickets, ownership, views, hub and web server, with one made-up box
// behind them, and boards that everybody sees alike beside it. What happens in the
// box and on the boards is what scripts/offing-bench says on the standard input.
package fanout

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/alexedwards/argon2id"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
	"offing/controller/internal/notices"
	"offing/controller/internal/owners"
	"offing/controller/internal/store"
	"offing/controller/internal/view"
	"offing/controller/internal/web"
)

// Config says what there is to see.
type Config struct {
	Torrents int // in the box; each is one person's
	Users    int // persons who have them, in turn
	Log      *slog.Logger
}

// cheap is the cost of a password whose making is not what is measured.
var cheap = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// Serve serves on loopback until in ends or ctx does. It says on out where, and
// answers there to each command on in.
func Serve(ctx context.Context, c Config, in io.Reader, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "offing-fanout-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, err := store.Open(ctx, store.Config{Dir: filepath.Join(dir, "store"), KeyFile: filepath.Join(dir, "key"), Log: c.Log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	h, err := open(ctx, c, db)
	if err != nil {
		return err
	}
	show := newShow(h.views)
	topics := hub.New(show, c.Log)
	defer topics.Close()
	server, err := web.New(web.Config{
		Listen: "127.0.0.1:0", Socket: filepath.Join(dir, "run", "socket"),
		Accounts: h.accounts, Owners: h.owners, Hub: topics, Log: c.Log,
	})
	if err != nil {
		return err
	}
	defer h.run(ctx)()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	d := &director{show: show, box: h.box, people: &people{accounts: h.accounts}, hub: topics, out: json.NewEncoder(out)}
	obeyed := make(chan error, 1)
	go func() { obeyed <- d.obey(ctx, in, server.URL()) }()
	select {
	case err = <-served: // what obeys ends with the process
		return err
	case err = <-obeyed:
	}
	cancel()
	return errors.Join(err, <-served)
}

// house is what a controller keeps of people, with one box.
type house struct {
	accounts *account.Accounts
	owners   *owners.Owners
	box      *box
	views    *view.Views
}

// open opens them in db, fills the box, and gives its torrents away.
func open(ctx context.Context, c Config, db *store.Store) (*house, error) {
	told, err := notices.Open(ctx, db, c.Log)
	if err != nil {
		return nil, err
	}
	h := &house{box: newBox(c.Torrents)}
	h.accounts, err = account.Open(ctx, account.Config{Store: db, Notify: told.Post, Cost: cheap, Log: c.Log})
	if err != nil {
		return nil, err
	}
	h.owners, err = owners.Open(ctx, owners.Config{Store: db, People: h.accounts, Notify: told.Post, Log: c.Log})
	if err != nil {
		return nil, err
	}
	if err := deal(ctx, h.owners, c.Torrents, c.Users); err != nil {
		return nil, err
	}
	h.views = view.New(view.Config{Source: h.box, Owners: h.owners, Notices: told, Log: c.Log})
	return h, nil
}

// run keeps the ownership and the views current, as a controller does, until stop
// is called.
func (h *house) run(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { h.owners.Follow(ctx, h.box) })
	running.Go(func() { h.views.Run(ctx) })
	return func() { cancel(); running.Wait() }
}
