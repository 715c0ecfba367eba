package main

import (
	"net"

	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"
)

// queued is how many messages wait for a connection of naive and of coder; more are lost.
const queued = 256

// naive is the stack of ours as its own examples use it: the handler reads, a
// goroutine for each connection writes, a message each.
type naive struct{ topics topics[chan []byte] }

func newNaive() (peer, error) { return &naive{}, nil }

func (n *naive) serve(l net.Listener) error {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/", websocket.New(n.connection))
	return app.Listener(l)
}

func (n *naive) connection(c *websocket.Conn) {
	_, first, err := c.ReadMessage()
	if err != nil {
		return
	}
	queue := make(chan []byte, queued)
	written := make(chan struct{})
	go func() {
		defer close(written)
		for message := range queue {
			if c.WriteMessage(websocket.TextMessage, message) != nil {
				return
			}
		}
	}()
	n.topics.add(wanted(first), queue)
	queue <- subscribed
	for err == nil {
		_, _, err = c.ReadMessage()
	}
	n.topics.remove(queue)
	close(queue)
	<-written
}

func (n *naive) publish(topic string, object []byte) {
	message := named(topic, object)
	n.topics.each(topic, func(queue chan []byte) {
		select {
		case queue <- message:
		default: // it reads too slowly
		}
	})
}
