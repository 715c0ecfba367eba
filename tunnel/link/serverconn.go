package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/crypto/ssh"
)

// serverConn is one connection that has logged in.
type serverConn struct {
	server   *Server
	ssh      *ssh.ServerConn
	channels <-chan ssh.NewChannel
	requests <-chan *ssh.Request
	peer     Peer
}

// handle serves one accepted connection to its end.
func (s *Server) handle(ctx context.Context, e *entrant) {
	log := s.cfg.Log.With("circuit", e.circuit)
	defer e.conn.Close()
	conn := watch(e.conn)
	c, err := s.handshake(ctx, conn)
	s.gate.passed(e)
	if err != nil {
		log.Debug("no login", "error", err)
		return
	}
	defer conn.whenSilent(s.cfg.IdleTimeout, func() { conn.Close() })()
	if err := s.admit(ctx, c); err != nil {
		log.Info("connection ended", "error", err)
	}
}

// admit makes a logged-in connection a live one and serves it.
func (s *Server) admit(ctx context.Context, c *serverConn) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var requests sync.WaitGroup
	defer requests.Wait()
	defer c.ssh.Close()
	requests.Go(c.answerRequests)
	if !s.register(c) {
		return errTooMany
	}
	defer s.unregister(c)
	// A Disconnect that came before register did not see this connection.
	if _, ok := s.cfg.Authorize(c.peer.Key); !ok {
		return errNotAuthorized
	}
	defer context.AfterFunc(ctx, func() { c.ssh.Close() })()
	s.cfg.Log.Info("connection logged in")
	c.serveChannels(ctx, cancel)
	if err := c.ssh.Wait(); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// answerRequests refuses all global requests but keepalives. A refusal would
// keep a line alive just as well, but some clients log it.
func (c *serverConn) answerRequests() {
	for r := range c.requests {
		_ = r.Reply(r.Type == keepaliveRequest, nil) // a failure ends the connection, which is seen elsewhere
	}
}

// serveChannels serves the connection's channels until it ends, then ends the
// context and waits for them.
func (c *serverConn) serveChannels(ctx context.Context, cancel context.CancelFunc) {
	var open sync.WaitGroup
	places := make(chan struct{}, c.server.cfg.MaxChannels)
	for nc := range c.channels {
		serve := c.channelServer(nc.ChannelType())
		if serve == nil {
			_ = nc.Reject(ssh.UnknownChannelType, "only session, "+ChannelMirror+" and "+ChannelCommand)
			continue
		}
		select {
		case places <- struct{}{}:
		default:
			_ = nc.Reject(ssh.ResourceShortage, fmt.Sprintf("at most %d channels", cap(places)))
			continue
		}
		open.Go(func() {
			defer func() { <-places }()
			channel, requests, err := nc.Accept()
			if err != nil {
				return
			}
			serve(ctx, channel, requests)
		})
	}
	cancel()
	open.Wait()
}

// channelServer returns what serves channels of a type, or nil. It must close
// the channel and read the requests to their end: the library blocks the whole
// connection on requests that nobody reads.
func (c *serverConn) channelServer(kind string) func(context.Context, ssh.Channel, <-chan *ssh.Request) {
	switch kind {
	case "session":
		return c.serveSession
	case ChannelMirror:
		return c.stream("mirror", c.server.cfg.Mirror)
	case ChannelCommand:
		if c.server.cfg.Command != nil {
			return c.stream("commands", c.server.cfg.Command)
		}
	}
	return nil
}

// stream returns what serves a channel with one of our protocols.
func (c *serverConn) stream(what string, serve func(context.Context, Peer, io.ReadWriteCloser) error) func(context.Context, ssh.Channel, <-chan *ssh.Request) {
	return func(ctx context.Context, channel ssh.Channel, requests <-chan *ssh.Request) {
		var discard sync.WaitGroup
		discard.Go(func() { ssh.DiscardRequests(requests) })
		defer discard.Wait()
		defer channel.Close()
		if err := serve(ctx, c.peer, channel); err != nil && ctx.Err() == nil {
			c.server.cfg.Log.Info(what+" ended", "error", err)
		}
	}
}
