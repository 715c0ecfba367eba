package transmission

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
)

// defaultPath is where the daemon serves its RPC unless told otherwise.
const defaultPath = "/transmission/rpc"

// Endpoint is where the daemon's RPC is.
type Endpoint struct {
	TLS  bool
	Addr netip.AddrPort
	Path string
}

// ParseEndpoint reads an http or https URL. Its host must be an IP address or
// "localhost": a name would have to be resolved, and the agent never asks DNS.
func ParseEndpoint(s string) (Endpoint, error) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return Endpoint{}, fmt.Errorf("%q is no URL like \"http://127.0.0.1:9091/transmission/rpc\"", redact(u, s))
	}
	if u.User != nil {
		return Endpoint{}, errors.New("the URL holds a user name: write it as transmission.user, and the password into the file that transmission.password_file names")
	}
	e := Endpoint{TLS: u.Scheme == "https", Path: u.Path}
	if e.Path == "" || e.Path == "/" {
		e.Path = defaultPath
	}
	host := u.Hostname()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return Endpoint{}, fmt.Errorf("%q is a name: write the daemon's IP address, the agent asks no DNS", host)
	}
	port := uint64(9091)
	if u.Port() != "" {
		if port, err = strconv.ParseUint(u.Port(), 10, 16); err != nil || port == 0 {
			return Endpoint{}, fmt.Errorf("port %q: write a number from 1 to 65535", u.Port())
		}
	}
	e.Addr = netip.AddrPortFrom(ip, uint16(port))
	return e, nil
}

// redact keeps a password that was written into a broken URL out of the error.
func redact(u *url.URL, s string) string {
	if u == nil {
		return "the value"
	}
	if u.User != nil {
		return u.Redacted()
	}
	return s
}

// String returns the URL.
func (e Endpoint) String() string {
	u := url.URL{Scheme: "http", Host: e.Addr.String(), Path: e.Path}
	if e.TLS {
		u.Scheme = "https"
	}
	return u.String()
}

// host is the address as hekmon/transmissionrpc wants it: without the port, an
// IPv6 one in brackets.
func (e Endpoint) host() string {
	h, _, _ := net.SplitHostPort(e.Addr.String())
	if e.Addr.Addr().Is6() {
		return "[" + h + "]"
	}
	return h
}
