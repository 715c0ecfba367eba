package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"offing/tunnel/state"
)

// The widths that a text is laid out for, in columns.
const (
	defaultWidth = 80
	minWidth     = 40
)

// TextOptions say how WriteText writes.
type TextOptions struct {
	Width   int       // columns of the terminal; 0 means 80, and 40 is the least
	MaxRows int       // lines for torrents, notes on their errors included; 0 means no limit
	Color   bool      // use the terminal's colours; without it no escape sequence is written
	ASCII   bool      // the terminal does not understand UTF-8
	Now     time.Time // to count the line's time from; zero means the present
}

// WriteText writes b for a person: the line and what is wrong first, then the
// sums, then the torrents in their order. What others wrote (the names of
// torrents, the errors of trackers) cannot leave its place: see clean.
func (b *Box) WriteText(w io.Writer, o TextOptions) error {
	if o.Width <= 0 {
		o.Width = defaultWidth
	}
	o.Width = max(o.Width, minWidth)
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	p := page{w: bufio.NewWriter(w), o: o}
	p.head(b)
	if b.AgeMS >= 0 || len(b.Torrents) > 0 {
		p.sums(b)
		p.table(b)
	}
	return p.w.Flush()
}

// page writes lines. An error of the writer sticks, and comes out of Flush.
type page struct {
	w *bufio.Writer
	o TextOptions
}

// put writes text without line breaks in a style.
func (p *page) put(s Style, text string) { p.w.WriteString(p.o.Paint(s, text)) }

// clean cleans what will stand in a column: there a wide character must shrink
// before it is measured.
func (p *page) Clean(text string) string {
	if text = Clean(text); p.o.ASCII {
		return ascii(text)
	}
	return text
}

func (p *page) end() { p.w.WriteByte('\n') }

// line writes a line of its own, cut to the width.
func (p *page) line(s Style, text string) {
	p.put(s, Cut(text, p.o.Width))
	p.end()
}

// head writes the name, the state of the line, and what is wrong.
func (p *page) head(b *Box) {
	name := p.Clean(b.Box)
	if name != "" {
		name = Cut(name, p.o.Width/2) + "  "
	}
	p.put(Bold, name)
	p.put(lineStyle(b.Line), Cut(lineText(b, p.o.Now), p.o.Width-columns.StringWidth(name)))
	p.end()
	// Home counts a line that is not up among the trouble.
	if b.Line != nil && b.Line.Reason != "" && !slices.Contains(b.Trouble, b.Line.Reason) {
		p.wrapped(Red, "! ", Clean(b.Line.Reason))
	}
	for _, sentence := range b.Trouble {
		p.wrapped(Red, "! ", Clean(sentence))
	}
}

// wrapped writes a sentence over as many lines as it takes.
func (p *page) wrapped(s Style, mark, sentence string) {
	indent, room := strings.Repeat(" ", len(mark)), p.o.Width-len(mark)
	text := ""
	flush := func() {
		p.line(s, mark+text)
		mark, text = indent, ""
	}
	for word := range strings.FieldsSeq(sentence) {
		if text != "" && columns.StringWidth(text)+1+columns.StringWidth(word) > room {
			flush()
		}
		text = strings.TrimLeft(text+" "+word, " ")
	}
	flush()
}

// lineText says what the connection is like: "up for 2h14m, round trip 312 ms,
// data 0.4s old". A box that speaks for itself has no line.
func lineText(b *Box, now time.Time) string {
	var parts []string
	if l := b.Line; l != nil {
		first := Clean(l.State)
		if d := now.Sub(l.Since); !l.Since.IsZero() && d >= time.Second {
			first += " for " + Span(d.Truncate(time.Second))
		}
		parts = append(parts, first)
		if l.RTTMS > 0 {
			parts = append(parts, fmt.Sprintf("round trip %d ms", l.RTTMS))
		}
	}
	if b.AgeMS < 0 {
		return strings.Join(append(parts, "nothing known yet"), ", ")
	}
	return strings.Join(append(parts, "data "+Span(time.Duration(b.AgeMS)*time.Millisecond)+" old"), ", ")
}

func lineStyle(l *Line) Style {
	switch {
	case l == nil:
		return Plain
	case l.State == "up":
		return Green
	case l.State == "down":
		return Red
	}
	return Yellow
}

// sums writes the totals, and what they live on.
func (p *page) sums(b *Box) {
	p.wrapped(Plain, "", counts(b.Totals))
	figures := fmt.Sprintf("down %s/s, up %s/s", Size(b.Totals.RateDown), Size(b.Totals.RateUp))
	if b.Totals.Left > 0 {
		figures += ", " + Size(b.Totals.Left) + " left of " + Size(b.Totals.Size)
	}
	p.wrapped(Plain, "", figures)
	daemon := "Transmission"
	if v := Clean(b.Daemon.Version); v != "" {
		daemon += " " + v
	}
	if b.Daemon.State != state.DaemonOK.String() {
		daemon += ", " + Clean(b.Daemon.State)
	}
	if b.Host.DiskTotal > 0 {
		daemon += ", " + Size(b.Host.DiskFree) + " free of " + Size(b.Host.DiskTotal)
	}
	p.wrapped(Plain, "", daemon)
}

// counts says how many torrents do what; what none does is left out.
func counts(t state.Totals) string {
	text := fmt.Sprintf("%d torrents", t.Torrents)
	if t.Torrents == 1 {
		text = "1 torrent"
	}
	sep := ": "
	for _, c := range []struct {
		n    int
		word string
	}{
		{t.Downloading, "downloading"}, {t.Seeding, "seeding"}, {t.Checking, "checking"},
		{t.Stopped, "stopped"}, {t.Errors, "with an error"},
	} {
		if c.n > 0 {
			text += fmt.Sprintf("%s%d %s", sep, c.n, c.word)
			sep = ", "
		}
	}
	return text
}
