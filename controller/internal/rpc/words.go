package rpc

import "strings"

// style is how words are written in an answer: as before 4.1 (a mixture of camel and
// kebab case), or in snake case.
type style uint8

const (
	oldStyle style = 0
	newStyle style = 1
)

// snake writes a word of a client in snake case, whichever case it came in. Before 4.1
// there were two more; some clients mix all three.
func snake(s string) string {
	plain := true
	for i := range len(s) {
		if c := s[i]; c == '-' || c >= 'A' && c <= 'Z' {
			plain = false
			break
		}
	}
	if plain {
		return renamed(s)
	}
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '-':
			b.WriteByte('_')
		case c >= 'A' && c <= 'Z':
			if i > 0 && (s[i-1] < 'A' || s[i-1] > 'Z') && s[i-1] != '-' && s[i-1] != '_' {
				b.WriteByte('_')
			}
			b.WriteByte(c + 'a' - 'A')
		default:
			b.WriteByte(c)
		}
	}
	return renamed(b.String())
}

// renamed returns the word of 4.1 for one that was not only written otherwise.
func renamed(s string) string {
	if s == "cache_size_mb" {
		return "cache_size_mib"
	}
	return s
}

// word is a word in both styles.
type word [2]string

// say returns the word in one.
func (w word) say(s style) string { return w[s] }

// kebab and camel return the words of an answer that were written so before 4.1.
func kebab(snake string) word { return word{strings.ReplaceAll(snake, "_", "-"), snake} }

func camel(snake string) word {
	parts := strings.Split(snake, "_")
	for i, p := range parts[1:] {
		parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
	}
	return word{strings.Join(parts, ""), snake}
}
