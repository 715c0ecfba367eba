// Package tornet runs a private Tor network on loopback: directory authorities
// and relays, of the real tor program. Tests and the demo use it; nothing of it
// ever talks to the public Tor network.
package tornet

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	defaultAuthorities = 3
	defaultRelays      = 4
	startTries         = 3 // with other ports, when one was taken meanwhile
)

// Config describes a network.
type Config struct {
	Dir         string        // for keys, data and logs; made with mode 0700
	Authorities int           // 0 means 3
	Relays      int           // beside the authorities, which relay as well; 0 means 4
	Latency     time.Duration // added each way to every connection into a relay; 0 adds none
	Log         *slog.Logger  // nil discards
	Progress    func(string)  // told what Start waits for, such as "keys 2/3"; may be nil; called by one goroutine at a time
}

// Network is a running network.
type Network struct {
	cfg    Config
	cancel context.CancelFunc
	nodes  []*node
	delays sync.WaitGroup

	progressMu sync.Mutex
}

// Start makes the keys, starts the processes and waits until a consensus lists
// them all. The network then runs until Close, or until ctx or this process ends.
// When Start fails it leaves no process behind.
func Start(ctx context.Context, cfg Config) (*Network, error) {
	cfg.Authorities = cmp.Or(cfg.Authorities, defaultAuthorities)
	cfg.Relays = cmp.Or(cfg.Relays, defaultRelays)
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("private tor network: %w", err)
	}
	cfg.Dir = dir
	for try := 1; ; try++ {
		n, err := start(ctx, cfg)
		if err == nil {
			return n, nil
		}
		if try == startTries || !strings.Contains(err.Error(), "Address already in use") {
			return nil, fmt.Errorf("private tor network: %w", err)
		}
		cfg.Log.Info("a port was taken meanwhile, starting again with others")
	}
}

func start(ctx context.Context, cfg Config) (*Network, error) {
	inner, cancel := context.WithCancel(ctx)
	n := &Network{cfg: cfg, cancel: cancel}
	err := n.run(inner)
	if err == nil {
		return n, nil
	}
	n.Close()
	if ctx.Err() != nil {
		return nil, ctx.Err() // it is why whatever was under way has failed
	}
	return nil, err
}

func (n *Network) run(ctx context.Context) error {
	if err := n.makeNodes(); err != nil {
		return err
	}
	if err := n.makeKeys(ctx); err != nil {
		return err
	}
	lines := n.authorityLines()
	for _, node := range n.nodes {
		if node.forDelay != nil {
			n.delays.Go(func() { delay(ctx, node.forDelay, node.bindAddr, n.cfg.Latency) })
		}
		if err := node.start(ctx, lines); err != nil {
			return err
		}
	}
	n.progress("%d relays started, waiting for their consensus", len(n.nodes))
	return n.awaitConsensus(ctx)
}

func (n *Network) makeNodes() error {
	for i := range n.cfg.Authorities + n.cfg.Relays {
		name, authority := fmt.Sprintf("authority%d", i), true
		if i >= n.cfg.Authorities {
			name, authority = fmt.Sprintf("relay%d", i-n.cfg.Authorities), false
		}
		// What an earlier network left there has keys and ports of its own.
		if err := os.RemoveAll(filepath.Join(n.cfg.Dir, name)); err != nil {
			return fmt.Errorf("clear the folder of %s: %w", name, err)
		}
		node, err := newNode(n.cfg.Dir, name, authority, n.cfg.Latency > 0)
		if err != nil {
			return err
		}
		n.nodes = append(n.nodes, node)
	}
	return nil
}

func (n *Network) makeKeys(ctx context.Context) error {
	var made atomic.Int32
	n.progress("keys 0/%d", n.cfg.Authorities)
	group, ctx := errgroup.WithContext(ctx)
	for _, node := range n.nodes[:n.cfg.Authorities] {
		group.Go(func() error {
			if err := node.makeAuthorityKeys(ctx); err != nil {
				return err
			}
			n.progress("keys %d/%d", made.Add(1), n.cfg.Authorities)
			return nil
		})
	}
	return group.Wait()
}

func (n *Network) authorityLines() []string {
	var lines []string
	for _, node := range n.nodes[:n.cfg.Authorities] {
		lines = append(lines, node.authorityLine())
	}
	return lines
}

// ClientLines returns the torrc lines that make any tor a client, or an onion
// service, of this network and of no other.
func (n *Network) ClientLines() []string {
	return append(n.authorityLines(), networkLines...)
}

// PIDs returns the process ids of the network's tors.
func (n *Network) PIDs() []int {
	var pids []int
	for _, node := range n.nodes {
		if node.process != nil {
			pids = append(pids, node.process.PID())
		}
	}
	return pids
}

// Close stops every process and waits until they are gone. It may be called
// more than once.
func (n *Network) Close() error {
	n.cancel()
	for _, node := range n.nodes {
		node.close()
	}
	n.delays.Wait()
	return nil
}

func (n *Network) progress(format string, args ...any) {
	n.progressMu.Lock()
	defer n.progressMu.Unlock()
	text := fmt.Sprintf(format, args...)
	n.cfg.Log.Debug("private tor network", "step", text)
	if n.cfg.Progress != nil {
		n.cfg.Progress(text)
	}
}
