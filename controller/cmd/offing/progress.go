package main

import (
	"os"
	"strings"
	"sync"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// progress is one line on a terminal that says what is going on. Elsewhere it
// says nothing.
type progress struct {
	file *os.File // nil when it is no terminal

	mu    sync.Mutex
	ended bool
}

func newProgress(f *os.File) *progress {
	if !isTerminal(f) {
		return &progress{}
	}
	return &progress{file: f}
}

// show writes text over what was shown before.
func (p *progress) show(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil || p.ended {
		return
	}
	width, _, err := term.GetSize(int(p.file.Fd()))
	if err != nil || width < 2 {
		width = 80
	}
	text = strings.Join(strings.Fields(text), " ")
	// A full line would wrap, and could not be written over.
	text = (&runewidth.Condition{}).Truncate(text, width-1, "…")
	_, _ = p.file.WriteString("\r" + text + clearLine)
}

// end takes the line away for good.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil || p.ended {
		return
	}
	p.ended = true
	_, _ = p.file.WriteString("\r" + clearLine)
}
