package rig

import (
	"context"
	"errors"
	"fmt"

	"github.com/hekmon/transmissionrpc/v2"

	"offing/tunnel/report"
)

// Torrent is a torrent of the rig's own daemon, to be acted on behind Offing's back.
type Torrent struct {
	Hash string // the info hash, in hexadecimal digits
	id   int64
	rpc  *transmissionrpc.Client
}

// Find returns the torrent of that name.
func (s *System) Find(ctx context.Context, name string) (*Torrent, error) {
	if s.daemon == nil {
		return nil, errors.New("the system runs on an existing daemon")
	}
	all, err := s.daemon.rpc.TorrentGet(ctx, []string{"id", "name", "hashString"}, nil)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if *t.Name == name {
			return &Torrent{Hash: *t.HashString, id: *t.ID, rpc: s.daemon.rpc}, nil
		}
	}
	return nil, fmt.Errorf("the daemon has no torrent named %q", name)
}

// Stop stops the torrent by RPC.
func (t *Torrent) Stop(ctx context.Context) error { return t.rpc.TorrentStopIDs(ctx, []int64{t.id}) }

// Start starts the torrent by RPC.
func (t *Torrent) Start(ctx context.Context) error { return t.rpc.TorrentStartIDs(ctx, []int64{t.id}) }

// Box is what the controller's socket says of the box.
func (s *System) Box(ctx context.Context) (report.Box, error) {
	boxes, err := s.api.Status(ctx)
	if err != nil {
		return report.Box{}, err
	}
	if len(boxes) != 1 {
		return report.Box{}, fmt.Errorf("the controller has %d boxes, want 1", len(boxes))
	}
	return boxes[0], nil
}

// RPC is where the rig's own daemon answers, as host:port.
func (s *System) RPC() string { return s.daemon.addr }

// Until waits until the daemon tells that status of it, asking without pause.
func (t *Torrent) Until(ctx context.Context, status string) error {
	for {
		all, err := t.rpc.TorrentGet(ctx, []string{"status"}, []int64{t.id})
		if err != nil {
			return err
		}
		if len(all) == 1 && statusNames[*all[0].Status] == status {
			return nil
		}
	}
}

var statusNames = map[transmissionrpc.TorrentStatus]string{
	transmissionrpc.TorrentStatusStopped: "stopped",
	transmissionrpc.TorrentStatusSeed:    "seeding",
}
