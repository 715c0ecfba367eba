package main

import (
	"net"

	"github.com/lxzan/gws"
)

// gwsPeer is gws with its own listener instead of net/http's, no parallel
// reads, small buffers, and each message encoded once by a Broadcaster.
type gwsPeer struct {
	gws.BuiltinEventHandler
	topics topics[*gws.Conn]
}

func newGWS() (peer, error) { return &gwsPeer{}, nil }

func (g *gwsPeer) serve(l net.Listener) error {
	return gws.NewServer(g, &gws.ServerOption{
		ParallelEnabled: false, ReadBufferSize: 512, ReadMaxPayloadSize: 4096, CheckUtf8Enabled: false,
	}).RunListener(l)
}

// OnMessage implements gws.Event.
func (g *gwsPeer) OnMessage(c *gws.Conn, m *gws.Message) {
	names := wanted(m.Bytes())
	_ = m.Close()
	g.topics.add(names, c) // before it is told so
	_ = c.WriteMessage(gws.OpcodeText, subscribed)
}

// OnClose implements gws.Event.
func (g *gwsPeer) OnClose(c *gws.Conn, _ error) { g.topics.remove(c) }

func (g *gwsPeer) publish(topic string, object []byte) {
	b := gws.NewBroadcaster(gws.OpcodeText, named(topic, object))
	defer b.Close()
	g.topics.each(topic, func(c *gws.Conn) { _ = b.Broadcast(c) })
}
