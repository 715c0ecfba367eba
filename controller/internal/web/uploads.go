package web

import (
	"bytes"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"offing/controller/internal/account"
	"offing/controller/internal/rpc"
)

// maxUpload is what a request may have in its body, in bytes, that brings a .torrent
// file or names tens of thousands of torrents. Only who may control can send it.
const (
	maxUpload     = 12 << 20
	uploadTimeout = 2 * time.Minute // for such a request
)

// uploads are the routes that take it.
var uploads = append([]string{"/api/v1/torrents", "/api/v1/commands"}, rpcPaths...)

// isUpload tells whether a request, of which only the head is known, wants to bring
// more than others may.
func isUpload(h *fasthttp.RequestHeader) bool {
	if !h.IsPost() || h.ContentLength() >= 0 && h.ContentLength() <= maxBody {
		return false
	}
	path, _, _ := bytes.Cut(h.RequestURI(), []byte("?"))
	for _, upload := range uploads {
		if bytes.HasSuffix(path, []byte(upload)) {
			return true
		}
	}
	return false
}

// admitUploads says how much of a request is read, before its body is: what a
// stranger sends shall not be held, nor more of anybody at once than there is room for.
func (s *Server) admitUploads(uploader func(*fasthttp.RequestHeader) (account.User, bool)) func(*fasthttp.RequestHeader) fasthttp.RequestConfig {
	return func(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
		if !isUpload(h) {
			return fasthttp.RequestConfig{}
		}
		if user, may := uploader(h); !may || !s.leases.take(h, user, time.Now()) {
			return fasthttp.RequestConfig{}
		}
		return fasthttp.RequestConfig{MaxRequestBodySize: maxUpload, ReadTimeout: uploadTimeout}
	}
}

// endUpload makes room for another large body once a request is answered.
func (s *Server) endUpload(c *fiber.Ctx) error {
	defer s.leases.give(&c.Request().Header)
	return c.Next()
}

// uploader tells whose a request is, and whether its head proves that its sender may
// control. The handlers look again, and say why not.
func (s *Server) uploader(h *fasthttp.RequestHeader) (account.User, bool) {
	var p account.Principal
	var err error
	scheme, token, _ := strings.Cut(string(h.Peek("Authorization")), " ")
	if strings.EqualFold(scheme, "Bearer") {
		p, err = s.Accounts.PeekToken(s.ctx, token)
	} else if _, token, ok := rpc.BasicAuth(string(h.Peek("Authorization"))); ok {
		p, err = s.Accounts.PeekToken(s.ctx, token)
	} else {
		p, err = s.Accounts.Authenticate(s.ctx, string(h.Cookie(cookie)))
	}
	return p.User, err == nil && p.May(account.ScopeControl)
}
