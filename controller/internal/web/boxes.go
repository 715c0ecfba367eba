package web

import (
	"context"
	"net/url"
	"slices"

	"github.com/gofiber/fiber/v2"

	"offing/controller/client"
	"offing/controller/internal/account"
	"offing/controller/internal/control"
	"offing/controller/internal/owners"
	"offing/controller/internal/view"
	"offing/tunnel/command"
	"offing/tunnel/report"
)

// Boxes answers for the boxes.
type Boxes interface {
	// Status reports on every box that p may see.
	Status(ctx context.Context, p account.Principal) ([]report.Box, error)
	// List reports on one box with all its torrents, or returns ErrUnknownBox.
	List(ctx context.Context, p account.Principal, box string) (*report.Box, error)
	// Reload reads the boxes' pairing codes again.
	Reload(ctx context.Context) error

	// Boxes returns all boxes in the order of their names, each with what p may know.
	Boxes(p account.Principal) []client.Box
	// Settings returns what is set for a box, or ErrUnknownBox; p is an administrator.
	Settings(p account.Principal, box string) (client.Settings, error)
	// Torrents returns those of p's torrents that q, which has been checked, asks for,
	// and how many there are, or ErrUnknownBox.
	Torrents(ctx context.Context, p account.Principal, q view.Query) ([]client.Row, int, error)
	// Torrent returns one torrent with its details, for which it waits until ctx ends,
	// or owners.ErrUnknownTorrent.
	Torrent(ctx context.Context, p account.Principal, k owners.Key) (*client.Whole, error)
}

// controlRoutes adds what is about boxes, torrents and commands, behind doors that
// say who asks.
func (s *Server) controlRoutes(api fiber.Router, doors ...fiber.Handler) {
	behind := func(handlers ...fiber.Handler) []fiber.Handler { return slices.Concat(doors, handlers) }
	read, act := scoped(account.ScopeRead), scoped(account.ScopeControl)
	api.Get("/commands", behind(read, s.getCommands)...)
	api.Post("/commands", behind(act, s.postCommands)...)
	api.Get("/commands/:id", behind(read, s.getCommand)...)
	api.Delete("/commands/:id", behind(act, s.deleteCommand)...)
	api.Get("/torrents", behind(read, s.getTorrents)...)
	api.Post("/torrents", behind(act, s.postTorrents)...)
	api.Get("/torrents/:box/:hash", behind(read, s.getTorrent)...)
	api.Get("/boxes", behind(read, s.getBoxes)...)
	api.Get("/boxes/:box/free-space", behind(act, s.getFreeSpace)...)
	api.Get("/boxes/:box/settings", behind(administrators, s.getSettings)...)
	api.Patch("/boxes/:box/settings", behind(administrators, s.patchSettings)...)
	api.Post("/boxes/:box/test-port", behind(administrators, s.postTestPort)...)
	api.Post("/boxes/:box/blocklist", behind(administrators, s.postBlocklist)...)
}

// boxOf returns the name of the box in the address, nothing when there is none.
func boxOf(c *fiber.Ctx) (string, error) {
	name, err := url.PathUnescape(c.Params("box"))
	if err != nil {
		return "", ErrUnknownBox
	}
	return name, nil
}

// boxOr returns the box of that name, or of none the only one that there is.
func (s *Server) boxOr(c *fiber.Ctx, name string) (string, error) {
	if name != "" {
		return name, nil
	}
	switch boxes := s.Boxes.Boxes(principal(c)); len(boxes) {
	case 0:
		return "", ErrUnknownBox
	case 1:
		return boxes[0].Name, nil
	}
	return "", errWhichBox
}

func (s *Server) getBoxes(c *fiber.Ctx) error {
	return c.JSON(fiber.Map{"boxes": s.Boxes.Boxes(principal(c))})
}

func (s *Server) getSettings(c *fiber.Ctx) error {
	box, err := boxOf(c)
	if err != nil {
		return err
	}
	settings, err := s.Boxes.Settings(principal(c), box)
	if err != nil {
		return err
	}
	return c.JSON(settings)
}

func (s *Server) patchSettings(c *fiber.Ctx) error {
	var settings command.NewSettings
	if err := body(c, &settings); err != nil {
		return err
	}
	if settings == (command.NewSettings{}) {
		return errBadRequest
	}
	return s.toBox(c, command.Command{Kind: command.Configure, Settings: &settings})
}

func (s *Server) postBlocklist(c *fiber.Ctx) error {
	return s.toBox(c, command.Command{Kind: command.Blocklist})
}

// toBox gives the box in the address a command.
func (s *Server) toBox(c *fiber.Ctx, do command.Command) error {
	box, err := boxOf(c)
	if err != nil {
		return err
	}
	wait, err := waitOf(c)
	if err != nil {
		return err
	}
	return s.order(c, control.Request{Command: do, Box: box}, wait)
}

func (s *Server) postTestPort(c *fiber.Ctx) error {
	box, err := boxOf(c)
	if err != nil {
		return err
	}
	r, err := s.question(c, box, command.Command{Kind: command.TestPort})
	if err != nil {
		return err
	}
	if r.Open == nil {
		return errSilentBox
	}
	return c.JSON(fiber.Map{"open": *r.Open})
}

func (s *Server) getFreeSpace(c *fiber.Ctx) error {
	box, err := boxOf(c)
	if err != nil {
		return err
	}
	r, err := s.question(c, box, command.Command{Kind: command.FreeSpace, Dir: c.Query("dir")})
	if err != nil {
		return err
	}
	if r.Space == nil {
		return errSilentBox
	}
	return c.JSON(fiber.Map{"space": r.Space})
}
