package report

import (
	"fmt"
	"strings"

	"offing/tunnel/state"
)

// The widths of the table's columns.
const (
	percentWidth = 6  // "100.0%"
	stateWidth   = 11 // "downloading"
	rateWidth    = 8  // "4.2 MB/s"
	etaWidth     = 6  // "12m03s"
	gap          = 2
	minName      = 16
	minBar       = 8
	maxBar       = 24
)

// layout is how the columns share a width; 0 is a column that is left out.
type layout struct{ name, bar, up, eta int }

// layoutFor drops, as the width shrinks, the upload rate, then the time left,
// then the bar; what grows is the name, with a share for the bar.
func layoutFor(width int) layout {
	rest := width - (percentWidth + gap + stateWidth + gap + rateWidth)
	var l layout
	take := func(column *int, width, need int) {
		if rest-(width+gap) >= need {
			*column = width
			rest -= width + gap
		}
	}
	take(&l.bar, minBar, minName-4)
	take(&l.eta, etaWidth, minName)
	take(&l.up, rateWidth, minName)
	if l.bar > 0 {
		more := min(max((rest-minName)/4, 0), maxBar-minBar)
		l.bar, rest = l.bar+more, rest-more
	}
	l.name = rest - gap
	return l
}

// table writes a row for each torrent, and a note below one with an error.
func (p *page) table(b *Box) {
	left := b.More
	if len(b.Torrents) > 0 {
		p.end()
		l := layoutFor(p.o.Width)
		p.heading(l)
		left += p.rows(b.Torrents, l)
	}
	if left > 0 {
		p.line(faint, fmt.Sprintf("and %d more", left))
	}
}

// rows returns the number of torrents that did not fit in.
func (p *page) rows(torrents []Torrent, l layout) int {
	used := 0
	for i := range torrents {
		t := &torrents[i]
		lines := 1
		if t.Error != "" {
			lines = 2
		}
		if used += lines; p.o.MaxRows > 0 && used > p.o.MaxRows {
			return len(torrents) - i
		}
		p.row(t, l)
		if t.Error != "" {
			p.line(noteStyle(t.ErrorKind), "  "+noteWord(t.ErrorKind)+": "+Clean(t.Error))
		}
	}
	return 0
}

func (p *page) heading(l layout) {
	text := fit("Name", l.name)
	if l.bar > 0 {
		text += space(gap) + space(l.bar)
	}
	text += space(gap) + fitRight("Done", percentWidth) + space(gap) + fit("State", stateWidth) + space(gap) + fitRight("Down", rateWidth)
	if l.up > 0 {
		text += space(gap) + fitRight("Up", l.up)
	}
	if l.eta > 0 {
		text += space(gap) + fitRight("ETA", l.eta)
	}
	p.line(faint, text)
}

func (p *page) row(t *Torrent, l layout) {
	done := t.Progress
	if t.State == state.Checking.String() {
		done = t.Checked
	}
	p.put(plain, fit(p.Clean(t.Name), l.name)+space(gap))
	if l.bar > 0 {
		p.bar(done, l.bar, rowStyle(t))
		p.put(plain, space(gap))
	}
	p.put(plain, fitRight(percent(done), percentWidth)+space(gap))
	word := cut(p.Clean(stateWord(t.State)), stateWidth)
	p.put(rowStyle(t), word)
	rest := space(stateWidth-columns.StringWidth(word)) + space(gap) + fitRight(rate(t.RateDown), rateWidth)
	if l.up > 0 {
		rest += space(gap) + fitRight(rate(t.RateUp), l.up)
	}
	if l.eta > 0 {
		rest += space(gap) + fitRight(eta(t.ETA), l.eta)
	}
	p.put(plain, strings.TrimRight(rest, " "))
	p.end()
}

// bar draws a part of width columns, to half a column where the terminal can.
func (p *page) bar(part float64, width int, s style) {
	part = min(max(part, 0), 1)
	if p.o.ASCII {
		full := int(part * float64(width-2))
		p.put(plain, "[")
		p.put(s, strings.Repeat("#", full))
		p.put(faint, strings.Repeat("-", width-2-full)+"]")
		return
	}
	halves := int(part * float64(2*width))
	full := strings.Repeat("━", halves/2) + strings.Repeat("╸", halves%2)
	p.put(s, full)
	p.put(faint, strings.Repeat("─", width-columns.StringWidth(full)))
}

func rowStyle(t *Torrent) style {
	switch {
	case t.ErrorKind == state.LocalError:
		return red
	case t.State == state.Downloading.String():
		return cyan
	case t.State == state.Seeding.String():
		return green
	case t.State == state.Checking.String():
		return yellow
	}
	return plain
}

// stateWord is the state in a word that fits its column.
func stateWord(s string) string {
	if strings.HasSuffix(s, "-queued") {
		return "queued"
	}
	return s
}

func noteStyle(k state.ErrorKind) style {
	if k == state.LocalError {
		return red
	}
	return yellow
}

func noteWord(k state.ErrorKind) string {
	switch k {
	case state.TrackerWarning:
		return "tracker warning"
	case state.TrackerError:
		return "tracker error"
	}
	return "error"
}

func space(n int) string { return strings.Repeat(" ", n) }
