// Package tunnel owns home's way to a box: the pairing code that an operator
// carries from one to the other, dialling through Tor, keeping the line up, and
// saying in a person's words why it is not. It is assembled from the packages
// below it; link.Server is the box's side.
package tunnel

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"time"

	"offing/tunnel/link"
	"offing/tunnel/tor"
)

// dialTimeout is how long Tor may take to reach the box. A fresh circuit to an
// onion service takes seconds, on a bad day most of a minute.
const dialTimeout = time.Minute

// Dialer reaches onion services; *tor.Tor is one. When it also has Authorize, as
// *tor.Tor does, Dial hands it the pairing's client authorization key first.
type Dialer interface {
	// Dial connects to a virtual port of an onion service. Connections with
	// different isolate strings never share a circuit.
	Dial(ctx context.Context, isolate string, to tor.Address, port int) (net.Conn, error)
}

type authorizer interface {
	Authorize(to tor.Address, key tor.ClientKey) error
}

// Dial connects to the box of p and logs in. Explain says what its errors mean.
func Dial(ctx context.Context, d Dialer, p Pairing, log *slog.Logger) (*link.Client, error) {
	if a, ok := d.(authorizer); ok {
		if err := a.Authorize(p.Address, p.ClientAuth()); err != nil {
			return nil, fmt.Errorf("%w: client authorization: %w", tor.ErrNotReady, err)
		}
	}
	conn, err := dialOnion(ctx, d, p.Address)
	if err != nil {
		return nil, err
	}
	return link.Connect(ctx, conn, link.ClientConfig{HostKey: p.HostKey, Login: p.Login(), Log: log})
}

// dialOnion asks for a circuit of its own each time: after a break Tor may still
// hold the old one for good, and would hand out streams on it that lead nowhere.
func dialOnion(ctx context.Context, d Dialer, to tor.Address) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, dialTimeout, errDialTimeout)
	defer cancel()
	conn, err := d.Dial(ctx, rand.Text(), to, tor.Port)
	if err != nil && context.Cause(ctx) == errDialTimeout {
		return nil, errDialTimeout
	}
	return conn, err
}
