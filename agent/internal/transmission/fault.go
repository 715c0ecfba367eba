package transmission

import (
	"errors"
	"regexp"
	"strings"
	"unicode"

	"offing/tunnel/command"
)

// maxWords bounds what of the daemon's words goes into a Fault, in bytes.
const maxWords = 200

// address is what may hold the secret of a tracker, or a path on the box.
var address = regexp.MustCompile(`(?i)\S*:/\S*|magnet:\S*|\S*passkey\S*`)

// Fault says what an error of a call means for the one who gave the command: a word
// for programs, and for people what the daemon says, without addresses.
func (c *Client) Fault(err error) *command.Fault {
	var fault *command.Fault
	var refused *refusal
	switch {
	case errors.As(err, &fault):
		return fault
	case errors.Is(err, ErrNoTorrents):
		return &command.Fault{Code: command.NoTorrents, Text: "name the torrents: none never means all"}
	case errors.Is(err, ErrUnknownTorrent):
		return UnknownTorrent()
	case errors.As(err, &refused):
		return refused.fault()
	}
	_, text := c.Explain(err)
	return &command.Fault{Code: command.DaemonAway, Text: text}
}

// UnknownTorrent is the Fault of a torrent that the daemon does not have.
func UnknownTorrent() *command.Fault {
	return &command.Fault{Code: command.UnknownTorrent, Text: "there is no such torrent"}
}

func (r *refusal) fault() *command.Fault {
	words := cleanWords(r.words)
	low := strings.ToLower(words)
	switch {
	case strings.Contains(low, "no space left"), strings.Contains(low, "disk quota"):
		return &command.Fault{Code: command.DiskFull, Text: "the box's disk is full: remove something first"}
	case strings.Contains(low, "corrupt torrent"), strings.Contains(low, "unrecognized info"):
		return &command.Fault{Code: command.BadTorrent, Text: "the daemon cannot read this torrent"}
	case strings.Contains(low, "method name not recognized"), strings.Contains(low, "no method name"), strings.Contains(low, "method not found"):
		return &command.Fault{Code: command.Unsupported, Text: "this generation of the daemon cannot do that"}
	}
	return &command.Fault{Code: command.DaemonRefused, Text: "the daemon refuses: " + words}
}

// cleanWords makes what the daemon says fit for a person's eyes: one line of at most
// maxWords bytes without addresses.
func cleanWords(words string) string {
	words = strings.ToValidUTF8(words, "")
	words = address.ReplaceAllString(words, "(address)")
	words = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, words)
	words = strings.Join(strings.Fields(words), " ")
	if len(words) > maxWords {
		words = strings.ToValidUTF8(words[:maxWords], "")
	}
	if words == "" {
		return "it does not say why"
	}
	return words
}
