package tor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"github.com/cretz/bine/control"
)

const (
	// commandTimeout bounds one exchange on a control connection.
	commandTimeout = 30 * time.Second
	// statusDecrypted is a success of ONION_CLIENT_AUTH_ADD that has decrypted a
	// descriptor at once: control-spec, section "ONION_CLIENT_AUTH_ADD".
	statusDecrypted = 252
)

// controller is an authenticated control connection. One command is under way
// at a time; no events are asked for on a connection that takes commands, since
// they would block it when they are not read.
type controller struct {
	conn net.Conn
	mu   sync.Mutex
	tor  *control.Conn
}

// dialControl connects to a control socket and authenticates. The end of ctx
// ends the attempt, not the connection.
func dialControl(ctx context.Context, network, address string) (*controller, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("connect to tor's control socket: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	c := &controller{conn: conn, tor: control.NewConn(textproto.NewConn(conn))}
	conn.SetDeadline(time.Now().Add(commandTimeout))
	err = c.tor.Authenticate("")
	conn.SetDeadline(time.Time{})
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("authenticate to tor's control socket (its cookie file must be readable): %w", err)
	}
	return c, nil
}

// command sends one line and returns the answer. What tor says in a refusal is
// kept out of the error, as it may repeat a key: only the status code is told.
func (c *controller) command(line string) (*control.Response, error) {
	if strings.ContainsAny(line, "\r\n") {
		return nil, errors.New("a control command must be one line")
	}
	word, _, _ := strings.Cut(line, " ")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn.SetDeadline(time.Now().Add(commandTimeout))
	defer c.conn.SetDeadline(time.Time{})
	resp, err := c.tor.SendRequest("%s", line) // the first argument is a format
	var refused *textproto.Error
	switch {
	case err == nil:
		return resp, nil
	case errors.As(err, &refused) && refused.Code == statusDecrypted:
		return resp, nil // an error to the library only
	case errors.As(err, &refused):
		return nil, &refusal{word, refused.Code}
	}
	return nil, fmt.Errorf("control command %s: %w", word, err)
}

// info returns the value of a GETINFO key.
func (c *controller) info(key string) (string, error) {
	resp, err := c.command("GETINFO " + key)
	if err != nil {
		return "", err
	}
	for _, line := range resp.DataWithReply() {
		if value, ok := strings.CutPrefix(line, key+"="); ok {
			return value, nil
		}
	}
	return "", fmt.Errorf("tor did not answer GETINFO %s", key)
}

func (c *controller) close() { c.conn.Close() }

// refusal is tor's refusal of a control command.
type refusal struct {
	word string
	code int // control-spec, section "Replies"
}

func (r *refusal) Error() string { return fmt.Sprintf("tor refused %s with status %d", r.word, r.code) }
