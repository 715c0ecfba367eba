package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/centrifugal/centrifuge"
)

// writeDelay is how long centrifuge collects what goes to one connection, in the
// variant that does.
const writeDelay = 50 * time.Millisecond

// centrifugePeer is centrifuge with its JSON protocol, tuned: pooled and small
// buffers, no compression, no history, presence or positions, and no limit of
// the messages in a frame.
type centrifugePeer struct{ node *centrifuge.Node }

func newCentrifuge(delay time.Duration) (peer, error) {
	node, err := centrifuge.New(centrifuge.Config{ClientQueueMaxSize: 16 << 20})
	if err != nil {
		return nil, err
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials: &centrifuge.Credentials{UserID: "reader"},
			WriteDelay:  delay, MaxMessagesInFrame: -1, QueueInitialCap: 1,
		}, nil
	})
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnSubscribe(func(_ centrifuge.SubscribeEvent, reply centrifuge.SubscribeCallback) {
			reply(centrifuge.SubscribeReply{}, nil)
		})
	})
	return &centrifugePeer{node}, node.Run()
}

func (p *centrifugePeer) serve(l net.Listener) error {
	return http.Serve(l, centrifuge.NewWebsocketHandler(p.node, centrifuge.WebsocketConfig{
		ReadBufferSize: 512, WriteBufferSize: 1024, UseWriteBufferPool: true, MessageSizeLimit: 4096,
		WriteTimeout: 30 * time.Second,
		// The other peers send no pings either.
		PingPongConfig: centrifuge.PingPongConfig{PingInterval: -1, PongTimeout: -1},
	}))
}

func (p *centrifugePeer) publish(topic string, object []byte) {
	if _, err := p.node.Publish(topic, object); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
	}
}
