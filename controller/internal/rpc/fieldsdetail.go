package rpc

import (
	"encoding/base64"
	"net"
	"net/url"
	"path"
	"strconv"
	"strings"

	"offing/tunnel/state"
)

// detailFields are better with the torrent's details, and made of what there is
// without them.
var detailFields = []field{
	{word: camel("availability"), need: needDetail, put: func(b []byte, _ *row) []byte { return append(b, '[', ']') }},
	{word: camel("bytes_completed"), need: needDetail, put: appendFiles(func(b []byte, r *row, i int) []byte { return appendInt(b, r.d.Files[i].Have) })},
	{word: camel("files"), need: needDetail, put: putFiles},
	{word: camel("file_stats"), need: needDetail, put: appendFiles(appendFileStat)},
	{word: camel("peers"), need: needDetail, put: appendPeers},
	{word: camel("peers_from"), need: needDetail, put: appendPeersFrom},
	{word: camel("pieces"), need: needDetail, put: appendPieces},
	{word: camel("priorities"), need: needDetail, put: appendFiles(func(b []byte, r *row, i int) []byte { return appendInt(b, int64(r.d.Files[i].Priority)) })},
	{word: camel("wanted"), need: needDetail, put: appendFiles(appendWanted)},

	textOf("comment", func(d *state.Detail) string { return d.Comment }),
	textOf("creator", func(d *state.Detail) string { return d.Creator }),
	intOf("corrupt_ever", func(d *state.Detail) int64 { return d.Wasted }, nil),
	intOf("date_created", func(d *state.Detail) int64 { return d.Created }, nil),
	intOf("desired_available", desiredOfDetail, desired),
	intOf("have_unchecked", func(d *state.Detail) int64 { return d.Unchecked }, nil),
	intOf("have_valid", func(d *state.Detail) int64 { return d.Have }, func(t *state.Torrent) int64 { return max(t.Size-t.Left, 0) }),
	intOf("piece_count", func(d *state.Detail) int64 { return int64(d.Pieces.Count) }, nil),
	intOf("piece_size", func(d *state.Detail) int64 { return d.Pieces.Size }, nil),
	intOf("seconds_downloading", func(d *state.Detail) int64 { return d.Downloading }, nil),
	{word: camel("percent_complete"), need: needMild, put: appendComplete},
}

// intOf is a number of the details; without them it is of the torrent, or 0.
func intOf(name string, of func(*state.Detail) int64, without func(*state.Torrent) int64) field {
	return field{word: camel(name), need: needMild, put: func(b []byte, r *row) []byte {
		switch {
		case name == "desired_available" && r.t.Left == 0, r.d == nil && without == nil:
			return append(b, '0')
		case r.d == nil:
			return appendInt(b, without(r.t))
		}
		return appendInt(b, of(r.d))
	}}
}

// textOf is a text of the details that the torrent's author wrote.
func textOf(name string, of func(*state.Detail) string) field {
	return field{word: camel(name), need: needMild, put: func(b []byte, r *row) []byte {
		if r.d == nil {
			return append(b, '"', '"')
		}
		return appendString(b, r.hide(of(r.d)))
	}}
}

// desired is about how much of what is still wanted somebody connected has: all of it
// when anybody sends.
func desired(t *state.Torrent) int64 {
	if t.PeersSending > 0 || t.WebSeeds > 0 {
		return t.Left
	}
	return 0
}

func desiredOfDetail(d *state.Detail) int64 {
	var most state.Fraction
	for i := range d.Peers {
		most = max(most, d.Peers[i].Progress)
	}
	var wanted int64
	for i := range d.Files {
		if d.Files[i].Wanted {
			wanted += d.Files[i].Size - d.Files[i].Have
		}
	}
	return int64(float64(wanted) * part(most))
}

