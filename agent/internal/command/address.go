package executor

import "net/netip"

// notPublic are the special blocks of RFC 6890 and its registry that netip has no
// method for, and what may lead back into the box by another protocol.
var notPublic = prefixes(
	"0.0.0.0/8",       // this network
	"100.64.0.0/10",   // shared by the customers of a provider (RFC 6598)
	"192.0.0.0/24",    // IETF protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"240.0.0.0/4",     // reserved, and broadcast
	"64:ff9b:1::/48",  // NAT64 of a local network (RFC 8215)
	"2001::/23",       // IETF protocol assignments, Teredo
	"2001:db8::/32",   // documentation
	"3fff::/20",       // documentation
)

var (
	global6 = netip.MustParsePrefix("2000::/3") // all that is ever routed
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
	sixTo4  = netip.MustParsePrefix("2002::/16")
)

func prefixes(list ...string) []netip.Prefix {
	p := make([]netip.Prefix, len(list))
	for i, s := range list {
		p[i] = netip.MustParsePrefix(s)
	}
	return p
}

// private tells whether an address is not one of a public host: the box must not
// fetch from it for somebody who is not on the box.
func private(ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsValid() || ip.Zone() != "" || ip.IsUnspecified() || ip.IsLoopback() || ip.IsPrivate() ||
		ip.IsLinkLocalUnicast() || ip.IsMulticast() {
		return true
	}
	for _, p := range notPublic {
		if p.Contains(ip) {
			return true
		}
	}
	if ip.Is4() {
		return false
	}
	b := ip.As16()
	switch {
	case nat64.Contains(ip):
		return private(netip.AddrFrom4([4]byte(b[12:])))
	case sixTo4.Contains(ip):
		return private(netip.AddrFrom4([4]byte(b[2:6])))
	case b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe: // ISATAP (RFC 5214)
		return private(netip.AddrFrom4([4]byte(b[12:])))
	}
	return !global6.Contains(ip)
}

// never tells whether an address is not fetched from whatever was configured: those
// of clouds where a machine asks for its own secrets are among them.
func never(ip netip.Addr) bool {
	ip = ip.Unmap()
	return !ip.IsValid() || ip.IsUnspecified() || ip.IsLinkLocalUnicast() || ip.IsMulticast()
}
