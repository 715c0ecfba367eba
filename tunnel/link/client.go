package link

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Defaults of ClientConfig.
const (
	defaultClientHandshake   = 30 * time.Second
	defaultKeepaliveInterval = 5 * time.Second
	defaultKeepaliveTimeout  = 5 * time.Second
)

// handshakeTrips is how many round trips a handshake takes.
const handshakeTrips = 6

// ClientConfig is what a Client is made of. HostKey, Login and Log are required;
// a zero duration means its default.
type ClientConfig struct {
	HostKey ed25519.PublicKey // the only one accepted
	Login   ed25519.PrivateKey
	Log     *slog.Logger

	HandshakeTimeout  time.Duration // of Connect
	KeepaliveInterval time.Duration // mean pause between keepalives, at least; jittered by half
	KeepaliveTimeout  time.Duration // silence after a keepalive that means a dead peer, at least; more on a slow line
}

// Client is home's end of the line. It is safe for concurrent use.
type Client struct {
	cfg     ClientConfig
	conn    *watchedConn
	ssh     ssh.Conn
	rtt     roundTrip
	ending  context.Context // ends when the connection does
	end     context.CancelFunc
	serving sync.WaitGroup
	done    chan struct{}

	mu  sync.Mutex
	err error // why the connection ended: the first that noticed
}

// Connect logs in over conn, which it owns from here on: it is closed when
// Connect fails. ctx is for Connect alone; the Client lives until Close or the
// end of the connection. See the Err variables for what can be told apart.
func Connect(ctx context.Context, conn net.Conn, cfg ClientConfig) (*Client, error) {
	setDefault(&cfg.HandshakeTimeout, defaultClientHandshake)
	setDefault(&cfg.KeepaliveInterval, defaultKeepaliveInterval)
	setDefault(&cfg.KeepaliveTimeout, defaultKeepaliveTimeout)
	c := &Client{cfg: cfg, conn: watch(conn), done: make(chan struct{})}
	config, err := c.sshConfig()
	if err != nil {
		conn.Close()
		return nil, err
	}
	// The library's handshake knows neither a deadline nor a context.
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.HandshakeTimeout, ErrHandshakeTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	begun := time.Now()
	sshConn, channels, requests, err := ssh.NewClientConn(c.conn, "", config)
	late := !stop()
	if err == nil {
		c.rtt.guess(time.Since(begun) / handshakeTrips)
		c.serve(sshConn, channels, requests)
	}
	switch {
	case late:
		if err == nil {
			c.Close()
		}
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, handshakeError(err)
	}
	return c, nil
}

// serve starts the goroutines of a connection that has logged in.
func (c *Client) serve(sshConn ssh.Conn, channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) {
	c.ssh = sshConn
	c.ending, c.end = context.WithCancel(context.Background())
	c.serving.Go(func() { refuseChannels(channels) })
	c.serving.Go(func() { ssh.DiscardRequests(requests) })
	c.serving.Go(c.keepalive)
	go c.wait()
}

// start runs f in a goroutine that the end of the Client waits for, or tells
// that the connection has ended already.
func (c *Client) start(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return false
	}
	c.serving.Go(f)
	return true
}

func (c *Client) sshConfig() (*ssh.ClientConfig, error) {
	signer, err := ssh.NewSignerFromKey(c.cfg.Login)
	if err != nil {
		return nil, fmt.Errorf("login key: %w", err)
	}
	return &ssh.ClientConfig{
		Config:            algorithms(),
		User:              clientUser,
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(signer)},
		AuthCallback:      c.refused,
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
		HostKeyCallback:   c.checkHostKey,
		ClientVersion:     identification,
	}, nil
}

func (c *Client) checkHostKey(_ string, _ net.Addr, offered ssh.PublicKey) error {
	if key, ok := publicKey(offered); !ok || !key.Equal(c.cfg.HostKey) {
		return ErrHostKeyChanged
	}
	return nil
}

// refused is called before each attempt to log in; the library itself gives no
// error to branch on. A connection that breaks during the attempt looks like a
// refusal to it, too.
func (c *Client) refused(auth *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	for _, method := range auth.TriedMethods {
		if method == "publickey" {
			if err := c.conn.readError(); err != nil {
				return nil, err
			}
			return nil, ErrKeyRefused
		}
	}
	return nil, nil
}

// handshakeError gives the library's error one of ours to branch on.
func handshakeError(err error) error {
	var negotiation *ssh.AlgorithmNegotiationError
	switch {
	case errors.Is(err, ErrHostKeyChanged), errors.Is(err, ErrKeyRefused):
		return err
	case errors.As(err, &negotiation):
		return fmt.Errorf("%w: %w", ErrIncompatible, err)
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

// refuseChannels turns down what a server has no business to open.
func refuseChannels(channels <-chan ssh.NewChannel) {
	for nc := range channels {
		_ = nc.Reject(ssh.Prohibited, "a client opens channels")
	}
}

// wait ends the Client when its connection has ended.
func (c *Client) wait() {
	err := c.ssh.Wait()
	c.fail(fmt.Errorf("%w: %w", ErrBroken, err))
	c.end()
	c.serving.Wait()
	close(c.done)
}

// fail closes the connection; err is why, unless there is a reason already.
func (c *Client) fail(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	c.mu.Unlock()
	c.conn.Close()
}

// RTT returns the smoothed round trip of the keepalives; before the first of
// them what the handshake took per round trip.
func (c *Client) RTT() time.Duration { return c.rtt.smoothed() }

// Done returns a channel that is closed when the connection has ended, whoever
// ended it.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns why the connection ended (ErrSilent, ErrBroken, ErrClosed), or
// nil while it has not.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close ends the connection and all its channels, and waits for that. It may be
// called more than once, and always returns nil.
func (c *Client) Close() error {
	c.fail(ErrClosed)
	<-c.done
	return nil
}