// appendComplete appends the part of all content that is here, wanted or not.
func appendComplete(b []byte, r *row) []byte {
	have := max(r.t.Size-r.t.Left, 0)
	if r.d != nil {
		have = r.d.Have + r.d.Unchecked
	}
	if r.t.Total <= 0 {
		return append(b, '0')
	}
	return appendFloat(b, min(float64(have)/float64(r.t.Total), 1))
}

// appendFiles appends an array with an element for each file that is known.
func appendFiles(one func(b []byte, r *row, i int) []byte) func([]byte, *row) []byte {
	return func(b []byte, r *row) []byte {
		b = append(b, '[')
		if r.d != nil {
			for i := range r.d.Files {
				if i > 0 {
					b = append(b, ',')
				}
				b = one(b, r, i)
			}
		}
		return append(b, ']')
	}
}

var (
	wordBytesCompleted = camel("bytes_completed")
	wordLength         = camel("length")
	wordName           = camel("name")
	wordBeginPiece     = word{"begin_piece", "begin_piece"}
	wordEndPiece       = word{"end_piece", "end_piece"}
	wordPriority       = camel("priority")
	wordWanted         = camel("wanted")
)

// putFiles appends the files with the pieces that they are in. The end is the first
// piece that the file has nothing of.
func putFiles(b []byte, r *row) []byte {
	var offset int64
	return appendFiles(func(b []byte, r *row, i int) []byte {
		f := &r.d.Files[i]
		o := object{b: append(b, '{'), style: r.style}
		o.int(wordBytesCompleted, f.Have)
		o.int(wordLength, f.Size)
		o.text(wordName, f.Name)
		if size := r.d.Pieces.Size; size > 0 {
			o.int(wordBeginPiece, offset/size)
			o.int(wordEndPiece, (offset+max(f.Size, 1)-1)/size+1)
		}
		offset += f.Size
		return append(o.b, '}')
	})(b, r)
}

func appendFileStat(b []byte, r *row, i int) []byte {
	f := &r.d.Files[i]
	o := object{b: append(b, '{'), style: r.style}
	o.int(wordBytesCompleted, f.Have)
	o.int(wordPriority, int64(f.Priority))
	o.bool(wordWanted, f.Wanted)
	return append(o.b, '}')
}

func appendWanted(b []byte, r *row, i int) []byte {
	switch {
	case !r.numbers:
		return appendBool(b, r.d.Files[i].Wanted)
	case r.d.Files[i].Wanted:
		return append(b, '1')
	}
	return append(b, '0')
}

// peerWords are those of a peer, in the order of appendPeer.
var peerWords = struct {
	address, clientName, clientChoked, clientInterested, flags, downloading, encrypted, incoming,
	uploading, utp, peerChoked, peerInterested, port, progress, toClient, toPeer word
}{
	camel("address"), camel("client_name"), camel("client_is_choked"), camel("client_is_interested"), camel("flag_str"),
	camel("is_downloading_from"), camel("is_encrypted"), camel("is_incoming"), camel("is_uploading_to"), word{"isUTP", "is_utp"},
	camel("peer_is_choked"), camel("peer_is_interested"), camel("port"), camel("progress"), camel("rate_to_client"), camel("rate_to_peer"),
}

func appendPeers(b []byte, r *row) []byte {
	b = append(b, '[')
	if r.d != nil {
		for i := range r.d.Peers {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendPeer(b, &r.d.Peers[i], r.style)
		}
	}
	return append(b, ']')
}

