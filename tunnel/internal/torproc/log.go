package torproc

import (
	"bytes"
	"strings"
	"sync"
)

// keptComplaints is how many of the last warnings and errors an error quotes.
const keptComplaints = 3

// configRefusedText is tor's last word on a torrc that it does not take. The
// reason stands in the line before.
const configRefusedText = "Reading config failed"

// expected begins the warnings that every tor of a private network gives; they
// are taken for notices.
var expected = []string{"You have used DirAuthority", "TestingTorNetwork is set"}

// maxLine bounds a log line in bytes; what is longer is cut.
const maxLine = 4 << 10

// Line is a line of tor's log.
type Line struct {
	Severity string // "debug", "info", "notice", "warn" or "err"
	Text     string
}

// Trouble reports whether the line is a warning or an error.
func (l Line) Trouble() bool { return l.Severity == "warn" || l.Severity == "err" }

// ParseLine reads a line as tor writes it, "Nov 21 03:44:00.000 [notice] Text".
// ok is false for anything else.
func ParseLine(s string) (l Line, ok bool) {
	_, rest, ok := strings.Cut(s, " [")
	if !ok {
		return Line{}, false
	}
	severity, text, ok := strings.Cut(rest, "] ")
	switch severity {
	case "debug", "info", "notice", "warn", "err":
	default:
		return Line{}, false
	}
	for _, prefix := range expected {
		if strings.HasPrefix(text, prefix) {
			severity = "notice"
		}
	}
	return Line{severity, strings.TrimSpace(text)}, ok
}

// logTail splits what tor writes into lines and keeps the last that complain.
type logTail struct {
	onLine func(Line)

	mu      sync.Mutex
	partial []byte
	last    []string
	refused bool // the configuration
	busy    bool // a port or the data folder is another tor's, which may go away
}

// Write takes in a part of the log. It never fails.
func (t *logTail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	for len(p) > 0 {
		line, rest, ended := bytes.Cut(p, []byte("\n"))
		t.partial = append(t.partial, line[:min(len(line), maxLine-len(t.partial))]...)
		if ended {
			t.lineLocked(string(t.partial))
			t.partial = t.partial[:0]
		}
		p = rest
	}
	return n, nil
}

func (t *logTail) lineLocked(s string) {
	l, ok := ParseLine(s)
	if !ok {
		return
	}
	if strings.HasPrefix(l.Text, configRefusedText) {
		t.refused = true
	} else if l.Trouble() {
		t.last = append(t.last, l.Text)
		t.last = t.last[max(0, len(t.last)-keptComplaints):]
		t.busy = t.busy || strings.Contains(l.Text, "Address already in use") ||
			strings.Contains(l.Text, "another Tor process is running")
	}
	if t.onLine != nil {
		t.onLine(l)
	}
}

func (t *logTail) complaints() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.last, "; ")
}

// configRefused: tor says the same of a port in use as of a bad line.
func (t *logTail) configRefused() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused && !t.busy
}
