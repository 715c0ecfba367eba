package web

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// names are the Host names that the controller answers to and the origins whose
// pages it believes, each exact and in lower case. A page of another site that
// makes its own name point here (DNS rebinding) still sends its own name.
type names struct {
	local   string // origin for a browser on this machine
	https   bool   // people come through a proxy with TLS
	public  string // origin for people who come through a proxy; may be empty
	prefix  string // path below which they find the page, such as "/offing"; empty for none
	hosts   map[string]bool
	origins map[string]bool
}

func newNames(bound net.Addr, c Config) (*names, error) {
	n := &names{hosts: map[string]bool{}, origins: map[string]bool{}}
	if err := n.addPublic(c.PublicURL); err != nil {
		return nil, err
	}
	tcp, ok := bound.(*net.TCPAddr)
	if !ok {
		return nil, fmt.Errorf("listening on %s, which is no TCP address", bound.Network())
	}
	port := strconv.Itoa(tcp.Port)
	local := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		local = "127.0.0.1"
	}
	own := []string{local}
	if tcp.IP.IsLoopback() || tcp.IP.IsUnspecified() {
		own = append(own, "localhost", "127.0.0.1", "::1")
	}
	for _, host := range own {
		n.add("http", net.JoinHostPort(host, port))
	}
	n.local = strings.TrimSuffix("http://"+net.JoinHostPort(local, port), ":80")
	for _, host := range c.Hosts {
		n.add("http", host)
		if n.https {
			n.add("https", host)
		}
		if _, _, err := net.SplitHostPort(host); err != nil { // a name without a port
			n.add("http", net.JoinHostPort(strings.Trim(host, "[]"), port))
		}
	}
	return n, nil
}

func (n *names) addPublic(public string) error {
	if public == "" {
		return nil
	}
	u, err := url.Parse(public)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("public_url %q is no address of a page: set it to one such as https://seedbox.example.org", public)
	}
	n.https = u.Scheme == "https"
	n.prefix = strings.TrimSuffix(u.EscapedPath(), "/")
	n.public = n.add(u.Scheme, u.Host)
	return nil
}

// below reports whether a request is for the page below the prefix: from its
// origin when the browser says one, else by its name.
func (n *names) below(origin, host string) bool {
	if n.prefix == "" {
		return false
	}
	if origin != "" {
		return origin == n.public
	}
	return strings.HasSuffix(n.public, "://"+strings.ToLower(host))
}

// withoutPrefix takes the prefix off a path. It reports false for another path.
func (n *names) withoutPrefix(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, n.prefix)
	return rest, ok && n.prefix != "" && strings.HasPrefix(rest, "/")
}

// add allows host, as browsers send it: without the port that the scheme implies.
// It returns the origin.
func (n *names) add(scheme, host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[scheme]))
	n.hosts[host] = true
	n.origins[scheme+"://"+host] = true
	return scheme + "://" + host
}
