package tornet

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"offing/tunnel/internal/torproc"
)

// node is one relay of the network; some are directory authorities as well.
type node struct {
	name      string
	dir       string
	authority bool

	held        []net.Listener // keep the ports below until tor listens there
	orAddr      string         // where the other tors connect to
	bindAddr    string         // where tor listens; orAddr unless a delay stands between
	forDelay    net.Listener   // on orAddr, when a delay stands between
	dirAddr     string         // of an authority
	authorityID string         // of an authority: fingerprint of its identity key
	relayID     string         // of an authority: fingerprint of its relay key
	process     *torproc.Process
}

// newNode makes the data folder and takes the ports.
func newNode(dir, name string, authority, delayed bool) (n *node, err error) {
	n = &node{name: name, dir: filepath.Join(dir, name), authority: authority}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder of %s: %w", name, err)
	}
	if n.bindAddr, err = n.hold(); err != nil {
		return nil, err
	}
	n.orAddr = n.bindAddr
	if delayed {
		if n.forDelay, err = listenAny(); err != nil {
			return nil, err
		}
		n.orAddr = n.forDelay.Addr().String()
	}
	if authority {
		if n.dirAddr, err = n.hold(); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (n *node) hold() (addr string, err error) {
	l, err := listenAny()
	if err != nil {
		return "", err
	}
	n.held = append(n.held, l)
	return l.Addr().String(), nil
}

// release gives the held ports up, for tor to take them.
func (n *node) release() {
	for _, l := range n.held {
		l.Close()
	}
	n.held = nil
}

// start runs tor as this node, in the network of the authorities' lines.
func (n *node) start(ctx context.Context, authorities []string) error {
	lines, err := n.identityLines()
	if err != nil {
		return err
	}
	lines = append(lines, authorities...)
	if n.authority {
		lines = append(lines, votingLines...)
	}
	n.release()
	n.process, err = torproc.Start(ctx, torproc.Options{Dir: n.dir, Lines: lines, Disposable: true})
	if err != nil {
		return fmt.Errorf("%s: %w", n.name, err)
	}
	return nil
}

// close gives up what the node holds, and waits for its process when it has one,
// which the end of start's context stops.
func (n *node) close() {
	n.release()
	if n.forDelay != nil {
		n.forDelay.Close()
	}
	if n.process != nil {
		<-n.process.Done()
	}
}
