package web

import (
	"context"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"

	"offing/controller/client"
	"offing/controller/internal/account"
	"offing/controller/internal/control"
	"offing/controller/internal/owners"
	"offing/controller/internal/view"
	"offing/tunnel/command"
)

// Control does what people want to have done. *control.Control is one; its methods
// are described there.
type Control interface {
	Do(ctx context.Context, p account.Principal, r control.Request) ([]control.Order, error)
	Ask(ctx context.Context, p account.Principal, box string, q command.Command) (command.Result, error)
	Wait(ctx context.Context, p account.Principal, id command.ID) (control.Order, error)
	Orders(p account.Principal) []control.Order
	Cancel(ctx context.Context, p account.Principal, id command.ID) error
}

// maxLife is the longest life of a command.
const maxLife = 30 * 24 * time.Hour

// postCommands has something done.
func (s *Server) postCommands(c *fiber.Ctx) error {
	var r client.DoRequest
	if err := body(c, &r); err != nil {
		return err
	}
	switch {
	case r.Do == command.Add || r.Do.Question():
		return errElsewhere
	case len(r.Torrents) > command.MaxTorrents:
		return errManyTorrents
	case r.Do.AboutTorrents() && len(r.Torrents) == 0:
		return errNoTorrents
	case r.Do.AboutTorrents() && r.Box != "", !r.Do.AboutTorrents() && len(r.Torrents) > 0:
		return errBadRequest // which of the two is meant?
	}
	request := control.Request{
		Command: command.Command{Kind: r.Do, Remove: r.Remove, Move: r.Move, Rename: r.Rename, Change: r.Change, Settings: r.Settings},
		Box:     r.Box, Life: r.Life.Duration(),
	}
	for _, t := range r.Torrents {
		request.Torrents = append(request.Torrents, owners.Key{Box: t.Box, Hash: t.Hash})
	}
	if !r.Do.AboutTorrents() {
		box, err := s.boxOr(c, r.Box)
		if err != nil {
			return err
		}
		request.Box = box
	}
	return s.order(c, request, r.Wait.Duration())
}

// order has a request done and answers with its orders, after wait or when all have
// ended.
func (s *Server) order(c *fiber.Ctx, r control.Request, wait time.Duration) error {
	if _, err := waitFor(wait); err != nil || r.Life < 0 || r.Life > maxLife {
		return errBadRequest
	}
	ctx, end := s.ctx, func() {}
	if wait > 0 { // who cannot wait shall know before anything is done
		var err error
		if ctx, end, err = s.patience(c, wait); err != nil {
			return err
		}
	}
	defer end()
	made, err := s.Control.Do(s.ctx, principal(c), r) // which is done whether somebody waits or not
	if err != nil {
		return err
	}
	if wait > 0 {
		s.waitForAll(ctx, principal(c), made)
	}
	status, listed := http.StatusOK, make([]client.Order, 0, len(made))
	for _, o := range made {
		if !o.State.Ended() {
			status = http.StatusAccepted
		}
		listed = append(listed, view.OrderOf(o))
	}
	return c.Status(status).JSON(fiber.Map{"commands": listed})
}

// waitForAll brings orders up to date, when all have ended or ctx has.
func (s *Server) waitForAll(ctx context.Context, p account.Principal, made []control.Order) {
	for i, o := range made {
		if now, err := s.Control.Wait(ctx, p, o.ID); err == nil {
			made[i] = now
		}
	}
}

func (s *Server) getCommands(c *fiber.Ctx) error {
	listed := []client.Order{}
	for _, o := range s.Control.Orders(principal(c)) {
		listed = append(listed, view.OrderOf(o))
	}
	return c.JSON(fiber.Map{"commands": listed})
}

// getCommand answers with one order, after a while if it has not ended.
func (s *Server) getCommand(c *fiber.Ctx) error {
	id, err := command.ParseID(c.Params("id"))
	if err != nil {
		return control.ErrUnknownCommand
	}
	wait, err := waitOf(c)
	if err != nil {
		return err
	}
	ctx, end := over(), func() {}
	if wait > 0 {
		if ctx, end, err = s.patience(c, wait); err != nil {
			return err
		}
	}
	defer end()
	o, err := s.Control.Wait(ctx, principal(c), id)
	if err != nil {
		return err
	}
	return c.JSON(view.OrderOf(o))
}

// over returns a context that has ended: for what does not wait.
func over() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func (s *Server) deleteCommand(c *fiber.Ctx) error {
	id, err := command.ParseID(c.Params("id"))
	if err != nil {
		return control.ErrUnknownCommand
	}
	return done(c, s.Control.Cancel(s.ctx, principal(c), id))
}

// question asks a box something and waits for its answer.
func (s *Server) question(c *fiber.Ctx, box string, q command.Command) (command.Result, error) {
	ctx, end, err := s.patience(c, askWait)
	if err != nil {
		return command.Result{}, err
	}
	defer end()
	r, err := s.Control.Ask(ctx, principal(c), box, q)
	if err != nil && s.ctx.Err() != nil {
		return r, errStopping
	}
	return r, err
}
