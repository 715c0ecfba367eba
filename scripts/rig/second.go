package rig

import (
	"context"

	"offing/tunnel"
)

// Pair pairs the box with one more home, beside the controller.
func (s *System) Pair(ctx context.Context) (tunnel.Pairing, error) {
	code, err := run(ctx, nil, s.bin("offing-agent"), "pair", "--name", "second", "--config", s.path("agent.toml"))
	if err != nil {
		return tunnel.Pairing{}, err
	}
	return tunnel.ParsePairing(string(code))
}

// TorLines returns the torrc lines that make a tor a client of the rig's network.
func (s *System) TorLines() []string { return s.net.ClientLines() }
