package torproc

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// errLine is why a value cannot stand in a torrc.
var errLine = errors.New("it must be one line of printable text that does not end in a backslash")

// Quote returns s as a quoted torrc string. Values that tor could read as more
// than one string of one line are refused.
func Quote(s string) (string, error) {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return "", fmt.Errorf("%q cannot be written into a torrc: %w", s, errLine)
		}
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`, nil
}

// CheckLine verifies that line is exactly one torrc line, so that it cannot
// bring another option with it.
func CheckLine(line string) error {
	for _, r := range line {
		if r != '\t' && !unicode.IsPrint(r) {
			return fmt.Errorf("%q is no torrc line: %w", line, errLine)
		}
	}
	if strings.HasSuffix(strings.TrimSpace(line), `\`) {
		return fmt.Errorf("%q is no torrc line: %w", line, errLine)
	}
	return nil
}
