package simulator

import (
	"crypto/sha1"
	"encoding/base32"
	"net/url"
	"strings"

	"offing/tunnel/state"
)

// parseMagnet reads a magnet link (BEP 9).
func parseMagnet(link string) *torrent {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "magnet" {
		return nil
	}
	query := u.Query()
	topic, ok := strings.CutPrefix(query.Get("xt"), "urn:btih:")
	if !ok {
		return nil
	}
	h, err := state.ParseHash(topic)
	if raw, err32 := base32.StdEncoding.DecodeString(strings.ToUpper(topic)); err != nil && err32 == nil && len(raw) == len(h) {
		h, err = state.Hash(raw), nil
	}
	if err != nil {
		return nil
	}
	t := &torrent{hash: h, name: query.Get("dn"), own: &own{trackers: query["tr"]}}
	if t.name == "" {
		t.name = h.String()
	}
	return t
}

// parseMetainfo reads a .torrent file (BEP 3).
func parseMetainfo(content []byte) *torrent {
	root, ok := parseBencode(content).(map[string]any)
	if !ok {
		return nil
	}
	raw, _ := root["info"].(raw)
	info, ok := parseBencode(raw).(map[string]any)
	if !ok {
		return nil
	}
	t := &torrent{hash: sha1.Sum(raw), metadata: 1, own: &own{}}
	t.name, _ = info["name"].(string)
	t.piece, _ = info["piece length"].(int64)
	t.own.comment, _ = root["comment"].(string)
	t.own.creator, _ = root["created by"].(string)
	t.own.created, _ = root["creation date"].(int64)
	private, _ := info["private"].(int64)
	t.own.private = private == 1
	t.own.trackers = trackersOf(root)
	t.own.files = filesOf(info)
	for _, f := range t.own.files {
		t.total += f.length
	}
	if t.name == "" || t.piece <= 0 || t.total <= 0 {
		return nil
	}
	t.size, t.left = t.total, t.total
	return t
}

func trackersOf(root map[string]any) []string {
	tiers, _ := root["announce-list"].([]any)
	var list []string
	for _, tier := range tiers {
		urls, _ := tier.([]any)
		for _, u := range urls {
			if u, ok := u.(string); ok {
				list = append(list, u)
			}
		}
	}
	if one, ok := root["announce"].(string); ok && list == nil {
		list = []string{one}
	}
	return list
}

func filesOf(info map[string]any) []file {
	many, ok := info["files"].([]any)
	if !ok {
		n, _ := info["length"].(int64)
		return []file{{length: n}}
	}
	list := make([]file, 0, len(many))
	for _, one := range many {
		f, _ := one.(map[string]any)
		parts, _ := f["path"].([]any)
		n, _ := f["length"].(int64)
		var names []string
		for _, p := range parts {
			if p, ok := p.(string); ok {
				names = append(names, p)
			}
		}
		list = append(list, file{name: strings.Join(names, "/"), length: max(0, n)})
	}
	return list
}
