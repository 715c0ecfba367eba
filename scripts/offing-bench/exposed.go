package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"offing/scripts/rig"
	"offing/tunnel/tor"
)

// exposedURL is the daemon's for an exposed client; the name is one that it answers to.
const exposedURL = "http://127.0.0.1/transmission/rpc"

// exposed is a daemon's RPC behind an onion service of its own, and a Tor of who asks
// it: what somebody has who reaches a daemon through Tor without Offing.
type exposed struct {
	client  *http.Client
	read    atomic.Int64 // bytes that have come to who asks
	address tor.Address
	run     string
	end     context.CancelFunc
	parts   sync.WaitGroup
}

// expose puts what listens on to, a TCP address, behind an onion service in the
// system's private network, and returns once it can be reached.
func expose(ctx context.Context, s *rig.System, to string) (_ *exposed, err error) {
	e := &exposed{}
	if e.run, err = os.MkdirTemp("", "offing-"); err != nil {
		return nil, err
	}
	alive, end := context.WithCancel(context.WithoutCancel(ctx))
	e.end = end
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	service, err := tor.New(tor.Config{
		DataDir: e.path("service"), RunDir: e.path("s"), Extra: s.TorLines(), Log: quiet,
		Service: &tor.Service{Dir: e.path("onion")},
	})
	if err != nil {
		return nil, err
	}
	home, err := tor.New(tor.Config{DataDir: e.path("client"), RunDir: e.path("c"), Client: true, Extra: s.TorLines(), Log: quiet})
	if err != nil {
		return nil, err
	}
	listener, err := service.Listen()
	if err != nil {
		return nil, err
	}
	e.parts.Go(func() { e.pass(alive, listener, to) })
	for _, t := range []*tor.Tor{service, home} {
		e.parts.Go(func() { _ = t.Run(alive) }) // what is wrong is seen in asking
	}
	var key tor.ClientKey
	_, _ = rand.Read(key[:]) // never fails, see its documentation
	e.address = service.Address()
	if err := errors.Join(service.SetClients([]tor.ClientPublicKey{key.Public()}), home.Authorize(e.address, key)); err != nil {
		return nil, err
	}
	e.client = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := home.Dial(ctx, "bench", e.address, tor.Port)
			if err != nil {
				return nil, err
			}
			return &countedConn{conn, &e.read}, nil
		},
		DisableCompression: true, // a caller asks for it, or not
	}}
	return e, e.answers(ctx)
}

func (e *exposed) path(name string) string { return filepath.Join(e.run, name) }

// answers waits until the service can be reached.
func (e *exposed) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, exposedURL, nil)
		if err != nil {
			return err
		}
		res, err := e.client.Do(req)
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			return res.Body.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
}

// pass carries bytes between the service and the daemon.
func (e *exposed) pass(ctx context.Context, l net.Listener, to string) {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		e.parts.Go(func() { relay(ctx, conn, to) })
	}
}

func relay(ctx context.Context, conn net.Conn, to string) {
	defer conn.Close()
	daemon, err := (&net.Dialer{}).DialContext(ctx, "tcp", to)
	if err != nil {
		return
	}
	defer daemon.Close()
	defer context.AfterFunc(ctx, func() { conn.Close(); daemon.Close() })()
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(daemon, conn); daemon.Close() })
	both.Go(func() { _, _ = io.Copy(conn, daemon); conn.Close() })
	both.Wait()
}

func (e *exposed) close() {
	if e.client != nil {
		e.client.CloseIdleConnections()
	}
	e.end()
	e.parts.Wait()
	os.RemoveAll(e.run)
}

// countedConn counts what is read.
type countedConn struct {
	net.Conn
	read *atomic.Int64
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}
