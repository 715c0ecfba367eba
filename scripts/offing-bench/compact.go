package main

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
)

// names gives each member's name an integer: those that come first the least.
type names map[string]int

func (n names) of(name string) int {
	if _, ok := n[name]; !ok {
		n[name] = len(n)
	}
	return n[name]
}

// compact turns decoded JSON, with numbers as json.Number, into what a binary
// form would hold: integers for the names of members, and bytes for hashes.
func compact(v any, n names) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[int]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			m[n.of(name)] = compact(v[name], n)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = compact(v[i], n)
		}
		return list
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64() // the decoder has checked it
		return f
	case string:
		if b, err := hex.DecodeString(v); err == nil && (len(b) == 20 || len(b) == 8) {
			return b
		}
	}
	return v
}
