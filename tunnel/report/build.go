package report

import (
	"fmt"
	"io"
	"runtime/debug"
	"strings"
)

// Build is what a program says of itself.
type Build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the source; with "+" when it had been changed
	Go       string `json:"go"`
}

// BuildOf reads what the compiler has noted; its arguments are those of
// debug.ReadBuildInfo.
func BuildOf(info *debug.BuildInfo, ok bool) Build {
	if !ok {
		return Build{Version: "(unknown)"}
	}
	b := Build{Version: info.Main.Version, Go: info.GoVersion}
	changed := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.Revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+"
		}
	}
	if b.Revision != "" {
		b.Revision += changed
	}
	return b
}

// Write writes one line: JSON, or the program's name and what is known.
func (b Build) Write(w io.Writer, program string, asJSON bool) error {
	if asJSON {
		return WriteJSON(w, b)
	}
	words := []string{program, b.Version, b.Revision, b.Go}
	_, err := fmt.Fprintln(w, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
	return err
}
