package simulator

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// detailField appends what a list does not show.
func detailField(name string) func(*Simulator, []byte, *torrent) []byte {
	switch name {
	case "files":
		return (*Simulator).appendFiles
	case "fileStats":
		return (*Simulator).appendFileStats
	case "file-count":
		return integer((*torrent).fileCount)
	case "priorities":
		return perFile(func(_ *Simulator, b []byte, t *torrent, i int) []byte { return appendInt(b, t.priority(i)) })
	case "wanted":
		return perFile((*Simulator).appendWanted)
	case "peers":
		return (*Simulator).appendPeers
	case "peersFrom":
		return (*Simulator).appendPeersFrom
	case "trackers":
		return (*Simulator).appendTrackers
	case "trackerStats":
		return (*Simulator).appendTrackerStats
	case "trackerList":
		return text(func(t *torrent) string { return strings.Join(t.trackers(), "\n\n") + "\n" })
	case "pieces":
		return text(func(t *torrent) string { return base64.StdEncoding.EncodeToString(t.pieces()) })
	case "pieceCount":
		return integer((*torrent).pieceCount)
	case "pieceSize":
		return integer(func(t *torrent) int64 { return t.piece })
	case "availability":
		return (*Simulator).appendAvailability
	}
	return textField(name)
}

func textField(name string) func(*Simulator, []byte, *torrent) []byte {
	mine := func(get func(*own) string, otherwise string) func(*Simulator, []byte, *torrent) []byte {
		return text(func(t *torrent) string {
			if t.own != nil {
				return get(t.own)
			}
			return otherwise
		})
	}
	switch name {
	case "comment":
		return mine(func(o *own) string { return o.comment }, "")
	case "creator":
		return mine(func(o *own) string { return o.creator }, "mktorrent 1.1")
	case "magnetLink":
		return text(magnetLink)
	case "torrentFile":
		return text(func(t *torrent) string {
			return "/var/lib/transmission-daemon/torrents/" + t.hash.String() + ".torrent"
		})
	case "primary-mime-type":
		return text(func(*torrent) string { return "application/octet-stream" })
	case "webseeds":
		return func(_ *Simulator, b []byte, _ *torrent) []byte { return append(b, "[]"...) }
	}
	return nil
}

func magnetLink(t *torrent) string {
	link := "magnet:?xt=urn:btih:" + t.hash.String() + "&dn=" + url.PathEscape(t.name)
	for _, tracker := range t.trackers() {
		link += "&tr=" + url.QueryEscape(tracker)
	}
	return link
}

func (s *Simulator) appendPeers(b []byte, t *torrent) []byte {
	return appendList(b, t.connections(), func(b []byte, _ int, p peer) []byte {
		o := beginObject(b)
		o.str("address", p.address)
		o.bool("clientIsChoked", p.down == 0)
		o.bool("clientIsInterested", t.left > 0)
		o.str("clientName", p.client)
		o.str("flagStr", p.flags)
		o.bool("isDownloadingFrom", p.down > 0)
		o.bool("isEncrypted", p.encrypted)
		o.bool("isIncoming", p.incoming)
		o.bool("isUTP", p.viaUTP)
		o.bool("isUploadingTo", p.up > 0)
		o.bool("peerIsChoked", p.up == 0)
		o.bool("peerIsInterested", p.progress < 1)
		o.int("port", p.port)
		o.key("progress")
		o.b = s.appendFloat(o.b, p.progress)
		o.int("rateToClient", p.down)
		o.int("rateToPeer", p.up)
		return o.end()
	})
}

func (s *Simulator) appendPeersFrom(b []byte, t *torrent) []byte {
	o := beginObject(b)
	for _, from := range []string{"fromCache", "fromDht", "fromIncoming", "fromLpd", "fromLtep", "fromPex"} {
		o.int(from, 0)
	}
	o.int("fromTracker", int64(t.peers))
	return o.end()
}
