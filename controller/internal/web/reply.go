package web

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
	"offing/controller/internal/control"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
)

// Errors of the doors themselves.
var (
	errBadRequest  = errors.New("the request cannot be read")
	errWrongType   = errors.New("the request is not JSON")
	errWrongOrigin = errors.New("the request comes from another site")

	errTwoProofs    = errors.New("the request has a session and an API token")
	errNeedsSession = errors.New("an API token cannot do this")
	errScope        = errors.New("the API token's scope does not allow this")
	errNotAllowed   = errors.New("only an administrator may do this")
	errOwnAccount   = errors.New("of one's own account, this needs the password")

	errElsewhere    = errors.New("this is done at another address")
	errNoTorrents   = errors.New("no torrents were named")
	errManyTorrents = errors.New("too many torrents at once")

	errWhichBox  = errors.New("there are several boxes")
	errSilentBox = errors.New("the box did not answer in time")
	errWaiting   = errors.New("too many requests wait")
	errStopping  = errors.New("the controller is being stopped")
	errUploads   = errors.New("too many large requests at once")
)

// wrongHost is the error for a name that is not the controller's.
type wrongHost struct{ local string }

func (e *wrongHost) Error() string {
	return "The controller does not answer to this name. Open " + e.local +
		", or add the name to \"hosts\" in its configuration."
}

// fault is what is told of an error.
type fault struct {
	Code string // stable, for programs
	Text string // for people, with what to do
}

// problem is an error's answer (RFC 9457). Code is the extension member by which
// programs tell errors apart.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
}

