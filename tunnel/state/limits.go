package state

import (
	"strings"
	"unicode/utf8"
)

// Limits of what a State holds. What a daemon says is brought within them when
// it enters the State, so both ends of a line hold the same; what comes over the
// line must be within them.
const (
	MaxName   = 4096 // bytes of a torrent's name
	MaxText   = 1024 // bytes of an error's or the daemon's text
	MaxLabels = 64   // labels of a torrent
	MaxLabel  = 256  // bytes of a label
	MaxURLs   = 32   // announce URLs of a torrent, of at most MaxURL bytes each

	// MaxRowText is the most bytes of text that one torrent has: its name, its
	// error's text, its labels, its folder and its announce URLs.
	MaxRowText = MaxName + MaxText + MaxLabels*MaxLabel + MaxName + MaxURLs*MaxURL
)

// Valid tells whether t is within the limits: no negative figures, no Fraction
// above Whole, no text that is too long or not UTF-8.
func (t *Torrent) Valid() bool {
	c := t.clean()
	return Diff(t, &c) == 0
}

// Valid tells whether v is within the limits.
func (v Session) Valid() bool { return v == v.clean() }

// Valid tells whether v is within the limits.
func (v Host) Valid() bool { return v == v.clean() }

func (t *Torrent) clean() Torrent {
	c := *t
	c.Name = cleanText(c.Name, MaxName)
	c.ErrorText = cleanText(c.ErrorText, MaxText)
	c.Labels = cleanTexts(c.Labels, MaxLabels, MaxLabel)
	c.Dir = cleanText(c.Dir, MaxName)
	c.Trackers = cleanTexts(c.Trackers, MaxURLs, MaxURL)
	c.Options = c.Options.clean()
	c.Metadata, c.Checked = min(c.Metadata, Whole), min(c.Checked, Whole)
	for _, n := range []*int64{&c.Size, &c.Left, &c.RateDown, &c.RateUp, &c.Downloaded, &c.Uploaded, &c.Added, &c.Done, &c.Total, &c.Active, &c.Seeded} {
		*n = max(*n, 0)
	}
	for _, n := range []*int32{&c.Peers, &c.PeersSending, &c.PeersGetting, &c.WebSeeds, &c.Queue, &c.Files} {
		*n = max(*n, 0)
	}
	return c
}

func (v Session) clean() Session {
	v.DaemonText = cleanText(v.DaemonText, MaxText)
	v.Version = cleanText(v.Version, MaxText)
	v.RPCVersion = max(v.RPCVersion, 0)
	return v
}

func (v Host) clean() Host {
	v.CPU = min(v.CPU, Whole)
	for _, n := range []*int64{&v.DiskTotal, &v.DiskFree, &v.MemTotal, &v.MemUsed, &v.NetDown, &v.NetUp, &v.Uptime} {
		*n = max(*n, 0)
	}
	return v
}

// cleanText returns s as UTF-8 of at most n bytes, cut between two runes.
func cleanText(s string, n int) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, string(utf8.RuneError))
	}
	if len(s) <= n {
		return s
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.Clone(s[:n]) // the rest must not stay in memory
}

// cleanTexts returns texts itself when nothing has to be done: there are at most n,
// of at most size bytes each.
func cleanTexts(texts []string, n, size int) []string {
	texts = texts[:min(len(texts), n)]
	for i, s := range texts {
		if c := cleanText(s, size); c != s {
			out := append([]string(nil), texts...)
			for j := i; j < len(out); j++ {
				out[j] = cleanText(out[j], size)
			}
			return out
		}
	}
	return texts
}
