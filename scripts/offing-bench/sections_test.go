package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A section that is measured alone leaves the others as they are.
func TestReportKeepsSections(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.md")
	first := report{"Memory": "much\n\n### of it\n", "Cover": "little\n"}
	if err := os.WriteFile(file, []byte(first.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := readReport(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(again) != len(first) || again["Memory"] != first["Memory"] || again["Cover"] != first["Cover"] {
		t.Errorf("read %q, want %q", again, first)
	}
	if empty, err := readReport(file + ".missing"); err != nil || len(empty) != 0 {
		t.Errorf("without a file: %v, %v", empty, err)
	}
}

func TestChoose(t *testing.T) {
	if all, err := choose(nil); err != nil || len(all) != len(sections) {
		t.Errorf("nothing chosen: %d sections, %v", len(all), err)
	}
	if two, err := choose([]string{"line", "memory"}); err != nil || len(two) != 2 || two[0].name != "line" {
		t.Errorf("two chosen: %v, %v", two, err)
	}
	if _, err := choose([]string{"lime"}); err == nil {
		t.Error("an unknown section was accepted")
	}
}

// The daemon tells in the answer to the first question after a change, or in one
// that was under way.
func TestToldAt(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(1000 + ms)) }
	asked := []question{{began: at(-5), ended: at(-1)}, {began: at(-1), ended: at(2)}, {began: at(50), ended: at(60)}, {began: at(90), ended: at(95)}}
	if got := toldAt(asked, at(0), at(70)); got != at(60) {
		t.Errorf("told at %v", got)
	}
	if got := toldAt(asked, at(0), at(20)); got != at(2) {
		t.Errorf("told by the answer under way at %v", got)
	}
}
