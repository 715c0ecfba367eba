package rig

import (
	"context"
	"encoding/hex"
	"os"
	"path/filepath"

	"github.com/hekmon/transmissionrpc/v2"
)

// Made is a torrent that a test makes up.
type Made struct {
	Name string
	Hash string // in hexadecimal digits
	Path string // of its .torrent file (BEP 3)
	Data string // its content, in the daemon's download folder; it need not be there
}

// Magnet returns a link to it.
func (m Made) Magnet() string { return "magnet:?xt=urn:btih:" + m.Hash + "&dn=" + m.Name }

// Make makes a torrent of that name and size in bytes, which the daemon does not
// know, with its content where the daemon looks for it. Its .torrent file is among
// those that WebSeed serves.
func (s *System) Make(name string, size int64) (Made, error) {
	p, err := writePayload(s.daemon.downloads(), name, size)
	if err != nil {
		return Made{}, err
	}
	file, hash := p.meta.encode()
	m := Made{Name: name, Hash: hex.EncodeToString(hash[:]), Path: filepath.Join(s.daemon.origin(), name+".torrent"), Data: p.path}
	return m, os.WriteFile(m.Path, file, 0o600)
}

// WebSeed is the URL of the rig's own files, on the box's loopback.
func (s *System) WebSeed() string { return s.daemon.seed.url }

// Downloads is the top of the daemon's download tree.
func (s *System) Downloads() string { return s.daemon.downloads() }

// Told returns what the daemon itself says of its torrents, by info hash.
func (s *System) Told(ctx context.Context) (map[string]transmissionrpc.Torrent, error) {
	all, err := s.daemon.rpc.TorrentGetAll(ctx)
	told := make(map[string]transmissionrpc.Torrent, len(all))
	for _, t := range all {
		told[*t.HashString] = t
	}
	return told, err
}
