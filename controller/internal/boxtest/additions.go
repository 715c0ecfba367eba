package boxtest

import (
	"bytes"
	"crypto/sha1"
	"encoding/base32"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// addedSize is that of each torrent that a box adds.
const addedSize = 1 << 30

// parse makes a torrent of what was to be added. What a URL leads to is made of the
// URL itself.
func parse(a *command.Addition) (state.Torrent, *command.Fault) {
	t := state.Torrent{Metadata: state.Whole, Size: addedSize, Left: addedSize, Total: addedSize, Files: 1}
	var err error
	switch {
	case a.Magnet != "":
		t.Metadata, t.Size, t.Left, t.Total, t.Files = 0, 0, 0, 0, 0
		t.Hash, t.Name, err = magnet(a.Magnet)
	case a.URL != "":
		t.Hash, t.Name = sha1.Sum([]byte(a.URL)), strings.TrimSuffix(path.Base(a.URL), ".torrent")
	default:
		t.Hash, t.Name, err = metainfo(a.Metainfo)
	}
	if err != nil {
		return t, &command.Fault{Code: command.BadTorrent, Text: "this is no torrent"}
	}
	return t, nil
}

// magnet reads a magnet link (BEP 9).
func magnet(link string) (h state.Hash, name string, err error) {
	u, err := url.Parse(link)
	if err != nil {
		return h, "", err
	}
	q := u.Query()
	text := strings.TrimPrefix(q.Get("xt"), "urn:btih:")
	if len(text) == 32 {
		b, err := base32.StdEncoding.DecodeString(strings.ToUpper(text))
		copy(h[:], b)
		return h, nameOr(q.Get("dn"), h), err
	}
	h, err = state.ParseHash(text)
	return h, nameOr(q.Get("dn"), h), err
}

func nameOr(name string, h state.Hash) string {
	if name == "" {
		return h.String()
	}
	return name
}

// Metainfo returns a .torrent file of one file of that name; others differ in their
// hashes.
func Metainfo(name string) []byte {
	return fmt.Appendf(nil, "d4:infod6:lengthi%de4:name%d:%s12:piece lengthi16384e6:pieces20:%020dee", addedSize, len(name), name, 0)
}

// metainfo finds the info hash and the name in a .torrent file (BEP 3).
func metainfo(file []byte) (h state.Hash, name string, err error) {
	err = dictionary(file, func(key string, info []byte) error {
		if key != "info" {
			return nil
		}
		h = sha1.Sum(info)
		return dictionary(info, func(key string, value []byte) error {
			if key == "name" {
				_, value, _ = bytes.Cut(value, []byte(":"))
				name = string(value)
			}
			return nil
		})
	})
	if err == nil && h == (state.Hash{}) {
		err = fmt.Errorf("no info")
	}
	return h, nameOr(name, h), err
}

// dictionary calls f for each pair of a bencoded dictionary.
func dictionary(b []byte, f func(key string, value []byte) error) error {
	if len(b) == 0 || b[0] != 'd' {
		return fmt.Errorf("no dictionary")
	}
	for b = b[1:]; ; {
		if len(b) > 0 && b[0] == 'e' {
			return nil
		}
		k, err := item(b)
		if err != nil {
			return err
		}
		v, err := item(b[k:])
		if err != nil {
			return err
		}
		_, key, _ := strings.Cut(string(b[:k]), ":")
		if err := f(key, b[k:k+v]); err != nil {
			return err
		}
		b = b[k+v:]
	}
}

// item returns the length of the bencoded value at the beginning of b.
func item(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, fmt.Errorf("cut short")
	}
	switch b[0] {
	case 'i':
		if n := bytes.IndexByte(b, 'e'); n > 0 {
			return n + 1, nil
		}
		return 0, fmt.Errorf("cut short")
	case 'l', 'd':
		at := 1
		for at < len(b) && b[at] != 'e' {
			n, err := item(b[at:])
			if err != nil {
				return 0, err
			}
			at += n
		}
		if at >= len(b) {
			return 0, fmt.Errorf("cut short")
		}
		return at + 1, nil
	}
	head := bytes.IndexByte(b, ':')
	if head < 0 {
		return 0, fmt.Errorf("no length")
	}
	n, err := strconv.Atoi(string(b[:head]))
	if err != nil || n < 0 || n > len(b)-head-1 {
		return 0, fmt.Errorf("a wrong length")
	}
	return head + 1 + n, nil
}
