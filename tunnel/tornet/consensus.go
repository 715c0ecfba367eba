package tornet

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	consensusPoll    = 250 * time.Millisecond
	consensusTimeout = 5 * time.Second // for one answer
	maxConsensus     = 1 << 20         // bytes
)

// awaitConsensus waits until an authority has a consensus in which every node
// runs, is stable and keeps onion service descriptors. It fails when a node ends.
func (n *Network) awaitConsensus(ctx context.Context) error {
	client := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true}, // DirPorts close each connection
		Timeout:   consensusTimeout,
	}
	tick := time.NewTicker(consensusPoll)
	defer tick.Stop()
	told := -1
	for {
		usable, err := n.bestConsensus(ctx, client)
		if err != nil {
			return err
		}
		if usable > told {
			told = usable
			n.progress("consensus with %d of %d relays", usable, len(n.nodes))
		}
		if usable == len(n.nodes) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// bestConsensus returns how many relays can be used by the authorities' present
// consensus, -1 while there is none.
func (n *Network) bestConsensus(ctx context.Context, client *http.Client) (int, error) {
	best := -1
	for _, node := range n.nodes[:n.cfg.Authorities] {
		// An authority that has none, or is too busy to answer, is asked again.
		if text, err := fetchConsensus(ctx, client, node.dirAddr); err == nil {
			best = max(best, usableRelays(text))
		}
	}
	if ctx.Err() != nil {
		return best, ctx.Err()
	}
	return best, n.ended()
}

// ended returns the error of the first node whose process is gone.
func (n *Network) ended() error {
	for _, node := range n.nodes {
		select {
		case <-node.process.Done():
			return fmt.Errorf("%s: %w", node.name, node.process.Err())
		default:
		}
	}
	return nil
}

func fetchConsensus(ctx context.Context, client *http.Client, addr string) (string, error) {
	url := "http://" + addr + "/tor/status-vote/current/consensus-microdesc"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept-Encoding", "identity") // tor answers "gzip" with zlib
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the authority answered %s", resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxConsensus))
	return string(text), err
}

// usableRelays counts the relays of a consensus that run, are stable and keep onion
// service descriptors: dir-spec, "Router status entries", the "s" line.
func usableRelays(consensus string) int {
	count := 0
	for line := range strings.Lines(consensus) {
		words := strings.Fields(line)
		has := func(flag string) bool { return slices.Contains(words, flag) }
		if len(words) > 0 && words[0] == "s" && has("Running") && has("Stable") && has("HSDir") {
			count++
		}
	}
	return count
}
