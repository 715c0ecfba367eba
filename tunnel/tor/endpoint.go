package tor

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// endpoint splits "unix:/path", "/path" or "ip:port" into what net.Dial takes.
// Names are refused, even localhost: nothing here is ever resolved.
func endpoint(s string) (network, address string, err error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok || strings.HasPrefix(s, "/") {
		path = strings.Trim(path, `"`)
		if !strings.HasPrefix(path, "/") {
			return "", "", fmt.Errorf("%q: the path of a socket must begin with /", s)
		}
		return "unix", path, checkSocketPath(path)
	}
	addr, err := netip.ParseAddrPort(s)
	if err != nil {
		return "", "", fmt.Errorf("%q is neither unix:/path nor an address and a port such as 127.0.0.1:9051", s)
	}
	if !addr.Addr().IsLoopback() {
		return "", "", fmt.Errorf("%q is not on this machine: only a loopback address will do", s)
	}
	return "tcp", net.JoinHostPort(addr.Addr().String(), fmt.Sprint(addr.Port())), nil
}
