package rpc

import (
	"math"
	"strconv"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// plainASCII tells which bytes stand for themselves in a JSON string.
var plainASCII = func() (t [256]bool) {
	for c := byte(' '); c < 0x7f; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// appendString appends s as a JSON string (RFC 8259, section 7). What is not UTF-8
// becomes U+FFFD; control characters and the marks that turn the direction of a line
// are escaped.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plainASCII[c] {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		if c < utf8.RuneSelf {
			b = appendEscaped(b, c)
			i++
		} else {
			r, n := utf8.DecodeRuneInString(s[i:])
			b = appendRune(b, r)
			i += n
		}
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

func appendEscaped(b []byte, c byte) []byte {
	if c == '"' || c == '\\' {
		return append(b, '\\', c)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

func appendRune(b []byte, r rune) []byte {
	if r >= 0x80 && r < 0xa0 || r >= 0x200e && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
		return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
	}
	return utf8.AppendRune(b, r)
}

func appendStrings(b []byte, all []string) []byte {
	b = append(b, '[')
	for i, s := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

func appendInt(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }

func appendBool(b []byte, v bool) []byte { return strconv.AppendBool(b, v) }

// appendFloat appends f with four decimals at most, as the daemon does.
func appendFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, '0')
	}
	whole := math.Round(f * 10_000)
	if n := int64(whole); math.Abs(whole) < 1e15 && n%10_000 == 0 {
		return strconv.AppendInt(b, n/10_000, 10)
	}
	return strconv.AppendFloat(b, whole/10_000, 'f', -1, 64)
}

// object writes the members of a JSON object.
type object struct {
	b     []byte
	style style
	some  bool
}

func (o *object) key(w word) {
	if o.some {
		o.b = append(o.b, ',')
	}
	o.some = true
	o.b = append(append(append(o.b, '"'), w.say(o.style)...), '"', ':')
}

func (o *object) int(w word, n int64)     { o.key(w); o.b = appendInt(o.b, n) }
func (o *object) bool(w word, v bool)     { o.key(w); o.b = appendBool(o.b, v) }
func (o *object) float(w word, f float64) { o.key(w); o.b = appendFloat(o.b, f) }
func (o *object) text(w word, s string)   { o.key(w); o.b = appendString(o.b, s) }
