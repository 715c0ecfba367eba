package rig

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"maps"
	"slices"
)

// bencode writes v in the form of BEP 3: int64, string, []any and
// map[string]any, keys sorted. Anything else is a mistake of the caller.
func bencode(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case int64:
		fmt.Fprintf(b, "i%de", v)
	case string:
		fmt.Fprintf(b, "%d:%s", len(v), v)
	case []any:
		b.WriteByte('l')
		for _, e := range v {
			bencode(b, e)
		}
		b.WriteByte('e')
	case map[string]any:
		b.WriteByte('d')
		for _, k := range slices.Sorted(maps.Keys(v)) {
			bencode(b, k)
			bencode(b, v[k])
		}
		b.WriteByte('e')
	default:
		panic(fmt.Sprintf("bencode: %T", v))
	}
}

// metainfo is a .torrent file (BEP 3) of a single file.
type metainfo struct {
	Name    string
	Size    int64
	Piece   int64  // bytes in a piece
	Pieces  []byte // SHA-1 of each piece
	WebSeed string // BEP 19 url-list; empty for none
}

// encode returns the file and the info hash.
func (m metainfo) encode() (file []byte, hash [20]byte) {
	info := map[string]any{
		"length":       m.Size,
		"name":         m.Name,
		"piece length": m.Piece,
		"pieces":       string(m.Pieces),
	}
	var b bytes.Buffer
	bencode(&b, info)
	hash = sha1.Sum(b.Bytes())
	top := map[string]any{"info": info}
	if m.WebSeed != "" {
		top["url-list"] = m.WebSeed
	}
	b.Reset()
	bencode(&b, top)
	return b.Bytes(), hash
}
