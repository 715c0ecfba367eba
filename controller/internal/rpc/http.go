package rpc

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math"
	"net/http"
	"net/netip"
	"strconv"

	"offing/controller/internal/account"
)

// SessionHeader is the header that a request must repeat from the answer with status
// 409 (specification, "CSRF protection").
const SessionHeader = "X-Transmission-Session-Id"

// VersionHeader tells clients of both dialects, beside SessionHeader, that the newer
// one is spoken too.
const VersionHeader = "X-Transmission-Rpc-Version"

// MaxBody is the most bytes of a request: a .torrent file in base64, and what is
// around it.
const MaxBody = 12 << 20

// Request is an HTTP request without what is HTTP's own.
type Request struct {
	Method        string // GET or POST
	Box           string // the one that it is about; empty for all
	Authorization string // the header
	SessionID     string // the header SessionHeader
	Address       netip.Addr
	Body          []byte // not kept
}

// Response is an answer. Body may be shared with others and must not be written to.
type Response struct {
	Status int
	Header [][2]string
	Body   []byte
}

// Serve answers a request. It waits for what boxes do, at most for patience.
func (e *Endpoint) Serve(ctx context.Context, r Request) Response {
	p, err := e.authenticate(ctx, r)
	if err != nil {
		return e.refuse(ctx, r, err)
	}
	session := e.sessionID(p.User)
	if !hmac.Equal([]byte(r.SessionID), []byte(session)) {
		return Response{
			Status: http.StatusConflict,
			Header: [][2]string{{SessionHeader, session}, {VersionHeader, semverNew}, {"Content-Type", "text/plain; charset=utf-8"}},
			Body:   []byte("Repeat the request with the header " + SessionHeader + " of this answer.\n"),
		}
	}
	if r.Method != http.MethodPost {
		return plain(http.StatusMethodNotAllowed, "Requests are sent with POST.", [2]string{"Allow", "GET, POST"})
	}
	if !e.crowd.enter(p.User) {
		return plain(http.StatusServiceUnavailable, "Too many requests of yours are being answered. Try again.", [2]string{"Retry-After", "5"})
	}
	defer e.crowd.leave(p.User)
	body := e.answer(ctx, asker{p, r.Box, session}, r.Body)
	if body == nil {
		return Response{Status: http.StatusNoContent}
	}
	return Response{Status: http.StatusOK, Header: [][2]string{{"Content-Type", "application/json; charset=utf-8"}}, Body: body}
}

// sessionID is the same for one person as long as the controller lives.
func (e *Endpoint) sessionID(u account.User) string {
	mac := hmac.New(sha256.New, e.key[:])
	mac.Write([]byte(u))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:30])
}

// refuse says why somebody was not let in.
func (e *Endpoint) refuse(ctx context.Context, r Request, err error) Response {
	var retry *account.RetryError
	switch {
	case errors.As(err, &retry):
		e.noteRefusal(ctx, r.Address)
		seconds := strconv.Itoa(int(math.Ceil(retry.After.Seconds())))
		return plain(http.StatusTooManyRequests, "Too many attempts. Try again in "+seconds+" s.", [2]string{"Retry-After", seconds})
	case errors.Is(err, account.ErrTokenRefused):
		if r.Authorization != "" {
			e.noteRefusal(ctx, r.Address)
		}
		return plain(http.StatusUnauthorized, "Sign in with your user name, and an API token as password.",
			[2]string{"WWW-Authenticate", `Basic realm="Offing", charset="UTF-8"`})
	}
	e.cfg.Log.ErrorContext(ctx, "an app could not be let in", "err", err)
	return plain(http.StatusInternalServerError, "Something went wrong in the controller. Its log says what.")
}

func plain(status int, text string, header ...[2]string) Response {
	return Response{
		Status: status, Header: append(header, [2]string{"Content-Type", "text/plain; charset=utf-8"}),
		Body: []byte(text + "\n"),
	}
}
