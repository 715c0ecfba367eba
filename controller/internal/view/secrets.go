package view

import (
	"net/url"
	"regexp"

	"offing/controller/internal/owners"
)

// withoutSecrets returns scheme and host of a URL, or nothing of what is none.
func withoutSecrets(announce string) string {
	u, err := url.Parse(announce)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// hosts returns the trackers of a torrent for somebody to whom their secrets do not
// belong.
func hosts(trackers []string) []string {
	without := make([]string, 0, len(trackers))
	for _, t := range trackers {
		without = append(without, withoutSecrets(t))
	}
	return without
}

// In a text an address goes on until a space or a mark that none contains. What is
// as long as a passkey, 16 letters and digits with one of each at least, is taken
// for one wherever it stands.
var (
	addressInText = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`)
	passkeyInText = regexp.MustCompile(`[A-Za-z0-9]{16,}`)
	letter        = regexp.MustCompile(`[A-Za-z]`)
	digit         = regexp.MustCompile(`[0-9]`)
)

// Reads returns with which access whoever has the grant reads what trackers have
// written: an owner who joined has not shown that they know the tracker's secret.
func Reads(g owners.Grant) owners.Access {
	if g.Secrets() {
		return owners.Own
	}
	return min(g.Access, owners.Act)
}

// hiddenText stands for what somebody who does not own a torrent is not told.
const hiddenText = "…"

// textFor returns what trackers, or whoever made a torrent, have written, for
// somebody with that access: of addresses the host, and no passkeys, unless the
// torrent is theirs.
func textFor(text string, access owners.Access) string {
	if text == "" || access == owners.Own {
		return text
	}
	text = addressInText.ReplaceAllStringFunc(text, withoutSecrets)
	return passkeyInText.ReplaceAllStringFunc(text, func(word string) string {
		if letter.MatchString(word) && digit.MatchString(word) {
			return hiddenText
		}
		return word
	})
}
