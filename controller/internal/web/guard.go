package web

import (
	"runtime/debug"
	"strings"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
)

// cookie holds the session token.
const cookie = "offing_session"

// who is where a handler finds the account.Principal.
const who = "principal"

// contentSecurity lets a page have its own files and nothing else.
const contentSecurity = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// headers gives every answer its headers.
func headers(c *fiber.Ctx) error {
	setHeaders(c)
	return c.Next()
}

func setHeaders(c *fiber.Ctx) {
	c.Set(fiber.HeaderContentSecurityPolicy, contentSecurity)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	c.Set(fiber.HeaderPermissionsPolicy, "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "+
		"magnetometer=(), microphone=(), midi=(), payment=(), usb=()")
	c.Set(fiber.HeaderCacheControl, "no-store") // the page's own files say otherwise
}

// catch keeps a fault in one request from ending the controller. What a panic
// says may hold anything, so only where it happened is logged.
func (s *Server) catch(c *fiber.Ctx) (err error) {
	defer func() {
		if recover() != nil {
			s.Log.Error("a request failed", "route", c.Route().Path, "stack", string(debug.Stack()))
			err = fiber.ErrInternalServerError
		}
	}()
	return c.Next()
}

// checkHost refuses names that are not the controller's. An absolute request
// target is a second place for a name, so both are looked at.
func (s *Server) checkHost(c *fiber.Ctx) error {
	header := strings.ToLower(string(c.Request().Header.Host()))
	target := strings.ToLower(string(c.Request().URI().Host()))
	if !s.names.hosts[header] || !s.names.hosts[target] {
		return &wrongHost{s.names.local}
	}
	return c.Next()
}

// checkOrigin refuses what the page of another site has sent. A request that
// changes something needs the page's own origin. Without one, which browsers do
// not leave out, it must come without a cookie too: then there is nobody's
// session to abuse.
func (s *Server) checkOrigin(c *fiber.Ctx) error {
	reading := c.Method() == fiber.MethodGet || c.Method() == fiber.MethodHead
	switch c.Get("Sec-Fetch-Site") {
	case "", "same-origin":
	case "none": // typed into the address bar
		if !reading {
			return errWrongOrigin
		}
	default:
		return errWrongOrigin
	}
	origin := c.Get(fiber.HeaderOrigin)
	switch {
	case s.names.origins[origin]:
	case origin != "":
		return errWrongOrigin
	case !reading && len(c.Request().Header.Peek(fiber.HeaderCookie)) > 0:
		return errWrongOrigin
	}
	return c.Next()
}

// signedIn lets those in who have a session.
func (s *Server) signedIn(c *fiber.Ctx) error {
	p, err := s.Accounts.Authenticate(s.ctx, c.Cookies(cookie))
	if err != nil {
		return err
	}
	c.Locals(who, p)
	return c.Next()
}

// asAdmin is for the Unix socket: whoever may open it owns the controller.
func asAdmin(c *fiber.Ctx) error {
	c.Locals(who, account.Principal{Role: account.RoleAdmin})
	return c.Next()
}

func principal(c *fiber.Ctx) account.Principal {
	p, _ := c.Locals(who).(account.Principal)
	return p
}
