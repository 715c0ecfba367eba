package main

import (
	"io"
	"strings"

	"offing/tunnel/report"
)

// column is one column of a table.
type column struct {
	title string
	right bool // figures stand at the right
	// drop is the turn in which the column gives way on a narrow terminal; 0 is
	// never. The column that stretches is cut before the last of them goes.
	drop    int
	stretch bool
	least   int // columns that it takes at least, so that it does not jump with its figures
}

// cell is what stands in one place: text that needs no more cleaning, or a bar.
type cell struct {
	text  string
	style report.Style
	bar   bool
	part  float64 // of a bar, from 0 to 1
}

// plain is a cell of text that others may have written.
func plain(text string) cell { return cell{text: report.Clean(text)} }

const (
	columnGap  = 2
	leastNames = 16 // columns of what stretches
	barColumns = 12
)

// table is rows below titles. Each row has a cell for each column.
type table struct {
	columns []column
	rows    [][]cell
	fill    bool // what stretches takes all the room that is left
}

func (t *table) add(cells ...cell) { t.rows = append(t.rows, cells) }

// widths returns the width of each column; -1 is one that gave way to others.
// A width of 0 has room for everything.
func (t *table) widths(width int) []int {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = max(report.Width(c.title), c.least)
		for _, row := range t.rows {
			if row[i].bar {
				widths[i] = barColumns
				break
			}
			widths[i] = max(widths[i], report.Width(row[i].text))
		}
	}
	if width <= 0 {
		return widths
	}
	for turn := 1; t.sum(widths, leastNames) > width && turn <= len(t.columns); turn++ {
		for i, c := range t.columns {
			if c.drop == turn {
				widths[i] = -1
			}
		}
	}
	for i, c := range t.columns {
		if c.stretch {
			rest := width - t.sum(widths, 0)
			if rest < 0 || t.fill {
				widths[i] = max(widths[i]+rest, 1)
			}
		}
	}
	return widths
}

// sum is what a line takes when what stretches takes at most so much, 0 for all.
func (t *table) sum(widths []int, stretched int) int {
	sum := -columnGap
	for i, w := range widths {
		if w < 0 {
			continue
		}
		if t.columns[i].stretch && stretched > 0 {
			w = min(w, stretched)
		}
		sum += w + columnGap
	}
	return sum
}

// lines lays the table out, the titles first.
func (t *table) lines(o report.TextOptions) []string {
	widths := t.widths(o.Width)
	titles := make([]cell, len(t.columns))
	for i, c := range t.columns {
		titles[i] = cell{text: c.title, style: report.Faint}
	}
	lines := []string{t.line(titles, widths, o)}
	for _, row := range t.rows {
		lines = append(lines, t.line(row, widths, o))
	}
	return lines
}

func (t *table) line(row []cell, widths []int, o report.TextOptions) string {
	var b strings.Builder
	pad := 0 // blanks that are owed; none at the end of a line
	for i, c := range row {
		w := widths[i]
		if w < 0 {
			continue
		}
		if c.bar {
			b.WriteString(strings.Repeat(" ", pad) + o.Bar(c.part, w, c.style))
			pad = columnGap
			continue
		}
		text := report.Cut(c.text, w)
		rest := w - report.Width(text)
		if t.columns[i].right {
			pad, rest = pad+rest, 0
		}
		if text != "" {
			b.WriteString(strings.Repeat(" ", pad) + o.Paint(c.style, text))
			pad = 0
		}
		pad += rest + columnGap
	}
	return b.String()
}

// textTable is a table of plain columns. What stretches is the one that others name as
// they like.
func textTable(stretch string, titles ...string) *table {
	t := &table{}
	for _, title := range titles {
		t.columns = append(t.columns, column{title: title, stretch: title == stretch})
	}
	return t
}

// addText adds a row of text that others may have written.
func (t *table) addText(words ...string) {
	cells := make([]cell, len(words))
	for i, word := range words {
		cells[i] = plain(word)
	}
	t.add(cells...)
}

// cells are the options of a table: nothing is cut for a program.
func (s screen) cells() report.TextOptions {
	o := s.options()
	if !s.terminal {
		o.Width = 0
	}
	return o
}

// write writes the table, without titles for no rows.
func (t *table) write(w io.Writer, s screen) error {
	if len(t.rows) == 0 {
		return nil
	}
	_, err := io.WriteString(w, strings.Join(t.lines(s.cells()), "\n")+"\n")
	return err
}
