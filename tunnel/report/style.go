package report

import (
	"strings"

	"offing/tunnel/state"
)

// Style is a parameter of the escape sequence "select graphic rendition"
// (ECMA-48, 8.3.117). Only the first eight colours are used, so that the
// terminal's own palette, dark or light, decides.
type Style string

// The styles.
const (
	Plain   Style = ""
	Bold    Style = "1"
	Faint   Style = "2"
	Reverse Style = "7"
	Red     Style = "31"
	Green   Style = "32"
	Yellow  Style = "33"
	Cyan    Style = "36"
)

// Paint returns text, which has no line breaks, in a style as the terminal can
// show it.
func (o TextOptions) Paint(s Style, text string) string {
	if o.ASCII {
		text = ascii(text)
	}
	if o.Color && s != Plain && text != "" {
		text = "\x1b[" + string(s) + "m" + text + "\x1b[0m"
	}
	return text
}

// Bar draws a part, from 0 to 1, in width columns, at least 2, to half a column
// where the terminal can.
func (o TextOptions) Bar(part float64, width int, s Style) string {
	part = min(max(part, 0), 1)
	if o.ASCII {
		full := int(part * float64(width-2))
		return o.Paint(Plain, "[") + o.Paint(s, strings.Repeat("#", full)) + o.Paint(Faint, strings.Repeat("-", width-2-full)+"]")
	}
	halves := int(part * float64(2*width))
	full := strings.Repeat("━", halves/2) + strings.Repeat("╸", halves%2)
	return o.Paint(s, full) + o.Paint(Faint, strings.Repeat("─", width-Width(full)))
}

// Width is the number of columns that text takes on a terminal.
func Width(text string) int { return columns.StringWidth(text) }

// StateStyle is the style of a torrent in a state, with an error or without.
func StateStyle(word string, kind state.ErrorKind) Style {
	switch {
	case kind == state.LocalError:
		return Red
	case word == state.Downloading.String():
		return Cyan
	case word == state.Seeding.String():
		return Green
	case word == state.Checking.String():
		return Yellow
	}
	return Plain
}

// StateWord is a torrent's state in a word that fits a column of 11.
func StateWord(s string) string {
	if strings.HasSuffix(s, "-queued") {
		return "queued"
	}
	return s
}
