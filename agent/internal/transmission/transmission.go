// Package transmission owns the conversation with transmission-daemon over its
// RPC: the poll, which asks only for what was recently active, and the commands,
// which never reach the daemon without naming their torrents.
//
// The RPC is described in rpc-spec.txt of Transmission 3.00 and rpc-spec.md of
// 4.0; both generations are read.
package transmission

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Protocol constants.
const (
	sessionHeader = "X-Transmission-Session-Id" // the daemon's guard against cross-site requests
	minRPCVersion = 16                          // 3.00, the first with the "table" format
	userAgent     = "offing-agent"
)

// Limits of one call.
const (
	defaultTimeout   = 30 * time.Second
	dialTimeout      = 5 * time.Second
	defaultMaxAnswer = 64 << 20 // bytes; 50,000 torrents take about 10 MB
	maxErrorBody     = 4 << 10  // bytes read of an answer that is not a success
	maxSessionID     = 256      // characters
	maxConflicts     = 2        // new session ids accepted within one call
)

// Config says how to reach the daemon.
type Config struct {
	Endpoint     Endpoint
	User         string        // with PasswordFile; empty for a daemon that asks for no password
	PasswordFile string        // its first line is the password; read again whenever it changes
	Timeout      time.Duration // of a whole call; 0 means 30 s
}

// Client talks to one daemon. It is safe for concurrent use.
type Client struct {
	endpoint Endpoint
	timeout  time.Duration
	http     *http.Client
	login    login
	library  library

	maxAnswer  int64        // bytes
	rpcVersion atomic.Int32 // as the last Session said, 0 before it
	bodies     bodies

	mu        sync.Mutex
	sessionID string // what the daemon wants to see in sessionHeader
	run       uint64 // counts the changes of sessionID
}

// New returns a Client. It asks the daemon nothing yet.
func New(cfg Config) *Client {
	c := &Client{
		endpoint:  cfg.Endpoint,
		timeout:   cfg.Timeout,
		login:     login{user: cfg.User, file: cfg.PasswordFile},
		maxAnswer: defaultMaxAnswer,
	}
	if c.timeout == 0 {
		c.timeout = defaultTimeout
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	c.http = &http.Client{
		// A redirect is not followed: the password would go with it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:              nil, // whatever the environment says: the daemon is near
			DialContext:        dialer.DialContext,
			MaxIdleConns:       2,
			IdleConnTimeout:    90 * time.Second,
			DisableCompression: true, // costs both sides more than loopback does
		},
	}
	return c
}

// Close gives up the idle connections. Calls after it open new ones.
func (c *Client) Close() {
	c.http.CloseIdleConnections()
}

// request is the old form of the RPC, which every version reads.
type request struct {
	Method    string `json:"method"`
	Arguments any    `json:"arguments,omitempty"`
}

// call sends one request that only reads and gives the text of the answer to
// decode, which must not keep it. It returns the run of the daemon that answered,
// see Listing.Run.
func (c *Client) call(ctx context.Context, method string, arguments any, decode func(text []byte) error) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.exchange(ctx, request{method, arguments}, true, decode)
}

// exchange is call for a request that may change something; it has the deadline of
// ctx only. Another session id is no reason not to repeat a change: the daemon did
// not even read it.
func (c *Client) exchange(ctx context.Context, r request, reads bool, decode func(text []byte) error) (uint64, error) {
	method := r.Method
	body, err := json.Marshal(r)
	if err != nil {
		return 0, fmt.Errorf("encode %s: %w", method, err)
	}
	for range maxConflicts + 1 {
		run, again, err := c.attempt(ctx, body, reads, decode)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", method, err)
		}
		if !again {
			return run, nil
		}
	}
	return 0, fmt.Errorf("%s: %w: the session id changes with every request", method, ErrNotTransmission)
}

// attempt makes one HTTP request. It returns true when the daemon wanted
// another session id, which by then is noted.
func (c *Client) attempt(ctx context.Context, body []byte, reads bool, decode func([]byte) error) (uint64, bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return 0, false, err
	}
	password, try, err := c.login.next()
	if err != nil {
		return 0, false, err
	}
	if c.login.user != "" {
		req.SetBasicAuth(c.login.user, password)
	}
	id, run := c.session()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set(sessionHeader, id)
	if reads {
		// Saying so (net/http.Transport: an empty value is not sent) lets a request be
		// repeated when the daemon has just closed the idle connection that it went
		// out on.
		req.Header["Idempotency-Key"] = []string{}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, false, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		c.login.accepted(try)
		return run, false, c.read(resp, decode)
	case http.StatusConflict:
		c.login.accepted(try)
		return 0, true, c.renew(resp.Header.Get(sessionHeader))
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	return 0, false, c.httpError(resp.StatusCode, text, try)
}

// read gives the text of an answer to decode.
func (c *Client) read(resp *http.Response, decode func([]byte) error) error {
	text, err := readBody(resp.Body, c.bodies.take(), resp.ContentLength, c.maxAnswer)
	defer func() { c.bodies.giveBack(text) }()
	if err != nil {
		return err
	}
	return decode(text)
}

// httpError turns a status that is neither 200 nor 409 into an error, and
// counts a refused password.
func (c *Client) httpError(status int, body []byte, try try) error {
	if status == http.StatusUnauthorized {
		c.login.refused(try)
	}
	return statusError(status, body, c.login.user != "")
}

func (c *Client) session() (id string, run uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sessionID, c.run
}

// renew notes a new session id: the daemon has started again, or an hour is
// over.
func (c *Client) renew(id string) error {
	if id == "" || len(id) > maxSessionID {
		return fmt.Errorf("%w: HTTP 409 without a session id", ErrNotTransmission)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if id != c.sessionID {
		c.sessionID = id
		c.run++
	}
	return nil
}
