package link

import (
	"errors"
	"fmt"
	"strings"
)

// maxCommand bounds the command of an exec request, in bytes.
const maxCommand = 256

var errCommand = errors.New("a command is at most 256 printable ASCII characters")

// parseWords splits a command at spaces. There is no quoting, no escaping and
// no expansion: what a shell would act upon is a character like any other.
func parseWords(command string) ([]string, error) {
	if len(command) > maxCommand {
		return nil, fmt.Errorf("%w, not %d", errCommand, len(command))
	}
	for i := range len(command) {
		if command[i] < ' ' || command[i] > '~' {
			return nil, fmt.Errorf("%w: byte %d is not", errCommand, i+1)
		}
	}
	return strings.FieldsFunc(command, func(r rune) bool { return r == ' ' }), nil
}
