package web

import (
	"bytes"
	"mime"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"offing/controller/client"
	"offing/controller/internal/control"
	"offing/controller/internal/owners"
	"offing/controller/internal/view"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// torrentFile is the media type of a .torrent file.
const torrentFile = "application/x-bittorrent"

// maxPage is the most torrents that a request for a part of them may ask for; who
// wants all leaves the limit out.
const maxPage = 100_000

// getTorrents lists torrents.
func (s *Server) getTorrents(c *fiber.Ctx) error {
	q := view.Query{Box: c.Query("box"), State: c.Query("state"), Label: c.Query("label"), Text: c.Query("text"), Sort: c.Query("sort")}
	for _, n := range []struct {
		name string
		into *int
	}{{"limit", &q.Limit}, {"offset", &q.Offset}} {
		text := c.Query(n.name)
		if text == "" {
			continue
		}
		v, err := strconv.Atoi(text)
		if err != nil || v < 0 || v > maxPage {
			return errBadRequest
		}
		*n.into = v
	}
	if err := q.Check(); err != nil {
		return errBadRequest
	}
	rows, total, err := s.Boxes.Torrents(s.ctx, principal(c), q)
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"torrents": rows, "total": total})
}

// getTorrent answers with one torrent and its details.
func (s *Server) getTorrent(c *fiber.Ctx) error {
	box, err := boxOf(c)
	if err != nil {
		return owners.ErrUnknownTorrent
	}
	hash, err := state.ParseHash(c.Params("hash"))
	if err != nil {
		return owners.ErrUnknownTorrent
	}
	ctx, end, err := s.patience(c, detailWait)
	if err != nil {
		return err
	}
	defer end()
	whole, err := s.Boxes.Torrent(ctx, principal(c), owners.Key{Box: box, Hash: hash})
	if err != nil {
		return err
	}
	return c.JSON(whole)
}

// postTorrents adds a torrent: as JSON says, or the .torrent file that is the body.
func (s *Server) postTorrents(c *fiber.Ctx) error {
	var r client.AddRequest
	if err := s.readAddition(c, &r); err != nil {
		return err
	}
	sources := 0
	for _, there := range []bool{r.Magnet != "", len(r.Metainfo) > 0, r.URL != ""} {
		if there {
			sources++
		}
	}
	if sources != 1 || r.Cookies != "" && r.URL == "" {
		return errBadRequest
	}
	if r.For != "" {
		if err := asAdministrator(principal(c)); err != nil {
			return err
		}
	}
	box, err := s.boxOr(c, r.Box)
	if err != nil {
		return err
	}
	return s.order(c, control.Request{
		Command: command.Command{Kind: command.Add, Add: &command.Addition{
			Magnet: r.Magnet, Metainfo: r.Metainfo, URL: r.URL, Cookies: r.Cookies, Dir: r.Dir, Paused: r.Paused, Changes: r.Changes,
		}},
		Box: box, For: userNamed(r.For), Life: r.Life.Duration(),
	}, r.Wait.Duration())
}

// readAddition reads the body of POST /torrents. Beside a .torrent file there is
// room in the address only.
func (s *Server) readAddition(c *fiber.Ctx, r *client.AddRequest) error {
	if kind, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType)); err != nil || kind != torrentFile {
		return body(c, r)
	}
	wait, err := waitOf(c)
	if err != nil {
		return err
	}
	switch c.Query("paused") {
	case "true":
		r.Paused = true
	case "", "false":
	default:
		return errBadRequest
	}
	r.Box, r.Dir, r.Wait = c.Query("box"), c.Query("dir"), client.Seconds(wait)
	r.Metainfo = bytes.Clone(c.Request().Body()) // which dies with the request
	return nil
}
