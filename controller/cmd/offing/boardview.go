package main

import (
	"fmt"
	"strings"
	"time"

	"offing/tunnel/report"
)

// View implements tea.Model.
func (b *board) View() string {
	if b.screen.height == 0 {
		return ""
	}
	var body []string
	switch b.mode {
	case helping:
		body = strings.Split(boardHelp, "\n")
	case detailing:
		body = b.detailLines()
	default:
		body = b.listLines()
	}
	room := b.visible() + 1
	if len(body) > room {
		body = body[:room]
	}
	for len(body) < room {
		body = append(body, "")
	}
	lines := append(append(b.headLines(), body...), b.footLine())
	for i := range lines {
		lines[i] = b.cut(lines[i])
	}
	return strings.Join(lines[:min(len(lines), b.screen.height)], "\n")
}

// cut keeps a line of plain text from running over the edge. What has styles was
// laid out for the width.
func (b *board) cut(line string) string {
	if strings.Contains(line, "\x1b") {
		return line
	}
	return report.Cut(line, max(b.screen.width, 1))
}

// visible is how many torrents there is room for.
func (b *board) visible() int { return max(b.screen.height-b.heads()-2, 1) }

// maxHeads is how many boxes have a line of their own at the most.
const maxHeads = 6

func (b *board) heads() int { return max(min(len(b.boxes), maxHeads, b.screen.height/3), 1) }

// headLines says how the boxes are, those with trouble first when not all fit.
func (b *board) headLines() []string {
	o := b.screen.options()
	if b.err != nil {
		return append([]string{o.Paint(report.Red, report.Cut(report.Clean(b.err.Error()), max(o.Width, 1)))}, b.boxLines(b.heads()-1)...)
	}
	return b.boxLines(b.heads())
}

func (b *board) boxLines(most int) []string {
	var lines []string
	for _, wantUp := range []bool{false, true} {
		for i := range b.boxes {
			if up := b.boxes[i].Line == nil || b.boxes[i].Line.State == "up"; up == wantUp && len(lines) < most {
				lines = append(lines, b.boxLine(&b.boxes[i], up))
			}
		}
	}
	for len(lines) < most {
		lines = append(lines, "")
	}
	return lines
}

func (b *board) boxLine(x *report.Box, up bool) string {
	text, style := report.Clean(x.Box), report.Plain
	if l := x.Line; !up {
		text += ": line " + report.Clean(l.State)
		if !l.Since.IsZero() {
			text += " for " + report.Span(time.Since(l.Since).Truncate(time.Second))
		}
		text, style = strings.TrimSuffix(text+": "+report.Clean(l.Reason), ": "), report.Red
	} else {
		text += fmt.Sprintf(": %s, down %s/s, up %s/s", torrents(x.Totals.Torrents), report.Size(x.Totals.RateDown), report.Size(x.Totals.RateUp))
		if len(x.Trouble) > 0 {
			text, style = text+", "+report.Clean(x.Trouble[0]), report.Yellow
		}
	}
	o := b.screen.options()
	return o.Paint(style, report.Cut(text, max(o.Width, 1)))
}

// listLines are the torrents on the screen below their titles.
func (b *board) listLines() []string {
	t := listTable(true)
	t.fill = true
	var places []int
	for place := b.top; place < min(b.top+b.visible(), b.total); place++ {
		if r := b.row(place); r != nil {
			t.add(listCells(r, true)...)
			places = append(places, place)
		}
	}
	if len(t.rows) == 0 {
		return []string{"", "there are no such torrents"}
	}
	o := b.screen.options()
	o.Width -= 2
	lines := t.lines(o)
	lines[0] = "  " + lines[0]
	for i, place := range places {
		mark := " "
		if _, ok := b.marked[b.row(place).Torrent]; ok {
			mark = "*"
		}
		if place == b.cursor {
			mark += o.Paint(report.Reverse, ">")
		} else {
			mark += " "
		}
		lines[i+1] = mark + lines[i+1]
	}
	return lines
}

func (b *board) detailLines() []string {
	if b.detail == nil {
		return []string{"", "asking the box …"}
	}
	return wholeLines(b.detail, b.screen)
}

// footLine is a question, what came of the last key, or what is shown.
func (b *board) footLine() string {
	o := b.screen.options()
	paint := func(s report.Style, text string) string {
		return o.Paint(s, report.Cut(report.Clean(text), max(o.Width, 1)))
	}
	switch {
	case b.mode == searching:
		return paint(report.Bold, "search: "+b.input+"_")
	case b.mode == confirming:
		return paint(report.Red, b.question.text+" [y/N]")
	case b.notice != "":
		return paint(report.Bold, b.notice)
	}
	var parts []string
	for _, order := range b.under {
		if order.Why != "" {
			parts = append(parts, report.Clean(order.Box)+" waits: "+report.Clean(order.Why))
			break
		}
	}
	if n := len(b.under); n > 0 {
		parts = append(parts, fmt.Sprintf("%d under way", n))
	}
	if n := len(b.marked); n > 0 {
		parts = append(parts, fmt.Sprintf("%d marked", n))
	}
	parts = append(parts, torrents(b.total)+" by "+b.filter.Sort)
	for _, word := range []string{b.filter.State, b.filter.Label, b.filter.Text} {
		if word != "" {
			parts = append(parts, word)
		}
	}
	return paint(report.Faint, strings.Join(append(parts, "? for help"), ", "))
}
