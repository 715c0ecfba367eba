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
		p.line(Faint, fmt.Sprintf("and %d more", left))
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
	text := Fit("Name", l.name)
	if l.bar > 0 {
		text += space(gap) + space(l.bar)
	}
	text += space(gap) + FitRight("Done", percentWidth) + space(gap) + Fit("State", stateWidth) + space(gap) + FitRight("Down", rateWidth)
	if l.up > 0 {
		text += space(gap) + FitRight("Up", l.up)
	}
	if l.eta > 0 {
		text += space(gap) + FitRight("ETA", l.eta)
	}
	p.line(Faint, text)
}

func (p *page) row(t *Torrent, l layout) {
	done := t.Progress
	if t.State == state.Checking.String() {
		done = t.Checked
	}
	p.put(Plain, Fit(p.Clean(t.Name), l.name)+space(gap))
	if l.bar > 0 {
		p.w.WriteString(p.o.Bar(done, l.bar, rowStyle(t)))
		p.put(Plain, space(gap))
	}
	p.put(Plain, FitRight(Percent(done), percentWidth)+space(gap))
	word := Cut(p.Clean(StateWord(t.State)), stateWidth)
	p.put(rowStyle(t), word)
	rest := space(stateWidth-columns.StringWidth(word)) + space(gap) + FitRight(Rate(t.RateDown), rateWidth)
	if l.up > 0 {
		rest += space(gap) + FitRight(Rate(t.RateUp), l.up)
	}
	if l.eta > 0 {
		rest += space(gap) + FitRight(ETA(t.ETA), l.eta)
	}
	p.put(Plain, strings.TrimRight(rest, " "))
	p.end()
}

func rowStyle(t *Torrent) Style { return StateStyle(t.State, t.ErrorKind) }

func noteStyle(k state.ErrorKind) Style {
	if k == state.LocalError {
		return Red
	}
	return Yellow
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
