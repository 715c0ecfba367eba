package simulator

import (
	"encoding/base64"
	"encoding/json"

	"offing/tunnel/state"
)

type addArguments struct {
	Filename    string   `json:"filename"`
	Metainfo    string   `json:"metainfo"`
	Paused      bool     `json:"paused"`
	DownloadDir string   `json:"download-dir"`
	Labels      []string `json:"labels"`
	Unwanted    []int    `json:"files-unwanted"`
}

// torrentAdd adds a torrent from a magnet link or the content of a .torrent
// file. Its trackers are not asked, and it has no peers.
func (s *Simulator) torrentAdd(o *object, arguments json.RawMessage) refusal {
	a := decode[addArguments](arguments)
	if a.Filename == "" && a.Metainfo == "" {
		return "no filename or metainfo specified"
	}
	t := s.parse(a)
	if t == nil {
		if s.cfg.RPCVersion >= RPC17 {
			return "unrecognized info"
		}
		return "invalid or corrupt torrent file"
	}
	if known := s.byHash[t.hash]; known != nil {
		o.raw("torrent-duplicate", known.brief())
		return ""
	}
	if len(a.Labels) > 0 && s.cfg.RPCVersion >= RPC17 {
		labels, refused := s.checkLabels(a.Labels)
		if refused != "" {
			return refused
		}
		t.labels = labels
	}
	t.added, t.dir, t.seed = s.unix(), s.cfg.DownloadDir, s.rng.Uint64()
	if a.DownloadDir != "" {
		t.dir = a.DownloadDir
	}
	s.insert(t)
	s.setFiles(t, setArguments{Unwanted: a.Unwanted})
	s.settle(t, a.Paused)
	s.touch(t)
	o.raw("torrent-added", t.brief())
	return ""
}

// settle looks for the content of a new torrent, and starts it.
func (s *Simulator) settle(t *torrent, paused bool) {
	if !paused {
		t.after = t.goal()
	}
	if t.metadata == 1 {
		t.status = state.CheckQueued
		s.pending = append(s.pending, t)
	} else if !paused {
		s.run(t, state.Downloading)
	}
}

// brief is what torrent-add tells of a torrent.
func (t *torrent) brief() []byte {
	o := beginObject(nil)
	o.str("hashString", t.hash.String())
	o.int("id", t.id)
	o.str("name", t.name)
	return o.end()
}

// parse returns the torrent that was given, or nil.
func (s *Simulator) parse(a addArguments) *torrent {
	if a.Metainfo != "" {
		content, err := base64.StdEncoding.DecodeString(a.Metainfo)
		if err != nil {
			return nil
		}
		return parseMetainfo(content)
	}
	return parseMagnet(a.Filename)
}
