package tornet

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports are taken from below the range that Linux gives to outgoing
// connections, so that only another server can take one meanwhile.
const (
	lowestPort  = 10000
	highestPort = 32000
	portTries   = 1000
)

// listenAny listens on a free port of 127.0.0.1. The port is kept that way until
// tor is about to listen on it.
func listenAny() (net.Listener, error) {
	for range portTries {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		if l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return l, nil
		}
	}
	return nil, errors.New("no free port on 127.0.0.1")
}
