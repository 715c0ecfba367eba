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

// prefixOff is where withoutPrefix notes that it has done its work.
const prefixOff = "prefix off"

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

// withoutPrefix takes the path of public_url off a request's own. A proxy may
// have done so, and a browser on this machine does not know of it. The page's
// addresses are relative to its own, which must end with a slash for that.
func (s *Server) withoutPrefix(c *fiber.Ctx) error {
	if s.names.prefix != "" && c.Path() == s.names.prefix {
		return c.Redirect(s.names.prefix+"/", fiber.StatusPermanentRedirect)
	}
	path, ok := s.names.withoutPrefix(c.Path())
	if !ok || c.Locals(prefixOff) != nil {
		return c.Next()
	}
	c.Locals(prefixOff, true) // once only
	c.Path(path)
	return c.RestartRouting()
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

// signedIn lets those in who have a session or show an API token.
func (s *Server) signedIn(c *fiber.Ctx) error {
	p, err := s.authenticate(c)
	if err != nil {
		return err
	}
	c.Locals(who, p)
	return c.Next()
}

func (s *Server) authenticate(c *fiber.Ctx) (account.Principal, error) {
	session := c.Cookies(cookie)
	scheme, token, _ := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	if !strings.EqualFold(scheme, "Bearer") { // another is for a proxy in front of us
		return s.Accounts.Authenticate(s.ctx, session)
	}
	if session != "" { // which of the two is meant?
		return account.Principal{}, errTwoProofs
	}
	return s.Accounts.AuthenticateToken(s.ctx, token, s.from(c).Address)
}

// bySession refuses API tokens: nobody shall get at an account with one.
func bySession(c *fiber.Ctx) error {
	if principal(c).Scope != "" {
		return errNeedsSession
	}
	return c.Next()
}

// scoped lets people in, but no API token that may do less.
func scoped(scope account.Scope) fiber.Handler {
	return func(c *fiber.Ctx) error {
		p := principal(c)
		if p.Role != account.RoleAdmin && p.Role != account.RoleUser {
			return errNotAllowed
		}
		if !p.May(scope) {
			return errScope
		}
		return c.Next()
	}
}

// administrators lets nobody else in, and of API tokens only those that may do
// what administrators may.
func administrators(c *fiber.Ctx) error {
	if err := asAdministrator(principal(c)); err != nil {
		return err
	}
	return c.Next()
}

// asAdministrator says what keeps p from doing what is for administrators.
func asAdministrator(p account.Principal) error {
	switch {
	case p.Role != account.RoleAdmin:
		return errNotAllowed
	case !p.May(account.ScopeAdmin):
		return errScope
	}
	return nil
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
