package web

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
)

// inviteRequest is the body of POST /invitations.
type inviteRequest struct {
	Role  account.Role `json:"role"`
	Hours int          `json:"hours"` // 0 = the usual three days
}

// tokenOnly is the body of POST /invitations/check.
type tokenOnly struct {
	Token string `json:"token"`
}

// listedInvitation is one invitation in an answer.
type listedInvitation struct {
	ID      string       `json:"id"`
	Role    account.Role `json:"role"`
	Created time.Time    `json:"created"`
	Expires time.Time    `json:"expires"`
}

func (s *Server) getInvitations(c *fiber.Ctx) error {
	invitations, err := s.Accounts.Invitations(s.ctx)
	if err != nil {
		return err
	}
	listed := make([]listedInvitation, len(invitations))
	for i, v := range invitations {
		listed[i] = listedInvitation(v)
	}
	return c.JSON(fiber.Map{"invitations": listed})
}

// postInvitation makes a link. Its token stands behind the #, which browsers send
// to nobody.
func (s *Server) postInvitation(c *fiber.Ctx) error {
	var r inviteRequest
	if err := body(c, &r); err != nil {
		return err
	}
	life, err := lasting(r.Hours, time.Hour)
	if err != nil {
		return err
	}
	token, i, err := s.Accounts.Invite(s.ctx, principal(c).User, r.Role, life)
	if err != nil {
		return err
	}
	s.audit(c, auditInvite, i.ID)
	return c.JSON(fiber.Map{"link": s.publicURL() + "/invite#" + string(token), "token": string(token), "expires": i.Expires})
}

// publicURL is where people reach the page, without a slash at its end.
func (s *Server) publicURL() string {
	if s.PublicURL == "" {
		return s.names.local
	}
	return strings.TrimSuffix(s.PublicURL, "/")
}

func (s *Server) deleteInvitation(c *fiber.Ctx) error {
	id := c.Params("id")
	if err := s.Accounts.Uninvite(s.ctx, id); err != nil {
		return err
	}
	s.audit(c, auditUninvite, id)
	return c.SendStatus(fiber.StatusNoContent)
}

func (s *Server) checkInvitation(c *fiber.Ctx) error {
	var r tokenOnly
	if err := body(c, &r); err != nil {
		return err
	}
	i, err := s.Accounts.CheckInvitation(s.ctx, r.Token)
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"role": i.Role, "expires": i.Expires})
}

// acceptInvitation makes the person and signs them in.
func (s *Server) acceptInvitation(c *fiber.Ctx) error {
	var r setupRequest
	if err := body(c, &r); err != nil {
		return err
	}
	token, err := s.Accounts.AcceptInvitation(s.ctx, r.Token, r.User, r.Password, s.from(c))
	if err != nil {
		return err
	}
	if user, err := s.Accounts.Find(s.ctx, r.User); err == nil && s.Audit != nil {
		s.Audit(s.ctx, account.Principal{User: user}, auditAcceptInvited, string(user))
	}
	return s.welcome(c, token)
}
