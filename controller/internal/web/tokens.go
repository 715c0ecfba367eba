package web

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
)

// maxDays keeps a number of days, or of hours, from overflowing a duration.
const maxDays = 100_000

// tokenRequest is the body of POST /tokens.
type tokenRequest struct {
	Name  string        `json:"name"`
	Scope account.Scope `json:"scope"`
	Days  int           `json:"days"` // 0 = until it is revoked
}

// listedToken is one API token in an answer.
type listedToken struct {
	ID      string        `json:"id"`
	Name    string        `json:"name"`
	Scope   account.Scope `json:"scope"`
	Created time.Time     `json:"created"`
	Used    time.Time     `json:"used,omitzero"`
	Expires time.Time     `json:"expires,omitzero"`
}

func (s *Server) getTokens(c *fiber.Ctx) error { return s.listTokens(c, principal(c).User) }

func (s *Server) listTokens(c *fiber.Ctx, user account.User) error {
	tokens, err := s.Accounts.Tokens(s.ctx, user)
	if err != nil {
		return err
	}
	listed := make([]listedToken, len(tokens))
	for i, v := range tokens {
		listed[i] = listedToken(v)
	}
	return c.JSON(fiber.Map{"tokens": listed})
}

func (s *Server) postToken(c *fiber.Ctx) error {
	token, err := s.newToken(c, principal(c))
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"token": string(token)})
}

// newToken makes the token of p's own that the request describes.
func (s *Server) newToken(c *fiber.Ctx, p account.Principal) (account.APIToken, error) {
	var r tokenRequest
	if err := body(c, &r); err != nil {
		return "", err
	}
	life, err := lasting(r.Days, 24*time.Hour)
	if err != nil {
		return "", err
	}
	return s.Accounts.NewToken(s.ctx, p, r.Name, r.Scope, life)
}

func (s *Server) deleteToken(c *fiber.Ctx) error {
	return done(c, s.Accounts.RevokeToken(s.ctx, principal(c).User, c.Params("id")))
}

// lasting returns n units, or account.ErrBadLife when nothing lasts that long.
func lasting(n int, unit time.Duration) (time.Duration, error) {
	if n < 0 || n > maxDays {
		return 0, account.ErrBadLife
	}
	return time.Duration(n) * unit, nil
}