// appendPeer appends a peer. What its flags say of choking and interest
// (docs/Peer-Status-Text.md of Transmission) is not told otherwise.
func appendPeer(b []byte, p *state.Peer, s style) []byte {
	host, port, err := net.SplitHostPort(p.Address)
	if err != nil {
		host, port = p.Address, "0"
	}
	n, _ := strconv.ParseUint(port, 10, 16) // 0 is as good as any
	has := func(flags string) bool { return strings.ContainsAny(p.Flags, flags) }
	w, o := &peerWords, object{b: append(b, '{'), style: s}
	o.text(w.address, host)
	o.bool(w.clientChoked, !has("DK"))
	o.bool(w.clientInterested, has("Dd"))
	o.text(w.clientName, p.Client)
	o.text(w.flags, p.Flags)
	o.bool(w.downloading, has("D"))
	o.bool(w.encrypted, p.Encrypted)
	o.bool(w.incoming, p.Incoming)
	o.bool(w.uploading, has("U"))
	o.bool(w.utp, p.UTP)
	o.bool(w.peerChoked, !has("U?"))
	o.bool(w.peerInterested, has("Uu"))
	o.int(w.port, int64(n))
	o.float(w.progress, part(p.Progress))
	o.int(w.toClient, p.RateDown)
	o.int(w.toPeer, p.RateUp)
	return append(o.b, '}')
}

// peerSources are whence peers came. Home knows of its flags what a peer says.
var peerSources = []struct {
	word
	flag string
}{
	{camel("from_cache"), ""}, {camel("from_dht"), "H"}, {camel("from_incoming"), "I"}, {camel("from_lpd"), ""},
	{camel("from_ltep"), ""}, {camel("from_pex"), "X"}, {camel("from_tracker"), ""},
}

func appendPeersFrom(b []byte, r *row) []byte {
	counts := make([]int64, len(peerSources))
	if r.d != nil {
		for i := range r.d.Peers {
			counts[peerSource(r.d.Peers[i].Flags)]++
		}
	}
	o := object{b: append(b, '{'), style: r.style}
	for i, s := range peerSources {
		o.int(s.word, counts[i])
	}
	return append(o.b, '}')
}

// peerSource takes a peer of which nothing is said for one from a tracker.
func peerSource(flags string) int {
	for i, s := range peerSources {
		if s.flag != "" && strings.Contains(flags, s.flag) {
			return i
		}
	}
	return len(peerSources) - 1
}

func appendPieces(b []byte, r *row) []byte {
	b = append(b, '"')
	if r.d != nil {
		b = base64.StdEncoding.AppendEncode(b, r.d.Pieces.Have)
	}
	return append(b, '"')
}

// appendMagnet appends a magnet link (BEP 9). Its trackers are told only to whom their
// secrets belong.
func appendMagnet(b []byte, r *row) []byte {
	link := "magnet:?xt=urn:btih:" + r.hash.String()
	if r.t.Name != "" {
		link += "&dn=" + url.PathEscape(strings.ToValidUTF8(r.t.Name, "\uFFFD"))
	}
	if r.secret {
		for _, a := range r.t.Trackers {
			link += "&tr=" + url.QueryEscape(a)
		}
	}
	return appendString(b, link)
}

// mimeTypes are of the files that torrents are mostly made of.
var mimeTypes = map[string]string{
	".mkv": "video/x-matroska", ".mp4": "video/mp4", ".avi": "video/x-msvideo", ".webm": "video/webm", ".mov": "video/quicktime",
	".mp3": "audio/mpeg", ".flac": "audio/flac", ".ogg": "audio/ogg", ".m4a": "audio/mp4", ".opus": "audio/opus",
	".jpg": "image/jpeg", ".png": "image/png", ".pdf": "application/pdf", ".epub": "application/epub+zip",
	".zip": "application/zip", ".iso": "application/x-iso9660-image", ".txt": "text/plain",
}

// mimeType is that of the largest file, as far as its name tells.
func mimeType(r *row) string {
	name := r.t.Name
	if r.d != nil {
		var most int64 = -1
		for i := range r.d.Files {
			if f := &r.d.Files[i]; f.Size > most {
				most, name = f.Size, f.Name
			}
		}
	}
	if m := mimeTypes[strings.ToLower(path.Ext(name))]; m != "" {
		return m
	}
	return "application/octet-stream"
}