const problemJSON = "application/problem+json"

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
	{account.ErrBadUser, 400, fault{"bad-user", "A name has 1 to 32 letters, digits, dots, hyphens or underscores, and begins with a letter or a digit."}},
	{account.ErrBadPassword, 400, fault{"bad-password", "A password has 10 to 256 characters."}},
	{ErrUnknownBox, 404, fault{"unknown-box", "There is no such box."}},
	{errBadRequest, 400, fault{"bad-request", "The request cannot be read."}},
	{errWrongType, 415, fault{"wrong-type", "The request must be JSON, and say so in its Content-Type."}},
	{errWrongOrigin, 403, fault{"wrong-origin", "The request comes from a page that is not the controller's own."}},

	{errTwoProofs, 400, fault{"two-proofs", "The request has a session's cookie and an API token. Send one of them."}},
	{errNeedsSession, 403, fault{"session-needed", "An API token cannot do this. Sign in and do it there."}},
	{errScope, 403, fault{"scope", "The API token may not do this. Make one with a wider scope."}},
	{errNotAllowed, 403, fault{"not-allowed", "Only an administrator may do this."}},
	{errOwnAccount, 403, fault{"own-account", "This is your own account. Do it there, where you are asked for your password."}},
	{account.ErrDisabled, 403, fault{"disabled", "Your account is disabled. Ask an administrator."}},
	{account.ErrWrongPassword, 403, fault{"wrong-password", "The password is wrong."}},
	{account.ErrNoPerson, 404, fault{"unknown-user", "There is nobody with this name."}},
	{account.ErrTaken, 409, fault{"user-exists", "Somebody has this name already. Choose another one."}},
	{account.ErrBadRole, 400, fault{"bad-role", "A role is \"admin\" or \"user\"."}},
	{account.ErrLastAdmin, 409, fault{"last-admin", "This is the last administrator who can sign in. Make another one first."}},
	{account.ErrNoSession, 404, fault{"unknown-session", "There is no such session. It may have ended."}},
	{account.ErrNoToken, 404, fault{"unknown-token", "There is no such API token. It may have been revoked."}},
	{account.ErrTokenRefused, 401, fault{"bad-token", "The API token is unknown, was revoked or has run out. Make a new one."}},
	{account.ErrBadScope, 400, fault{"bad-scope", "A scope is \"read\", \"control\" or, for administrators, \"admin\"."}},
	{account.ErrBadLabel, 400, fault{"bad-name", "A name for this has 1 to 64 characters, with no space at its ends."}},
	{account.ErrBadLife, 400, fault{"bad-lifetime", "An invitation lasts up to 720 hours, an API token up to 3650 days."}},
	{account.ErrTooMany, 409, fault{"too-many", "There are too many of these already. Remove one first."}},
	{account.ErrInviteRefused, 403, fault{"invitation-refused", "This invitation is not valid any more. Ask an administrator for a new one."}},
	{account.ErrNoInvitation, 404, fault{"unknown-invitation", "There is no such invitation. It may have been accepted."}},
	{account.ErrStepRefused, 403, fault{"step-refused", "The sign-in took too long, or was tried too often. Start it again."}},
	{account.ErrBadCode, 403, fault{"bad-code", "The code is wrong, or was used already. Wait for the next one, or see whether the clock is right."}},
	{account.ErrBadPasskey, 403, fault{"bad-passkey", "The passkey was not accepted. Try again, or use another way to sign in."}},
	{account.ErrPasskeyCloned, 403, fault{"passkey-cloned", "The passkey was refused, since there seems to be a copy of it. Sign in another way and remove it."}},
	{account.ErrNoPasskeyHere, 400, fault{"no-passkeys-here", "Passkeys work over https or at http://localhost only, and not with an address of numbers."}},
	{account.ErrFactorElsewhere, 403, fault{"factor-elsewhere", "Your second factor does not work at this address. Open the controller where you added it, or ask an administrator."}},
	{account.ErrNoFactor, 404, fault{"unknown-factor", "There is no such second factor."}},
	{account.ErrHasTOTP, 409, fault{"totp-exists", "There is an authenticator already. Remove it first."}},
	{account.ErrNotEnrolling, 409, fault{"not-enrolling", "No authenticator is being set up, or it took too long. Start again."}},

	{owners.ErrUnknownTorrent, 404, fault{"unknown-torrent", "There is no such torrent."}},
	{owners.ErrUnknownPerson, 404, fault{"unknown-user", "There is nobody with this name."}},
	{owners.ErrNotOwner, 403, fault{"not-owner", "Only its owner can do this. Ask them, or an administrator."}},
	{owners.ErrOwnership, 403, fault{"not-yours-to-give", "Only an administrator can give or take ownership. You can share what you own: to see it, or to start and stop it."}},
	{owners.ErrTooMany, 400, fault{"too-many-torrents", "These are too many torrents at once. Name at most 1,000."}},
	{owners.ErrNoRoom, 409, fault{"no-room", "Too many people have this torrent. Take it from somebody first: 64 can have it."}},
	{owners.ErrBadRules, 400, fault{"bad-rules", "A rule needs a user and an access (see, act or own), and in its name every [ its ]. There can be 200 rules, and a name's pattern has at most 256 bytes."}},
	{owners.ErrBadQuota, 400, fault{"bad-quota", "A limit is not negative. Leave it out, or 0, for none."}},

	{control.ErrUnknownBox, 404, fault{"unknown-box", "There is no such box."}},
	{control.ErrNotAllowed, 403, fault{"not-allowed", "Only an administrator may do this."}},
	{control.ErrMayOnlySee, 403, fault{"see-only", "This torrent was shared with you to be seen only. Ask its owner for more."}},
	{control.ErrUnknownCommand, 404, fault{"unknown-command", "There is no such command. It may have ended long ago."}},
	{control.ErrTooLate, 409, fault{"too-late", "It is too late: the command has been done, or has begun."}},
	{control.ErrTooMany, 429, fault{"too-many-commands", "Too many commands wait already. Wait until some have ended, or cancel them."}},
	{control.ErrNameTaken, 409, fault{"name-taken", "Something else has this name in this folder. Choose another name or folder."}},
	{errElsewhere, 400, fault{"bad-command", "This is done at another address. See /api/v1/openapi.json."}},
	{errNoTorrents, 400, fault{string(command.NoTorrents), "Name the torrents. None never means all."}},
	{errManyTorrents, 400, fault{"too-many-torrents", "These are too many torrents at once. Name at most 50,000."}},
	{errWhichBox, 400, fault{"box-needed", "There are several boxes. Say which one."}},
	{errSilentBox, 504, fault{"box-silent", "The box did not answer in time. Try again, and see whether its line is up."}},
	{errWaiting, 503, fault{"too-many-waiting", "Too many requests wait for the boxes. Ask again without waiting, or later."}},
	{errUploads, 503, fault{"too-many-uploads", "Too many large requests at once. Try again when one of them has been answered."}},
	{errStopping, 503, fault{"stopping", "The controller is being stopped. Try again when it runs again."}},

	{errCrowded, 503, fault{"too-many", "There are too many connections. Close some pages, or try again later."}},
	{errNoStream, 404, fault{"unknown-stream", "There is no such stream, or it has ended. Open another."}},
	{errTooQuickly, 429, fault{"too-many-messages", "The stream has not read the messages before this one. Try again."}},
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
	if s.leases.give(&c.Request().Header) && errors.Is(err, fiber.ErrRequestEntityTooLarge) {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(uploadPause))
		err = errUploads
	}
	status, f := s.explain(c, err)
	return c.Status(status).JSON(problem{"about:blank", http.StatusText(status), status, f.Text, f.Code}, problemJSON)
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
	var rule *owners.RuleError
	if errors.As(err, &rule) {
		status, f := s.explain(c, rule.Err)
		f.Text = "Rule " + strconv.Itoa(rule.Number) + ": " + f.Text
		return status, f
	}
	if status, f, ok := refusal(err); ok {
		return status, f
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

// faultStatus is the status for a command that cannot be done. Its text comes with
// it.
var faultStatus = map[command.FaultCode]int{
	command.UnknownTorrent: http.StatusNotFound,
	command.NoTorrents:     http.StatusBadRequest,
	command.BadCommand:     http.StatusBadRequest,
	command.BadPath:        http.StatusBadRequest,
	command.BadTorrent:     http.StatusBadRequest,
	command.BadName:        http.StatusBadRequest,
	command.ForbiddenURL:   http.StatusBadRequest,
	command.NoFetch:        http.StatusBadGateway,
	command.DiskFull:       http.StatusInsufficientStorage,
	command.Unsupported:    http.StatusNotImplemented,
	command.DaemonAway:     http.StatusServiceUnavailable,
	command.DaemonRefused:  http.StatusBadGateway,
	command.Interrupted:    http.StatusBadGateway,
	command.Cancelled:      http.StatusConflict,
	command.Expired:        http.StatusGatewayTimeout,
}

// refusal explains errors that bring their own text.
func refusal(err error) (int, fault, bool) {
	var f *command.Fault
	if errors.As(err, &f) {
		status, ok := faultStatus[f.Code]
		if !ok { // an agent that is newer than home
			status = http.StatusBadGateway
		}
		return status, fault{string(f.Code), sentence(strings.ToValidUTF8(f.Text, "?"))}, true
	}
	var q *owners.QuotaError
	if errors.As(err, &q) {
		return http.StatusForbidden, fault{"quota", sentence(q.Error())}, true
	}
	return 0, fault{}, false
}

// sentence makes one of an error's text.
func sentence(text string) string {
	first, n := utf8.DecodeRuneInString(text)
	if n == 0 {
		return ""
	}
	text = string(unicode.ToUpper(first)) + text[n:]
	if strings.ContainsAny(text[len(text)-1:], ".!?") {
		return text
	}
	return text + "."
}
