package main

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"

	"offing/tunnel/report"
)

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// screen is what the standard output can show.
type screen struct {
	terminal bool
	color    bool
	ascii    bool
	width    int
	height   int // lines; 0 when there is no end to them
}

// screenOf looks at f and at the environment, anew each time: a terminal may
// have been resized.
func screenOf(f *os.File) screen {
	s := screen{terminal: isTerminal(f), ascii: !utf8Locale(os.Getenv)}
	if !s.terminal {
		s.width, _ = strconv.Atoi(os.Getenv("COLUMNS"))
		return s
	}
	// https://no-color.org: set and not empty means no colour.
	s.color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if width, height, err := term.GetSize(int(f.Fd())); err == nil {
		s.width, s.height = width, height
	}
	return s
}

func (s screen) options() report.TextOptions {
	return report.TextOptions{Width: s.width, Color: s.color, ASCII: s.ascii}
}

// utf8Locale tells whether the locale's characters are UTF-8: POSIX, "8.2
// Internationalization Variables".
func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := getenv(name); value != "" {
			value = strings.ToLower(value)
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return false
}
