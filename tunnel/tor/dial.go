package tor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/net/proxy"
)

// maxIsolate is the longest SOCKS user name in bytes: RFC 1929.
const maxIsolate = 255

// isolatePassword goes with every user name. Tor keeps streams of different
// credentials apart, and the name alone makes ours differ.
const isolatePassword = "offing"

// Dial connects to a port of an onion service. Connections of different isolate
// names, 1 to 255 bytes, never share a circuit; the name stays on this machine.
// What is not a valid address is refused before anything is sent, and nothing is
// resolved. The errors are those of this package, or ctx's.
func (t *Tor) Dial(ctx context.Context, isolate string, to Address, port int) (net.Conn, error) {
	if !t.cfg.Client {
		return nil, errors.New("tor: a service does not dial")
	}
	if a, err := ParseAddress(string(to)); err != nil || a != to {
		return nil, ErrBadAddress
	}
	if port < 1 || port > 65535 {
		return nil, fmt.Errorf("tor: port %d is not between 1 and 65535", port)
	}
	// Tor gives names with this prefix a meaning of their own: socks-extensions.
	if isolate == "" || len(isolate) > maxIsolate || strings.HasPrefix(isolate, "<torS0X>") {
		return nil, errors.New("tor: the isolation name is not a plain SOCKS user name")
	}
	if s := t.Status(); !s.Running || s.Percent != ready {
		return nil, ErrNotReady
	}
	network, address, err := t.socks()
	if err != nil {
		return nil, err
	}
	return dialSOCKS(ctx, network, address, isolate, net.JoinHostPort(to.Host(), strconv.Itoa(port)))
}

// socks returns where Tor's SOCKS port is.
func (t *Tor) socks() (network, address string, err error) {
	if t.cfg.Control != "" {
		return endpoint(t.cfg.SOCKS)
	}
	return "unix", filepath.Join(t.cfg.RunDir, socksSocket), nil
}

// dialSOCKS connects through a SOCKS5 server. Errors of the library name the
// target, hence none is passed on as it is.
func dialSOCKS(ctx context.Context, network, address, isolate, target string) (net.Conn, error) {
	forward := &replyDialer{}
	dialer, err := proxy.SOCKS5(network, address, &proxy.Auth{User: isolate, Password: isolatePassword}, forward)
	if err != nil {
		return nil, err
	}
	_, err = dialer.(proxy.ContextDialer).DialContext(ctx, "tcp", target)
	switch code, replied := forward.reply(); {
	case err == nil:
		return forward.conn.Conn, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded): // ctx's, which has the connection's deadline set
		return nil, context.DeadlineExceeded
	case forward.conn == nil:
		return nil, fmt.Errorf("%w: its SOCKS port does not answer", ErrNotReady)
	case replied && code != 0:
		return nil, replyError(code)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%w: it closed the SOCKS connection", ErrUnreachable)
	}
	return nil, fmt.Errorf("%w: its SOCKS port does not behave", ErrUnreachable)
}

// replyDialer dials the SOCKS server and keeps the head of what it answers: the
// library knows no codes of Tor's and tells of others in words only.
type replyDialer struct {
	net.Dialer
	conn *headConn
}

// DialContext makes the one connection of this dialer.
func (d *replyDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.Dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.conn = &headConn{Conn: conn}
	return d.conn, nil
}

// reply returns the reply code of the server: RFC 1928, section 6. It comes
// after the choice of method and, unless that is "none", the answer to it.
func (d *replyDialer) reply() (code byte, ok bool) {
	if d.conn == nil {
		return 0, false
	}
	head := d.conn.head
	at := 3
	if len(head) > 1 && head[1] != 0 {
		at = 5
	}
	if len(head) <= at {
		return 0, false
	}
	return head[at], true
}

// headConn keeps the first bytes that were read.
type headConn struct {
	net.Conn
	head []byte
}

// maxHead covers everything up to the reply code.
const maxHead = 6

func (c *headConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.head = append(c.head, p[:min(n, maxHead-len(c.head))]...)
	return n, err
}
