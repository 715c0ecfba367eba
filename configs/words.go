package configs

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// want says what a value of type t looks like in TOML.
func want(t reflect.Type) string {
	if isText(t) {
		return "a string in quotes"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string in quotes"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		if isTable(element(t)) {
			return "tables in double brackets"
		}
		return "a list in brackets"
	case reflect.Struct, reflect.Map:
		return "a table in brackets"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number"
}

// textFault says what was expected of a string that its type does not read.
func textFault(t reflect.Type, text []byte, err error) error {
	if t == reflect.TypeFor[slog.Level]() {
		return fmt.Errorf("want debug, info, warn or error, not %q", text)
	}
	return err
}

// kindWord names what stands in the file instead.
func kindWord(k unstable.Kind) string {
	switch k {
	case unstable.String:
		return "a string"
	case unstable.Bool:
		return "a boolean"
	case unstable.Integer:
		return "a whole number"
	case unstable.Float:
		return "a number"
	case unstable.Array:
		return "a list"
	case unstable.InlineTable:
		return "a table"
	}
	return "a date or time"
}

// hint names the known key nearest to path, or when none is near the keys that
// its table has.
func hint(path string, keys []string) string {
	if near, ok := nearest(path, keys); ok {
		return fmt.Sprintf(": did you mean %q?", near)
	}
	table := ""
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		table = path[:i+1]
	}
	var here []string
	for _, k := range keys {
		if rest, ok := strings.CutPrefix(k, table); ok && !strings.Contains(rest, ".") {
			here = append(here, rest)
		}
	}
	return ": the keys here are " + strings.Join(here, ", ")
}

// nearest returns the key that the fewest edits make of path, unless it would
// have to change by half. A right key in the wrong table is one edit away.
func nearest(path string, keys []string) (string, bool) {
	best, least := "", len(path)
	for _, k := range keys {
		d := distance(path, k)
		if last(path) == last(k) {
			d = min(d, 1)
		}
		if d < least {
			best, least = k, d
		}
	}
	return best, best != "" && 2*least < max(len(last(path)), 3)
}

func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// distance is the number of characters to insert, delete, replace or swap with
// their neighbour to turn a into b (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	older, old, now := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range old {
		old[j] = j
	}
	for i := 1; i <= len(s); i++ {
		now[0] = i
		for j := 1; j <= len(t); j++ {
			differ := 1
			if s[i-1] == t[j-1] {
				differ = 0
			}
			now[j] = min(old[j]+1, now[j-1]+1, old[j-1]+differ)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				now[j] = min(now[j], older[j-2]+1)
			}
		}
		older, old, now = old, now, older
	}
	return old[len(t)]
}
