package command

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"offing/tunnel/state"
)

// maxFileName is what file systems take, in bytes.
const maxFileName = 255

// plain tells whether s is UTF-8 without control characters, of at most n bytes.
func plain(s string, n int) bool {
	return len(s) <= n && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// hasUp tells whether a path has a part that leads up.
func hasUp(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

// checkDir checks a folder of the box.
func checkDir(dir string, mayBeEmpty bool) *Fault {
	switch {
	case dir == "" && !mayBeEmpty:
		return refuse(BadPath, "no folder was named")
	case len(dir) > MaxPath:
		return refuse(BadPath, "the folder's path is too long: it may have %d bytes", MaxPath)
	case !plain(dir, MaxPath):
		return refuse(BadPath, "the folder's path has characters that are none: control characters, or broken UTF-8")
	case hasUp(dir):
		return refuse(BadPath, "the folder's path has a \"..\" in it; name the folder itself")
	}
	return nil
}

func (r *Renaming) check() *Fault {
	switch {
	case r.Path == "" || strings.HasPrefix(r.Path, "/") || strings.HasSuffix(r.Path, "/") || strings.Contains(r.Path, "//"):
		return refuse(BadPath, "name the file as the torrent does, with \"/\" between its folders")
	case !plain(r.Path, MaxPath):
		return refuse(BadPath, "the file's path is too long, or has control characters in it")
	case hasUp(r.Path):
		return refuse(BadPath, "the file's path has a \"..\" in it")
	case r.Name == "":
		return refuse(BadName, "the new name is empty")
	case r.Name == "." || r.Name == ".." || strings.Contains(r.Name, "/"):
		return refuse(BadName, "the new name must be a name without \"/\", not a path")
	case len(r.Name) > maxFileName:
		return refuse(BadName, "the new name is too long: it may have %d bytes", maxFileName)
	case !plain(r.Name, maxFileName):
		return refuse(BadName, "the new name has characters that are none: control characters, or broken UTF-8")
	}
	return nil
}

func checkLabels(labels []string) *Fault {
	if len(labels) > state.MaxLabels {
		return bad("%d labels are too many; a torrent has at most %d", len(labels), state.MaxLabels)
	}
	for _, l := range labels {
		switch {
		case l == "" || strings.TrimSpace(l) != l:
			return bad("a label must not be empty, nor begin or end with a space")
		case strings.Contains(l, ","):
			return bad("a label must not have a comma in it")
		case !plain(l, state.MaxLabel):
			return bad("a label is too long (%d bytes at most), or has control characters in it", state.MaxLabel)
		}
	}
	return nil
}

// checkTracker checks an announce URL. What is said of it does not repeat it: a
// private tracker's has a secret in it.
func checkTracker(text string) *Fault {
	u, err := parseURL(text, state.MaxURL, "http", "https", "udp")
	if err == nil && u.Host != "" {
		return nil
	}
	return bad("a tracker's address must be an http, https or udp URL of at most %d bytes", state.MaxURL)
}

// checkFetched checks the URL of something that the box fetches.
func checkFetched(text string) *Fault {
	u, err := parseURL(text, MaxURL, "http", "https")
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return bad("what the box is to fetch must be an http or https URL of at most %d bytes", MaxURL)
	case u.User != nil:
		return bad("a URL with a user name or a password in it is not taken; give cookies, or upload the file")
	}
	return nil
}

// parseURL parses a URL of one of the schemes.
func parseURL(text string, most int, schemes ...string) (*url.URL, error) {
	if !plain(text, most) || strings.Contains(text, " ") {
		return nil, errURL
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errURL // the library's repeats the URL
	}
	for _, s := range schemes {
		if u.Scheme == s {
			return u, nil
		}
	}
	return nil, errURL
}
