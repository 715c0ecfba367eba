package command

import (
	"encoding/base32"
	"encoding/hex"
	"errors"
	"iter"
	"net/url"
	"strings"

	"offing/tunnel/state"
)

var errURL = errors.New("no such URL")

// maxCookies bounds Addition.Cookies, in bytes.
const maxCookies = 4096

func (a *Addition) check() *Fault {
	given := 0
	for _, there := range []bool{a.Magnet != "", len(a.Metainfo) > 0, a.URL != ""} {
		if there {
			given++
		}
	}
	if given != 1 {
		return bad("an addition has either a magnet link, a .torrent file or a URL")
	}
	if f := a.checkSource(); f != nil {
		return f
	}
	if f := checkDir(a.Dir, true); f != nil || a.Changes == nil {
		return f
	}
	c := a.Changes
	if c.Queue != nil || len(c.AddTrackers)+len(c.RemoveTrackers)+len(c.ReplaceTrackers) > 0 {
		return bad("trackers and the place in the queue can be changed when the torrent is there, not while it is added")
	}
	return c.check(1)
}

func (a *Addition) checkSource() *Fault {
	switch {
	case a.Cookies != "" && a.URL == "":
		return bad("cookies are for a URL only")
	case len(a.Cookies) > maxCookies || !printable(a.Cookies):
		return bad("cookies must be printable ASCII, at most %d bytes", maxCookies)
	case a.Magnet != "":
		return checkMagnet(a.Magnet)
	case a.URL != "":
		return checkFetched(a.URL)
	case len(a.Metainfo) > MaxMetainfo:
		return refuse(BadTorrent, "the .torrent file is too large: it may have %d MiB", MaxMetainfo>>20)
	case a.Metainfo[0] != 'd': // a dictionary (BEP 3)
		return refuse(BadTorrent, "this is no .torrent file")
	}
	return nil
}

// printable tells whether s is printable ASCII.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// checkMagnet looks for the info hash of a magnet link (BEP 9). What is said of it
// does not repeat it.
func checkMagnet(link string) *Fault {
	query, isMagnet := strings.CutPrefix(link, "magnet:?")
	switch {
	case !isMagnet:
		return refuse(BadTorrent, "a magnet link begins with \"magnet:?\"")
	case len(link) > MaxURL:
		return refuse(BadTorrent, "the magnet link is too long: it may have %d bytes; leave some trackers out", MaxURL)
	case !plain(link, MaxURL):
		return refuse(BadTorrent, "the magnet link has control characters in it")
	}
	if _, ok := MagnetHash(link); ok {
		return nil
	}
	for topic := range topics(query) {
		if _, second := cutFold(topic, "urn:btmh:"); second {
			return refuse(Unsupported, "this magnet link is of BitTorrent v2 only, which the box cannot take; look for one with \"urn:btih\", or for the .torrent file")
		}
	}
	return refuse(BadTorrent, "the magnet link has no info hash (\"xt=urn:btih:\" with 40 hexadecimal digits or 32 of base32)")
}

// MagnetHash returns the info hash in a magnet link (BEP 9), the first of several, or
// false when there is none.
func MagnetHash(link string) (state.Hash, bool) {
	query, isMagnet := cutFold(link, "magnet:?")
	if !isMagnet {
		return state.Hash{}, false
	}
	for topic := range topics(query) {
		digits, first := cutFold(topic, "urn:btih:")
		if hash, ok := parseInfoHash(digits); first && ok {
			return hash, true
		}
	}
	return state.Hash{}, false
}

// topics gives what a magnet link says of itself with "xt", "xt.1" and so on.
func topics(query string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for parameter := range strings.SplitSeq(query, "&") {
			key, value, _ := strings.Cut(parameter, "=")
			if key != "xt" && !strings.HasPrefix(key, "xt.") {
				continue
			}
			if topic, err := url.PathUnescape(value); err == nil && !yield(topic) {
				return
			}
		}
	}
}

// cutFold is strings.CutPrefix without regard to case.
func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

// parseInfoHash reads an info hash in one of its two forms.
func parseInfoHash(s string) (hash state.Hash, ok bool) {
	var b []byte
	var err error
	switch len(s) {
	case 40:
		b, err = hex.DecodeString(s)
	case 32:
		b, err = base32.StdEncoding.DecodeString(strings.ToUpper(s))
	}
	return hash, err == nil && copy(hash[:], b) == len(hash)
}
