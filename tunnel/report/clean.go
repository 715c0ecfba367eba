package report

import (
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// maxClean bounds what is printed of one foreign string, in characters. It also
// bounds combining marks, which take no columns.
const maxClean = 256

// Clean makes a string that others wrote, such as a torrent's name, safe to
// print on a terminal: no escape sequence, no line break, and nothing that
// changes the direction of the text around it.
func Clean(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s { // invalid UTF-8 comes out as U+FFFD
		if n++; n > maxClean {
			b.WriteRune('…')
			break
		}
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case unicode.Is(unicode.Cf, r): // bidirectional overrides, zero-width characters
			n--
		case !unicode.IsPrint(r):
			b.WriteRune(unicode.ReplacementChar)
		default:
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

// ascii replaces what a terminal without UTF-8 would take for something else:
// bytes of 0x80 to 0x9f are control characters in other encodings.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '…':
			return '~'
		case r > unicode.MaxASCII:
			return '?'
		}
		return r
	}, s)
}

// columns measures text as terminals show it: wide characters take two columns,
// combining marks none. It does not look at the environment.
var columns = runewidth.Condition{StrictEmojiNeutral: true}

// Fit cuts s to width columns, or fills it up with spaces.
func Fit(s string, width int) string {
	s = Cut(s, width)
	return s + strings.Repeat(" ", max(width-columns.StringWidth(s), 0))
}

// FitRight is Fit with the spaces on the left.
func FitRight(s string, width int) string {
	s = Cut(s, width)
	return strings.Repeat(" ", max(width-columns.StringWidth(s), 0)) + s
}

// Cut cuts s to width columns, with an ellipsis for what is missing.
func Cut(s string, width int) string {
	if columns.StringWidth(s) <= width {
		return s
	}
	return columns.Truncate(s, width, "…")
}
