// Command peers serves the fan-out benchmark's scenario with one of the
// libraries that ours is compared with. It is a module of its own, so that
// nothing of Offing depends on them. A connection says in its first message
// which topics it wants; the driver says on the standard input what to publish.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
)

// peer is one library at work.
type peer interface {
	// serve takes connections until the process ends.
	serve(net.Listener) error
	// publish sends a JSON object to all who subscribed to the topic. It may
	// return before the object was written. The object is not changed later.
	publish(topic string, object []byte)
}

var peers = map[string]func() (peer, error){
	"naive":            newNaive,
	"gws":              newGWS,
	"coder":            newCoder,
	"centrifuge":       func() (peer, error) { return newCentrifuge(0) },
	"centrifuge-delay": func() (peer, error) { return newCentrifuge(writeDelay) },
}

func main() {
	name := flag.String("peer", "", "`name` of the library")
	flag.Parse()
	if err := run(*name); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(name string) error {
	open, ok := peers[name]
	if !ok {
		return fmt.Errorf("there is no peer %q", name)
	}
	p, err := open()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := begin(func() error { return p.serve(l) })
	obeyed := begin(func() error { return obey(os.Stdin, os.Stdout, l.Addr().String(), p.publish) })
	select {
	case err := <-served:
		return err
	case err := <-obeyed:
		return err
	}
}

// begin runs f and returns where its error will be.
func begin(f func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}

// wanted reads the topics of a first message.
func wanted(message []byte) []string {
	return slices.DeleteFunc(strings.Split(string(message), ","), func(s string) bool { return s == "" })
}

// subscribed is the answer to a first message.
var subscribed = []byte(`{"op":"subscribed"}`)

// named puts the topic's name into an object, as its first member.
func named(topic string, object []byte) []byte {
	return append([]byte(`{"t":"`+topic+`",`), object[1:]...)
}
