package web

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
)

// Errors of the doors themselves.
var (
	errBadRequest  = errors.New("the request cannot be read")
	errWrongType   = errors.New("the request is not JSON")
	errWrongOrigin = errors.New("the request comes from another site")
)

// wrongHost is the error for a name that is not the controller's.
type wrongHost struct{ local string }

func (e *wrongHost) Error() string {
	return "The controller does not answer to this name. Open " + e.local +
		", or add the name to \"hosts\" in its configuration."
}

// fault is how an error is told to the other side.
type fault struct {
	Code string `json:"code"` // stable, for programs
	Text string `json:"text"` // for people, with what to do
}

// faults is the one place where an error becomes a status, a code and a text.
// What is not in it is told as internal, and its detail goes to the log only.
var faults = []struct {
	err    error
	status int
	fault
}{
	{account.ErrBadCredentials, 401, fault{"bad-credentials", "The name or the password is wrong."}},
	{account.ErrSignedOut, 401, fault{"signed-out", "You are not signed in, or your session has ended. Sign in."}},
	{account.ErrSetupRefused, 403, fault{"setup-refused", "This setup link is not valid any more. Restart the controller: it prints a new one, unless there is an administrator already."}},
	{account.ErrBadUser, 400, fault{"bad-user", "A name has 1 to 32 letters, digits, dots, hyphens or underscores."}},
	{account.ErrBadPassword, 400, fault{"bad-password", "A password has 10 to 256 characters."}},
	{ErrUnknownBox, 404, fault{"unknown-box", "There is no such box."}},
	{errBadRequest, 400, fault{"bad-request", "The request cannot be read."}},
	{errWrongType, 415, fault{"wrong-type", "The request must be JSON, and say so in its Content-Type."}},
	{errWrongOrigin, 403, fault{"wrong-origin", "The request comes from a page that is not the controller's own."}},
}

// statusCodes are the words for what the server itself refuses.
var statusCodes = map[int]fault{
	http.StatusBadRequest:                  {"bad-request", "The request cannot be read."},
	http.StatusNotFound:                    {"not-found", "There is nothing here."},
	http.StatusMethodNotAllowed:            {"method-not-allowed", "This cannot be done here."},
	http.StatusRequestTimeout:              {"timeout", "The request took too long. Try again."},
	http.StatusRequestEntityTooLarge:       {"too-large", "The request is too large."},
	http.StatusRequestHeaderFieldsTooLarge: {"too-large", "The request's headers are too large."},
	http.StatusUpgradeRequired:             {"upgrade-required", "This address is for WebSockets."},
	http.StatusServiceUnavailable:          {"busy", "The controller is busy. Try again."},
}

var internal = fault{"internal", "Something went wrong in the controller. Its log says what."}

// reply tells err to the other side.
func (s *Server) reply(c *fiber.Ctx, err error) error {
	setHeaders(c) // it may have been refused before it came to the handlers
	status, f := s.explain(c, err)
	return c.Status(status).JSON(map[string]fault{"error": f})
}

func (s *Server) explain(c *fiber.Ctx, err error) (int, fault) {
	var retry *account.RetryError
	if errors.As(err, &retry) {
		seconds := strconv.Itoa(int(math.Ceil(retry.After.Seconds())))
		c.Set(fiber.HeaderRetryAfter, seconds)
		return http.StatusTooManyRequests, fault{"too-many-attempts", "Too many attempts. Try again in " + seconds + " s."}
	}
	var host *wrongHost
	if errors.As(err, &host) {
		return http.StatusMisdirectedRequest, fault{"wrong-host", host.Error()}
	}
	for _, f := range faults {
		if errors.Is(err, f.err) {
			return f.status, f.fault
		}
	}
	var refused *fiber.Error
	if errors.As(err, &refused) {
		if f, ok := statusCodes[refused.Code]; ok {
			return refused.Code, f
		}
	}
	s.Log.Error("a request failed", "err", strings.ToValidUTF8(err.Error(), "?"))
	return http.StatusInternalServerError, internal
}
