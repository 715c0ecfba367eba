package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// coder is github.com/coder/websocket on net/http, as in its example of a chat:
// a queue for each connection, and the handler writes.
type coder struct{ topics topics[chan []byte] }

func newCoder() (peer, error) { return &coder{}, nil }

func (p *coder) serve(l net.Listener) error {
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
		if err != nil {
			return
		}
		defer c.CloseNow()
		_ = p.connection(r.Context(), c)
	}))
}

func (p *coder) connection(ctx context.Context, c *websocket.Conn) error {
	_, first, err := c.Read(ctx)
	if err != nil {
		return err
	}
	ctx = c.CloseRead(ctx)
	queue := make(chan []byte, queued)
	p.topics.add(wanted(first), queue)
	defer p.topics.remove(queue)
	queue <- subscribed
	for {
		select {
		case message := <-queue:
			if err := write(ctx, c, message); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func write(ctx context.Context, c *websocket.Conn, message []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return c.Write(ctx, websocket.MessageText, message)
}

func (p *coder) publish(topic string, object []byte) {
	message := named(topic, object)
	p.topics.each(topic, func(queue chan []byte) {
		select {
		case queue <- message:
		default: // it reads too slowly
		}
	})
}
