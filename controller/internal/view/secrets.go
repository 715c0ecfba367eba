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

// In a text an address goes on until a space or a mark that none contains. What is
// as long as a passkey, 16 letters and digits with one of each at least, is taken
// for one wherever it stands.
var (
	addressInText = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`)
	passkeyInText = regexp.MustCompile(`[A-Za-z0-9]{16,}`)
	letter        = regexp.MustCompile(`[A-Za-z]`)
	digit         = regexp.MustCompile(`[0-9]`)
)

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
