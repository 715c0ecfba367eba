package web

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
)

// secondRequest is the body of POST /session/second.
type secondRequest struct {
	Step       string          `json:"step"`
	Method     account.Method  `json:"method"`
	Code       string          `json:"code"`
	Credential json.RawMessage `json:"credential"` // AuthenticationResponseJSON
}

// stepRequest is the body of POST /session/second/passkey.
type stepRequest struct {
	Step string `json:"step"`
}

// postSecond finishes a sign-in.
func (s *Server) postSecond(c *fiber.Ctx) error {
	var r secondRequest
	if err := body(c, &r); err != nil {
		return err
	}
	proof := account.Proof{Method: r.Method, Code: r.Code, Credential: r.Credential}
	token, err := s.Accounts.FinishSignIn(s.ctx, r.Step, proof, s.from(c))
	if err != nil {
		return err
	}
	return s.welcome(c, token)
}

// postSecondPasskey asks for one of the passkeys of who knew the password.
func (s *Server) postSecondPasskey(c *fiber.Ctx) error {
	var r stepRequest
	if err := body(c, &r); err != nil {
		return err
	}
	options, err := s.Accounts.AskPasskey(s.ctx, r.Step, s.from(c))
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"options": options})
}

// postPasskeySignIn asks for any passkey, which will say whose it is.
func (s *Server) postPasskeySignIn(c *fiber.Ctx) error {
	if err := body(c, &struct{}{}); err != nil {
		return err
	}
	step, options, err := s.Accounts.AskAnyPasskey(s.ctx, s.from(c))
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"step": string(step), "options": options})
}
