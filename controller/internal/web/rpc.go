package web

import (
	"context"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"offing/controller/internal/rpc"
)

// RPC answers apps that speak Transmission's RPC. *rpc.Endpoint is one.
type RPC interface {
	Serve(ctx context.Context, r rpc.Request) rpc.Response
}

// rpcPaths are where such apps look for it, and what follows a box's own address. The
// help of transmission-remote writes its address with a slash at the end, and it adds
// another.
var rpcPaths = []string{"/transmission/rpc", "/transmission/rpc/", "/transmission//rpc", "/transmission//rpc/"}

// gzipFrom is the least length of an answer that is worth packing, in bytes.
const gzipFrom = 1 << 10

// rpcRoutes are for apps, on the TCP door alone: those have a name and a token.
func (s *Server) rpcRoutes(app *fiber.App) {
	if s.RPC == nil {
		return
	}
	for _, path := range rpcPaths {
		for _, path := range []string{path, "/boxes/:box" + path} {
			app.Get(path, s.notForPages, s.serveRPC)
			app.Post(path, s.notForPages, s.serveRPC)
		}
	}
}

// notForPages refuses what a page may have sent: a browser adds a login that it
// remembers to whatever any page asks for, and a session is not for apps.
func (s *Server) notForPages(c *fiber.Ctx) error {
	switch c.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return errWrongOrigin
	}
	if origin := c.Get(fiber.HeaderOrigin); origin != "" && !s.names.origins[origin] || c.Cookies(cookie) != "" {
		return errWrongOrigin
	}
	return c.Next()
}

func (s *Server) serveRPC(c *fiber.Ctx) error {
	box, err := boxOf(c)
	if err != nil {
		return err
	}
	r := s.RPC.Serve(s.ctx, rpc.Request{
		Method: c.Method(), Box: box, Authorization: c.Get(fiber.HeaderAuthorization), SessionID: c.Get(rpc.SessionHeader),
		Address: s.address(c), Body: c.Request().Body(), // as it came: nobody packs a request
	})
	for _, h := range r.Header {
		c.Set(h[0], h[1])
	}
	c.Status(r.Status)
	c.Set(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
	if len(r.Body) >= gzipFrom && c.Request().Header.HasAcceptEncoding("gzip") {
		c.Set(fiber.HeaderContentEncoding, "gzip")
		r.Body = fasthttp.AppendGzipBytesLevel(nil, r.Body, fasthttp.CompressBestSpeed)
	}
	c.Response().SetBodyRaw(r.Body) // which may be shared, and is not written to
	return nil
}
