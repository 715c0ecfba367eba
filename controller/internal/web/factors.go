package web

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
)

// confirmRequest is the body of what needs the password once more.
type confirmRequest struct {
	Password string `json:"password"`
}

// codeRequest is the body of POST /factors/totp/confirm.
type codeRequest struct {
	Code string `json:"code"`
}

// newPasskeyRequest is the body of POST /factors/passkeys/finish.
type newPasskeyRequest struct {
	Name       string          `json:"name"`
	Credential json.RawMessage `json:"credential"` // RegistrationResponseJSON
}

// listedPasskey is one passkey in an answer.
type listedPasskey struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"`
}

// getFeatures tells a page what it may offer.
func (s *Server) getFeatures(c *fiber.Ctx) error {
	host := strings.ToLower(string(c.Request().Header.Host())) // checkHost has let it pass
	passkeys := false
	for _, origin := range []string{"https://" + host, "http://" + host} {
		passkeys = passkeys || s.siteOf(origin).ID != ""
	}
	return c.JSON(fiber.Map{"passkeys": passkeys})
}

// site returns the page's site, for passkeys.
func (s *Server) site(c *fiber.Ctx) account.Site { return s.siteOf(c.Get(fiber.HeaderOrigin)) }

// siteOf returns the site of an origin that is the controller's own and at which
// browsers have passkeys: over https, or at localhost, and with a name.
func (s *Server) siteOf(origin string) account.Site {
	u, err := url.Parse(origin)
	if err != nil || !s.names.origins[origin] {
		return account.Site{}
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil || u.Scheme != "https" && host != "localhost" {
		return account.Site{}
	}
	return account.Site{Origin: origin, ID: host}
}

func (s *Server) getFactors(c *fiber.Ctx) error {
	f, err := s.Accounts.Factors(s.ctx, principal(c).User)
	if err != nil {
		return err
	}
	passkeys := make([]listedPasskey, len(f.Passkeys))
	for i, k := range f.Passkeys {
		passkeys[i] = listedPasskey(k)
	}
	return c.JSON(fiber.Map{"totp": f.TOTP, "recovery_left": f.RecoveryLeft, "passkeys": passkeys})
}

func (s *Server) postTOTP(c *fiber.Ctx) error {
	var r confirmRequest
	if err := body(c, &r); err != nil {
		return err
	}
	e, err := s.Accounts.EnrolTOTP(s.ctx, principal(c), r.Password, s.from(c))
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"secret": string(e.Secret), "uri": string(e.URI), "qr": string(e.QR)})
}

func (s *Server) confirmTOTP(c *fiber.Ctx) error {
	var r codeRequest
	if err := body(c, &r); err != nil {
		return err
	}
	codes, err := s.Accounts.ConfirmTOTP(s.ctx, principal(c), r.Code, s.from(c))
	return showCodes(c, codes, err)
}

func (s *Server) removeTOTP(c *fiber.Ctx) error {
	var r confirmRequest
	if err := body(c, &r); err != nil {
		return err
	}
	return done(c, s.Accounts.RemoveTOTP(s.ctx, principal(c), r.Password, s.from(c)))
}

func (s *Server) postRecovery(c *fiber.Ctx) error {
	var r confirmRequest
	if err := body(c, &r); err != nil {
		return err
	}
	codes, err := s.Accounts.NewRecovery(s.ctx, principal(c), r.Password, s.from(c))
	return showCodes(c, codes, err)
}

// showCodes answers with recovery codes, the only time that they can be seen.
func showCodes(c *fiber.Ctx, codes []account.FactorSecret, err error) error {
	if err != nil {
		return err
	}
	shown := make([]string, len(codes))
	for i, code := range codes {
		shown[i] = string(code)
	}
	return c.JSON(fiber.Map{"recovery_codes": shown})
}

func (s *Server) postPasskey(c *fiber.Ctx) error {
	var r confirmRequest
	if err := body(c, &r); err != nil {
		return err
	}
	options, err := s.Accounts.NewPasskey(s.ctx, principal(c), r.Password, s.from(c))
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"options": options})
}

func (s *Server) finishPasskey(c *fiber.Ctx) error {
	var r newPasskeyRequest
	if err := body(c, &r); err != nil {
		return err
	}
	return done(c, s.Accounts.FinishPasskey(s.ctx, principal(c), r.Name, r.Credential, s.from(c)))
}

func (s *Server) removePasskey(c *fiber.Ctx) error {
	var r confirmRequest
	if err := body(c, &r); err != nil {
		return err
	}
	return done(c, s.Accounts.RemovePasskey(s.ctx, principal(c), c.Params("id"), r.Password, s.from(c)))
}
