package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"offing/scripts/offing-bench/fanout"
)

const (
	atOnce    = 32 // connections that are being opened
	connectIn = 30 * time.Second
)

// conn is an open connection.
type conn struct {
	fd   int
	rest []byte // the beginning of a frame
}

// connect opens connections and hands them to the reader.
func connect(r *reader, c *fanout.Connections) error {
	address, err := netip.ParseAddrPort(c.Address)
	if err != nil {
		return err
	}
	if len(c.Tickets) < c.Count && c.Protocol == fanout.Offing {
		return errors.New("there are not enough tickets")
	}
	r.stamp = []byte(c.Stamp)
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i := range c.Count {
		g.Go(func() error {
			ticket := ""
			if c.Protocol == fanout.Offing {
				ticket = c.Tickets[i]
			}
			conn, err := open(address, c, greeting(c, ticket))
			if err != nil {
				return fmt.Errorf("connection %d: %w", i, err)
			}
			return r.add(conn, i < c.Stalled)
		})
	}
	return g.Wait()
}

// greeting is what a connection says first.
func greeting(c *fanout.Connections, ticket string) (frames []byte) {
	say := func(text []byte) { frames = fanout.AppendFrame(frames, fanout.OpText, text) }
	switch c.Protocol {
	case fanout.Plain:
		var names []byte
		for _, name := range c.Topics {
			names = append(append(names, name...), ',')
		}
		say(names)
	case fanout.Centrifuge:
		commands := []byte(`{"id":1,"connect":{}}`)
		for i, name := range c.Topics {
			commands = fmt.Appendf(commands, "\n"+`{"id":%d,"subscribe":{"channel":%q}}`, i+2, name)
		}
		say(commands)
	case fanout.Offing:
		say(fmt.Appendf(nil, `{"op":"open","ticket":%q}`, ticket))
		for _, name := range c.Topics {
			say(fmt.Appendf(nil, `{"op":"subscribe","topic":%q}`, name))
		}
	}
	return frames
}

// answers is how many documents come before a connection is subscribed.
func answers(c *fanout.Connections) int {
	if c.Protocol == fanout.Plain {
		return 1
	}
	return 1 + len(c.Topics)
}

// open connects, shakes hands, and subscribes.
func open(address netip.AddrPort, c *fanout.Connections, greeting []byte) (*conn, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	patience := unix.NsecToTimeval(int64(connectIn))
	err = errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.Connect(fd, &unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}),
	)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	s := &conn{fd: fd}
	if err := s.shake(c); err != nil {
		return nil, fmt.Errorf("shake hands: %w", err)
	}
	if err := s.write(greeting); err != nil {
		return nil, err
	}
	return s, s.await(answers(c))
}

// shake does the handshake of RFC 6455, section 4.1.
func (s *conn) shake(c *fanout.Connections) error {
	err := s.write([]byte("GET " + c.Path + " HTTP/1.1\r\nHost: " + c.Address + "\r\nOrigin: http://" + c.Address +
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
	for err == nil {
		if head, rest, ok := bytes.Cut(s.rest, []byte("\r\n\r\n")); ok {
			if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
				return errors.New("the server answers " + strconv.Quote(string(head)))
			}
			s.rest = rest
			return nil
		}
		err = s.more()
	}
	return err
}

// await takes frames until so many documents have come.
func (s *conn) await(documents int) error {
	for {
		for {
			f, ok, err := fanout.NextFrame(s.rest)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			s.rest = s.rest[f.Size:]
			switch f.Op {
			case fanout.OpText:
				documents -= fanout.Documents(f.Payload)
			case fanout.OpClose:
				return fmt.Errorf("the server closes: %q", f.Payload)
			}
		}
		if documents <= 0 {
			return unix.SetNonblock(s.fd, true)
		}
		if err := s.more(); err != nil {
			return err
		}
	}
}

// more reads what comes next to the end of rest.
func (s *conn) more() error {
	b := make([]byte, 4096)
	n, err := unix.Read(s.fd, b)
	switch {
	case err == unix.EINTR:
		return nil
	case err != nil:
		return fmt.Errorf("read: %w", err)
	case n == 0:
		return errors.New("the server has closed")
	}
	s.rest = append(s.rest, b[:n]...)
	return nil
}

func (s *conn) write(b []byte) error {
	for len(b) > 0 {
		n, err := unix.Write(s.fd, b)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		b = b[n:]
	}
	return nil
}
