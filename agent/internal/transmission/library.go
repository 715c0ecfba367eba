package transmission

import (
	"context"
	"errors"
	"sync"

	"github.com/hekmon/transmissionrpc/v2"
)

// library keeps the typed client, which is bound to one password for life. It
// is safe for concurrent use.
type library struct {
	// calls is held during each of them: the library draws its tags from a source
	// of random numbers that is for one goroutine.
	calls sync.Mutex

	mu       sync.Mutex
	password string
	client   *transmissionrpc.Client
}

func (l *library) get(e Endpoint, user, password string) (*transmissionrpc.Client, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client != nil && l.password == password {
		return l.client, nil
	}
	client, err := transmissionrpc.New(e.host(), user, password, &transmissionrpc.AdvancedConfig{
		HTTPS: e.TLS, Port: e.Addr.Port(), RPCURI: e.Path, HTTPTimeout: defaultTimeout, UserAgent: userAgent,
	})
	if err != nil {
		return nil, err
	}
	l.client, l.password = client, password
	return client, nil
}

// typed runs do with the library's client, under the same deadline and the same
// count of refused passwords as every other call.
func (c *Client) typed(ctx context.Context, do func(context.Context, *transmissionrpc.Client) error) error {
	c.library.calls.Lock()
	defer c.library.calls.Unlock()
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	password, try, err := c.login.next()
	if err != nil {
		return err
	}
	client, err := c.library.get(c.endpoint, c.login.user, password)
	if err != nil {
		return err
	}
	err = do(ctx, client)
	var status transmissionrpc.HTTPStatusCode
	switch {
	case err == nil:
		c.login.accepted(try)
	case errors.As(err, &status):
		err = c.httpError(int(status), nil, try)
	}
	return err
}
