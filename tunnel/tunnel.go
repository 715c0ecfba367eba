// Package tunnel owns home's way to a box: the pairing code that an operator
// carries from one to the other, dialling through Tor, keeping the line up, and
// saying in a person's words why it is not. It is assembled from the packages
// below it; link.Server is the box's side.
package tunnel

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"offing/tunnel/link"
	"offing/tunnel/tor"
)

const (
	// dialTimeout is how long Tor may take to reach the box. A fresh circuit to an
	// onion service takes seconds, on a bad day most of a minute.
	dialTimeout = time.Minute
	// dialAgain is after how long another circuit is asked for beside those that have
	// not led to the box. One that leads nowhere, as when the box's Tor has just died
	// or missed the meeting point, Tor waits for two minutes and says nothing.
	dialAgain = 15 * time.Second
)

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

// dialOnion asks for a circuit of its own each time: after a break Tor may still hold
// the old one for good, and would hand out streams on it that lead nowhere. It returns
// the first connection, or an error when no circuit is left to wait for.
func dialOnion(ctx context.Context, d Dialer, to tor.Address) (net.Conn, error) {
	within, cancel := context.WithTimeout(ctx, dialTimeout)
	var dials sync.WaitGroup
	defer dials.Wait()
	defer cancel()
	type outcome struct {
		conn net.Conn
		err  error
	}
	ended, waiting := make(chan outcome), 0
	dial := func() {
		waiting++
		dials.Go(func() {
			conn, err := d.Dial(within, rand.Text(), to, tor.Port)
			select {
			case ended <- outcome{conn, err}:
			case <-within.Done():
				if err == nil {
					conn.Close()
				}
			}
		})
	}
	again := time.NewTicker(dialAgain)
	defer again.Stop()
	dial()
	var err error
	for waiting > 0 {
		select {
		case o := <-ended:
			if o.err == nil {
				return o.conn, nil
			}
			waiting, err = waiting-1, o.err
		case <-again.C:
			dial()
		case <-within.Done():
			waiting, err = 0, within.Err()
		}
	}
	// A connection may notice the deadline just before the context does.
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = errDialTimeout
	}
	return nil, err
}
