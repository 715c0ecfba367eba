package web

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
	"offing/controller/internal/useragent"
)

// listedSession is one session in an answer.
type listedSession struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
	Agent   string    `json:"agent"` // as people call it
	Current bool      `json:"current"`
}

// passwordRequest is the body of POST /password.
type passwordRequest struct {
	Old string `json:"old"`
	New string `json:"new"`
}

func (s *Server) getSessions(c *fiber.Ctx) error {
	p := principal(c)
	return s.listSessions(c, p.User, p.Session)
}

func (s *Server) listSessions(c *fiber.Ctx, user account.User, current account.SessionID) error {
	sessions, err := s.Accounts.Sessions(s.ctx, user, current)
	if err != nil {
		return err
	}
	listed := make([]listedSession, len(sessions))
	for i, v := range sessions {
		listed[i] = listedSession(v)
		listed[i].Agent = useragent.Name(v.Agent)
	}
	return c.JSON(fiber.Map{"sessions": listed})
}

func (s *Server) deleteOneSession(c *fiber.Ctx) error {
	return done(c, s.Accounts.EndSession(s.ctx, principal(c).User, c.Params("id")))
}

// deleteSessions ends all but the one that asks.
func (s *Server) deleteSessions(c *fiber.Ctx) error {
	p := principal(c)
	return done(c, s.Accounts.EndSessions(s.ctx, p.User, p.Session))
}

// postPassword changes the password. The session that asks goes on under a new cookie.
func (s *Server) postPassword(c *fiber.Ctx) error {
	var r passwordRequest
	if err := body(c, &r); err != nil {
		return err
	}
	token, err := s.Accounts.ChangePassword(s.ctx, principal(c), r.Old, r.New, s.from(c))
	if err != nil {
		return err
	}
	return s.welcome(c, token)
}
