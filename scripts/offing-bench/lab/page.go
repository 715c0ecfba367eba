package lab

import (
	"fmt"
	"strings"
	"testing"
)

// page is the section of docs/BENCHMARKS.md that a measurement writes.
type page struct{ strings.Builder }

func (p *page) writef(format string, args ...any) { fmt.Fprintf(p, format, args...) }

// row writes one row of a table.
func (p *page) row(cells ...any) {
	for _, c := range cells {
		switch c := c.(type) {
		case float64:
			p.writef("| %s ", number(c))
		default:
			p.writef("| %v ", c)
		}
	}
	p.writef("|\n")
}

// table begins a table: what the first column names is to the left.
func (p *page) table(columns ...any) {
	p.writef("\n")
	p.row(columns...)
	p.writef("|---%s|\n", strings.Repeat("|---:", len(columns)-1))
}

// goal writes whether a figure is as small as it should be.
func (p *page) goal(what string, figure, most float64) {
	p.writef("- %s: %s\n", what, verdict(figure, most))
}

func verdict(figure, most float64) string {
	word := "met"
	if figure > most {
		word = "**missed**"
	}
	return fmt.Sprintf("%.3g (goal ≤ %.3g: %s)", figure, most, word)
}

// fraction is like goal, for what should be at most one part in so many.
func (p *page) fraction(what string, figure, of, parts float64) {
	word := "met"
	if figure*parts > of {
		word = "**missed**"
	}
	p.writef("- %s: 1/%.1f (goal ≤ 1/%.0f: %s)\n", what, of/figure, parts, word)
}

// number writes a figure with as many digits as it deserves.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// ratio divides, and fails the measurement when there is nothing to divide by.
func ratio(t *testing.T, a, b int) float64 {
	t.Helper()
	if b == 0 {
		t.Fatal("nothing was measured")
	}
	return float64(a) / float64(b)
}
