package rpc

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"offing/controller/internal/control"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
)

// torrentAdd adds a torrent by its magnet link, its address or its file (specification,
// "torrent_add").
func (e *Endpoint) torrentAdd(ctx context.Context, who asker, c *call) ([]byte, *problem) {
	box, _, fault := e.box(who)
	if fault != nil {
		return nil, fault
	}
	add, fault := readAddition(c.params)
	if fault != nil {
		return nil, fault
	}
	orders, fault := e.order(ctx, who, control.Request{Command: command.Command{Kind: command.Add, Add: add}, Box: box})
	if fault != nil {
		return nil, fault
	}
	if len(orders) != 1 || orders[0].Result.Added == nil {
		return nil, internal
	}
	added := orders[0].Result.Added
	id, err := e.numberOf(ctx, who, owners.Key{Box: box, Hash: added.Hash})
	if err != nil {
		return nil, e.failed(ctx, err)
	}
	name := kebab("torrent_added")
	if added.Duplicate {
		name = kebab("torrent_duplicate")
	}
	out := object{b: []byte{'{'}, style: c.style}
	out.key(name)
	o := object{b: append(out.b, '{'), style: c.style}
	o.text(camel("hash_string"), hex.EncodeToString(added.Hash[:]))
	o.int(camel("id"), id)
	o.text(wordName, added.Name)
	return append(o.b, '}', '}'), nil
}

// readAddition reads what is to be added. A path is refused: it would be one of the
// controller's, or of the box's, and neither is the app's.
func readAddition(p params) (*command.Addition, *problem) {
	add := &command.Addition{}
	if dir := p.text("download_dir"); dir != nil {
		add.Dir = *dir
	}
	if paused := p.bool("paused"); paused != nil {
		add.Paused = *paused
	}
	filename, metainfo := p.text("filename"), p.text("metainfo")
	switch {
	case metainfo != nil && *metainfo != "":
		data, ok := unbase64(*metainfo)
		if !ok {
			return nil, &problem{codeNoTorrent, "the .torrent file is not encoded in base64 (metainfo)"}
		}
		add.Metainfo = data
	case filename == nil || *filename == "":
		return nil, &problem{codeInvalidParams, "say what is to be added: a link (filename) or a .torrent file (metainfo)"}
	case !readLink(add, strings.TrimSpace(*filename), p):
		return nil, &problem{codeNoTorrent, "this is neither a magnet link nor an address that begins with http:// or https://"}
	}
	ch := &command.Changes{}
	if fault := readFiles(p, ch); fault != nil {
		return nil, fault
	}
	if labels, ok := texts(p["labels"]); ok {
		ch.Labels = &labels
	}
	ch.PeerLimit, ch.Priority, ch.Sequential = p.int32("peer_limit"), priority(p), p.bool("sequential_download")
	if !empty(ch) {
		add.Changes = ch
	}
	return add, nil
}

// readLink reads a magnet link, an info hash alone, or an address, and false for
// anything else.
func readLink(add *command.Addition, link string, p params) bool {
	lower := strings.ToLower(link)
	switch {
	case strings.HasPrefix(lower, "magnet:"):
		add.Magnet = link
	case strings.HasPrefix(lower, "http://"), strings.HasPrefix(lower, "https://"):
		add.URL = link
		if cookies := p.text("cookies"); cookies != nil {
			add.Cookies = *cookies
		}
	case isHash(link):
		add.Magnet = "magnet:?xt=urn:btih:" + lower
	default:
		return false
	}
	return true
}

func isHash(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 40
}

// unbase64 reads base64 with or without its padding, on one line or many.
func unbase64(s string) ([]byte, bool) {
	s = strings.TrimRight(strings.NewReplacer("\n", "", "\r", "", " ", "").Replace(s), "=")
	data, err := base64.RawStdEncoding.DecodeString(s)
	return data, err == nil && len(data) > 0
}
