package control

import (
	"crypto/sha1" // BEP 3's info hash is one
	"encoding/base32"
	"math"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// torrent is what home knows of a torrent before a box has it.
type torrent struct {
	hash  state.Hash // zero when it is not known, as of a URL
	names []string   // top-level names that a daemon may give it; none when they are not known
	size  int64      // bytes of all files, 0 when not known
	files int
}

// torrentOf returns what is known of an addition. The error is a *command.Fault.
func torrentOf(a *command.Addition) (torrent, error) {
	switch {
	case len(a.Metainfo) > 0:
		return parseMetainfo(a.Metainfo)
	case a.Magnet != "":
		h, err := parseMagnet(a.Magnet)
		return torrent{hash: h}, err
	}
	return torrent{}, nil
}

func badTorrent(text string) error {
	return &command.Fault{Code: command.BadTorrent, Text: text}
}

var (
	errNoMetainfo = badTorrent("this is no .torrent file, or it is damaged; get it again")
	errBadName    = badTorrent("the torrent has a name that no file can have; it cannot be added")
	errOnlyV2     = &command.Fault{Code: command.Unsupported, Text: "this torrent is of BitTorrent v2 only, which the daemon cannot do; look for a v1 or hybrid one"}
)

// parseMetainfo reads a .torrent file (BEP 3). Its hash is that of the very bytes of
// the info dictionary.
func parseMetainfo(file []byte) (torrent, error) {
	b := bencoded(file)
	var info bencoded
	if b.whole() != nil || b[0] != 'd' {
		return torrent{}, errNoMetainfo
	}
	_, err := b.each(0, 0, func(key []byte, value bencoded) error {
		if string(key) == "info" {
			info = value
		}
		return nil
	})
	if err != nil || len(info) == 0 || info[0] != 'd' {
		return torrent{}, errNoMetainfo
	}
	return parseInfo(info)
}

// parseInfo reads an info dictionary, of BEP 3, and of BEP 52 where it is a hybrid.
func parseInfo(info bencoded) (torrent, error) {
	t := torrent{hash: sha1.Sum(info)}
	v1, v2, single := false, false, false
	_, err := info.each(0, 0, func(key []byte, value bencoded) (err error) {
		switch string(key) {
		case "name", "name.utf-8":
			var name string
			if name, err = value.str(); err == nil {
				t.names = append(t.names, name)
			}
		case "pieces":
			v1 = true
		case "meta version", "file tree":
			v2 = true
		case "length":
			single, t.files = true, 1
			t.size, err = value.number()
		case "files":
			if !single {
				t.size, t.files, err = sizes(value)
			}
		}
		return err
	})
	switch {
	case err != nil, v1 && (t.size < 0 || t.files == 0 || len(t.names) == 0), !v1 && !v2:
		return torrent{}, errNoMetainfo
	case !v1:
		return torrent{}, errOnlyV2
	}
	for _, name := range t.names {
		if !possible(name) {
			return torrent{}, errBadName
		}
	}
	return t, nil
}

// sizes adds up the files of a torrent.
func sizes(list bencoded) (size int64, files int, err error) {
	err = list.items(func(file bencoded) error {
		length := int64(-1)
		_, err := file.each(0, 0, func(key []byte, value bencoded) (err error) {
			if string(key) == "length" {
				length, err = value.number()
			}
			return err
		})
		if err != nil || length < 0 || length > math.MaxInt64-size {
			return errBencode
		}
		size += length
		files++
		return nil
	})
	return size, files, err
}

// possible tells whether a file of that name can be, and is called so by everybody.
func possible(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= state.MaxName && utf8.ValidString(name) &&
		!strings.Contains(name, "/") && strings.IndexFunc(name, unicode.IsControl) < 0
}

// parseMagnet returns the v1 info hash of a magnet link (BEP 9): 40 hexadecimal or
// 32 base32 digits. One that names several torrents is refused: which of them the
// daemon would take cannot be told.
func parseMagnet(link string) (state.Hash, error) {
	bad := badTorrent("this is no magnet link of a torrent; copy it again, from “magnet:?” to its end")
	u, err := url.Parse(link)
	if err != nil || !strings.EqualFold(u.Scheme, "magnet") || u.Opaque != "" || u.Host != "" {
		return state.Hash{}, bad
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return state.Hash{}, bad
	}
	var found state.Hash
	v2 := false
	for key, values := range query {
		if k := strings.ToLower(key); k != "xt" && !strings.HasPrefix(k, "xt.") {
			continue
		}
		for _, v := range values {
			h, is2, ok := parseTopic(v)
			switch {
			case !ok, is2 && v2, !is2 && found != (state.Hash{}) && found != h:
				return state.Hash{}, bad
			case is2:
				v2 = true
			default:
				found = h
			}
		}
	}
	switch {
	case found != (state.Hash{}):
		return found, nil
	case v2:
		return state.Hash{}, errOnlyV2
	}
	return state.Hash{}, bad
}

// parseTopic reads one "xt" of a magnet link.
func parseTopic(s string) (h state.Hash, v2, ok bool) {
	lower := strings.ToLower(s)
	if strings.HasPrefix(lower, "urn:btmh:") {
		return h, true, true
	}
	digits, ok := strings.CutPrefix(lower, "urn:btih:")
	if !ok {
		return h, false, false
	}
	if len(digits) == 32 {
		raw, err := base32.StdEncoding.DecodeString(strings.ToUpper(digits))
		return state.Hash(append(raw, make([]byte, 20)...)[:20]), false, err == nil
	}
	h, err := state.ParseHash(digits)
	return h, false, err == nil
}
