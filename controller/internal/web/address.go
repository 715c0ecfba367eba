package web

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// address is where a request comes from: the peer's address, or what a trusted
// proxy says that its own peer's was. Only the last address of the last header is
// that proxy's word, which some proxies put into a header of its own; whoever asked
// can have written those before it.
func (s *Server) address(c *fiber.Ctx) netip.Addr {
	peer, _ := netip.ParseAddr(c.IP()) // the peer's: no header is looked at here
	peer = peer.Unmap()
	if !slices.ContainsFunc(s.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(peer) }) {
		return peer
	}
	headers := c.Request().Header.PeekAll(fiber.HeaderXForwardedFor)
	if len(headers) == 0 {
		return peer
	}
	said := string(headers[len(headers)-1])
	if said = strings.TrimSpace(said[strings.LastIndexByte(said, ',')+1:]); said == "" {
		return peer
	}
	address, err := netip.ParseAddr(said)
	if err != nil {
		return peer
	}
	return address.Unmap().WithZone("")
}
