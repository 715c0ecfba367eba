package web

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"offing/controller/internal/account"
)

// setupRequest is the body of POST /setup.
type setupRequest struct {
	Token    string `json:"token"`
	User     string `json:"user"`
	Password string `json:"password"`
}

// signInRequest is the body of POST /session.
type signInRequest struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

func (s *Server) getSetup(c *fiber.Ctx) error {
	needed, err := s.Accounts.SetupNeeded(s.ctx)
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"needed": needed})
}

func (s *Server) postSetup(c *fiber.Ctx) error {
	var r setupRequest
	if err := body(c, &r); err != nil {
		return err
	}
	token, err := s.Accounts.Setup(s.ctx, r.Token, r.User, r.Password, s.from(c))
	if err != nil {
		return err
	}
	return s.welcome(c, token)
}

// postSession signs in, or says what the second step needs.
func (s *Server) postSession(c *fiber.Ctx) error {
	var r signInRequest
	if err := body(c, &r); err != nil {
		return err
	}
	token, second, err := s.Accounts.SignIn(s.ctx, r.User, r.Password, s.from(c))
	if err != nil {
		return err
	}
	if second != nil {
		return c.JSON(fiber.Map{"second": fiber.Map{"step": string(second.Step), "methods": second.Methods}})
	}
	return s.welcome(c, token)
}

// from says where a request comes from.
func (s *Server) from(c *fiber.Ctx) account.From {
	return account.From{Address: s.address(c), Agent: c.Get(fiber.HeaderUserAgent), Site: s.site(c)}
}

// welcome answers with the cookie of a new session.
func (s *Server) welcome(c *fiber.Ctx, token account.SessionToken) error {
	s.setCookie(c, string(token), account.SessionLife)
	return c.SendStatus(fiber.StatusNoContent)
}

// setCookie sets the session cookie for so long, or removes it with a life of 0.
func (s *Server) setCookie(c *fiber.Ctx, value string, life time.Duration) {
	origin := c.Get(fiber.HeaderOrigin)
	path := "/"
	if s.names.below(origin, string(c.Request().Header.Host())) {
		path = s.names.prefix
	}
	set := fiber.Cookie{
		Name: cookie, Value: value, Path: path, MaxAge: int(life.Seconds()),
		HTTPOnly: true,
		SameSite: fiber.CookieSameSiteStrictMode,
		// A browser at the loopback address speaks plain HTTP even when others come by TLS.
		Secure: strings.HasPrefix(origin, "https://") || origin == "" && s.names.https,
	}
	if life == 0 {
		set.Expires = fasthttp.CookieExpireDelete
	}
	c.Cookie(&set)
}

// sessionAnswer says who is signed in.
type sessionAnswer struct {
	User         string        `json:"user"`
	Role         account.Role  `json:"role"`
	Name         string        `json:"name"`
	SecondFactor bool          `json:"second_factor"`
	Scope        account.Scope `json:"scope,omitempty"` // of an API token
}

func (s *Server) getSession(c *fiber.Ctx) error {
	p := principal(c)
	person, err := s.Accounts.Person(s.ctx, p.User)
	if err != nil {
		return err
	}
	return c.JSON(sessionAnswer{string(p.User), p.Role, person.Name, person.SecondFactor, p.Scope})
}

// deleteSession signs out. Whoever is signed out already gets the same answer.
func (s *Server) deleteSession(c *fiber.Ctx) error {
	if p, err := s.Accounts.Authenticate(s.ctx, c.Cookies(cookie)); err == nil {
		if err := s.Accounts.SignOut(s.ctx, p.Session); err != nil {
			return err
		}
	}
	s.setCookie(c, "", 0)
	return c.SendStatus(fiber.StatusNoContent)
}

func (s *Server) postTickets(c *fiber.Ctx) error {
	ticket, life, err := s.Accounts.IssuePageTicket(s.ctx, principal(c))
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"ticket": string(ticket), "expires_in": int(life.Seconds())})
}

func (s *Server) getStatus(c *fiber.Ctx) error {
	boxes, err := s.Boxes.Status(s.ctx, principal(c))
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"boxes": boxes})
}

func (s *Server) getList(c *fiber.Ctx) error {
	name, err := boxOf(c)
	if err != nil {
		return err
	}
	box, err := s.Boxes.List(s.ctx, principal(c), name)
	if err != nil {
		return err
	}
	return c.JSON(box)
}

func (s *Server) postReload(c *fiber.Ctx) error {
	if err := s.Boxes.Reload(s.ctx); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// maxCommas bounds what is in a body: a list takes many times as much room in memory
// as in the request. 50,000 torrents with their boxes have 100,000.
const maxCommas = 250_000

// decode reads one JSON object with known keys into v. A form cannot pass for
// one: browsers send those to other sites without asking.
func decode(contentType string, body []byte, v any) error {
	if kind, _, err := mime.ParseMediaType(contentType); err != nil || kind != fiber.MIMEApplicationJSON {
		return errWrongType
	}
	if bytes.Count(body, []byte{','}) > maxCommas {
		return errBadRequest
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errBadRequest // what the decoder says may quote the body
	}
	if _, err := d.Token(); err != io.EOF {
		return errBadRequest
	}
	return nil
}

// body reads the JSON of a request into v. It is taken as it came: fiber's own Body
// undoes whatever Content-Encoding says, several times over and without a bound, so
// that a few bytes of a stranger could take all memory.
func body(c *fiber.Ctx, v any) error {
	return decode(c.Get(fiber.HeaderContentType), c.Request().Body(), v)
}

// done answers 204, or with what went wrong.
func done(c *fiber.Ctx, err error) error {
	if err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}
