// Package client owns the typed client of the controller's API: over its Unix
// socket, where the file's mode says who may ask, and over HTTP with a sign-in.
// The command line, the end-to-end tests and the benchmarks stand on it.
package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// timeout bounds a request, beside what the controller was asked to wait. It answers
// from memory; only a list of tens of thousands of torrents takes longer than
// milliseconds.
const timeout = 30 * time.Second

// slowest is the rate, in bytes a second, at which a large request has time to arrive.
const slowest = 128 << 10

// ErrNoController means that nothing answers at the address: no controller
// runs there, or not yet.
var ErrNoController = errors.New("no controller answers")

// Client asks one controller. It is safe for concurrent use.
type Client struct {
	base string // URL before the path, without a slash at its end
	at   string // where the controller is, for errors
	http *http.Client

	token string // an API token, or empty
}

// New returns a client of the controller whose Unix socket is at the path.
func New(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	return &Client{
		base: "http://localhost",
		at:   socket,
		http: &http.Client{
			Transport:     &http.Transport{DialContext: dial, MaxIdleConns: 2, IdleConnTimeout: timeout},
			CheckRedirect: noRedirect,
		},
	}
}

// NewHTTP returns a client of the controller whose page is at the URL. It keeps
// the cookie of a Setup or SignIn, and like a page it asks nobody but that host:
// proxies of the environment are not used.
func NewHTTP(page string) (*Client, error) {
	c, err := atPage(page)
	if err != nil {
		return nil, err
	}
	c.http.Jar, err = cookiejar.New(nil)
	return c, err
}

// NewToken returns a client of the controller whose page is at the URL, which shows
// an API token instead of signing in.
func NewToken(page, token string) (*Client, error) {
	c, err := atPage(page)
	if err != nil {
		return nil, err
	}
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("this is no API token: make one on the page of your account, and give it as it is shown there")
	}
	c.token = token
	return c, nil
}

// atPage returns a client without any proof of who asks.
func atPage(page string) (*Client, error) {
	u, err := url.Parse(page)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is not the address of a page: want one such as http://127.0.0.1:8080", page)
	}
	return &Client{
		base: u.Scheme + "://" + u.Host + strings.TrimSuffix(u.EscapedPath(), "/"),
		at:   u.Host,
		http: &http.Client{
			Transport:     &http.Transport{MaxIdleConns: 2, IdleConnTimeout: timeout},
			CheckRedirect: noRedirect,
		},
	}, nil
}

// Close lets the idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// noRedirect makes a redirect an answer like any other; the API has none.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// unanswered says of a request that got no answer what to do about it.
func (c *Client) unanswered(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("ask the controller at %s: %w", c.at, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the controller's socket %s belongs to another user: run this as the one who runs the controller: %w", c.at, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w at %s: start one with `offing serve`", ErrNoController, c.at)
	}
	// The wrapping of net/http repeats method and URL, which say nothing here.
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return fmt.Errorf("%w at %s: %s", ErrNoController, c.at, strings.TrimSpace(err.Error()))
}
