package link

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/ssh"
)

// open opens a channel. Whoever gets it closes it, and reads its requests.
func (c *Client) open(ctx context.Context, kind string) (ssh.Channel, <-chan *ssh.Request, error) {
	type opened struct {
		channel  ssh.Channel
		requests <-chan *ssh.Request
		err      error
	}
	answer := make(chan opened)
	// Nobody waits for this goroutine: when the connection ends in the very
	// moment that the question goes out, the library never returns.
	go func() {
		channel, requests, err := c.ssh.OpenChannel(kind, nil)
		select {
		case answer <- opened{channel, requests, err}:
		case <-ctx.Done():
			abandon(channel, requests)
		case <-c.done:
		}
	}()
	select {
	case o := <-answer:
		if o.err != nil {
			return nil, nil, c.channelError(o.err)
		}
		return o.channel, o.requests, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	case <-c.done:
		return nil, nil, c.Err()
	}
}

// abandon closes a channel that nobody wants any more.
func abandon(channel ssh.Channel, requests <-chan *ssh.Request) {
	if channel != nil {
		channel.Close()
		ssh.DiscardRequests(requests)
	}
}

// channelError returns why the connection ended, if it did, or a refusal as it
// is. Other errors of a channel mean that the connection is just ending.
func (c *Client) channelError(err error) error {
	if ended := c.Err(); ended != nil {
		return ended
	}
	if refusal := (*ssh.OpenChannelError)(nil); errors.As(err, &refusal) ||
		errors.Is(err, errRefused) || errors.Is(err, errOutput) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

// contextChannel is a channel that a context closes.
type contextChannel struct {
	ssh.Channel
	stop func() bool
}

// Close implements io.Closer. A Read that waits returns when the box has
// answered, or the connection has ended.
func (c *contextChannel) Close() error {
	c.stop()
	return c.Channel.Close()
}

// Mirror opens the mirror channel. It is closed when ctx ends.
func (c *Client) Mirror(ctx context.Context) (io.ReadWriteCloser, error) {
	return c.stream(ctx, ChannelMirror)
}

// Command opens the command channel. It is closed when ctx ends. The error is
// ErrNoCommands when the agent is too old to have one.
func (c *Client) Command(ctx context.Context) (io.ReadWriteCloser, error) {
	rw, err := c.stream(ctx, ChannelCommand)
	if refusal := (*ssh.OpenChannelError)(nil); errors.As(err, &refusal) && refusal.Reason == ssh.UnknownChannelType {
		return nil, fmt.Errorf("%w (%w)", ErrNoCommands, err)
	}
	return rw, err
}

// stream opens a channel for a protocol of ours.
func (c *Client) stream(ctx context.Context, kind string) (io.ReadWriteCloser, error) {
	channel, requests, err := c.open(ctx, kind)
	if err != nil {
		return nil, err
	}
	if !c.start(func() { ssh.DiscardRequests(requests) }) {
		return nil, c.Err()
	}
	return &contextChannel{channel, context.AfterFunc(ctx, func() { channel.Close() })}, nil
}
