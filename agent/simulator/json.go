package simulator

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += size
			continue
		}
		i++
	}
	return append(b, '"')
}

// appendFloat appends a number that the daemon holds as a floating one: 4.1
// always with a point, those before it with four digits or as an integer.
func (s *Simulator) appendFloat(b []byte, f float64) []byte {
	whole := math.Abs(f-math.Trunc(f)) < 1e-5
	switch {
	case whole && s.cfg.RPCVersion >= RPC18:
		return append(strconv.AppendInt(b, int64(f), 10), '.', '0')
	case whole:
		return strconv.AppendInt(b, int64(f), 10)
	case s.cfg.RPCVersion >= RPC18:
		return strconv.AppendFloat(b, f, 'g', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', 4, 64)
}

func appendInt[T ~int | ~int8 | ~int32 | ~int64 | ~uint8](b []byte, n T) []byte {
	return strconv.AppendInt(b, int64(n), 10)
}

func appendBool(b []byte, v bool) []byte { return strconv.AppendBool(b, v) }

// appendList appends the elements that each appends, as a JSON array.
func appendList[T any](b []byte, list []T, each func([]byte, int, T) []byte) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = each(b, i, v)
	}
	return append(b, ']')
}

func appendStrings(b []byte, list []string) []byte {
	return appendList(b, list, func(b []byte, _ int, s string) []byte { return appendString(b, s) })
}

// object appends a JSON object member by member.
type object struct {
	b     []byte
	begun bool
}

func beginObject(b []byte) *object { return &object{b: append(b, '{')} }

func (o *object) key(k string) {
	if o.begun {
		o.b = append(o.b, ',')
	}
	o.begun = true
	o.b = append(o.b, '"')
	o.b = append(o.b, k...) // our keys have nothing to escape
	o.b = append(o.b, '"', ':')
}

func (o *object) str(k, v string) {
	o.key(k)
	o.b = appendString(o.b, v)
}

func (o *object) int(k string, v int64) {
	o.key(k)
	o.b = appendInt(o.b, v)
}

func (o *object) bool(k string, v bool) {
	o.key(k)
	o.b = appendBool(o.b, v)
}

func (o *object) raw(k string, v []byte) {
	o.key(k)
	o.b = append(o.b, v...)
}

func (o *object) end() []byte { return append(o.b, '}') }
