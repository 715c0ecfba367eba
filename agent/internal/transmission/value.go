package transmission

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"offing/tunnel/state"
)

// value is one JSON value as it is written, a part of the answer's text.
// Versions of the daemon differ in how they write a number (100 or 100.0) and a
// truth (0, 1, false or true), so each of these reads as a number; null reads as
// nothing.
type value []byte

func (v value) number() (float64, error) {
	switch string(v) {
	case "null", "false":
		return 0, nil
	case "true":
		return 1, nil
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil {
		return 0, fmt.Errorf("%.40q is no number", string(v))
	}
	return f, nil
}

func (v value) integer(to *int64) error {
	if n, ok := v.small(); ok {
		*to = n
		return nil
	}
	if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
		*to = n
		return nil
	}
	f, err := v.number()
	if err != nil {
		return err
	}
	if f < math.MinInt64 || f >= math.MaxInt64 {
		return fmt.Errorf("%.40q is out of range", string(v))
	}
	*to = int64(f)
	return nil
}

// small reads what nearly every figure is: a few digits and nothing else.
func (v value) small() (n int64, ok bool) {
	if len(v) == 0 || len(v) > 18 {
		return 0, false
	}
	for _, c := range v {
		if !digit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

func (v value) count(to *int32) error {
	var n int64
	if err := v.integer(&n); err != nil {
		return err
	}
	*to = int32(min(max(n, math.MinInt32), math.MaxInt32))
	return nil
}

// fraction reads a number from 0 to 1, rounded down so that only what is
// complete is Whole.
func (v value) fraction(to *state.Fraction) error {
	f, err := v.number()
	if err != nil {
		return err
	}
	*to = state.Fraction(min(max(f, 0), 1) * float64(state.Whole))
	return nil
}

func (v value) boolean(to *bool) error {
	f, err := v.number()
	*to = f != 0
	return err
}

// plain returns what is between the quotes of a text without escapes.
func (v value) plain() (inner []byte, ok bool) {
	if len(v) < 2 || v[0] != '"' || bytes.IndexByte(v, '\\') >= 0 || !utf8.Valid(v) {
		return nil, false
	}
	return v[1 : len(v)-1], true
}

// text reads a text. When it is the same as known it costs no memory.
func (v value) text(to *string, known string) error {
	inner, ok := v.plain()
	switch {
	case !ok:
		return json.Unmarshal(v, to)
	case string(inner) == known:
		*to = known
	default:
		*to = string(inner)
	}
	return nil
}

// is tells whether v is a text without escapes, and that one.
func (v value) is(known string) bool {
	inner, ok := v.plain()
	return ok && string(inner) == known
}

// scaled reads a number that the daemon has in units of so many of ours, rounded to
// the nearest of ours.
func (v value) scaled(to *int64, by float64) error {
	f, err := v.number()
	if err != nil {
		return err
	}
	if f = math.Round(f * by); f < math.MinInt64 || f >= math.MaxInt64 {
		return fmt.Errorf("%.40q is out of range", string(v))
	}
	*to = int64(f)
	return nil
}

// name returns a text as bytes, which may be those of the answer.
func (v value) name() ([]byte, error) {
	if inner, ok := v.plain(); ok {
		return inner, nil
	}
	var name string
	err := json.Unmarshal(v, &name)
	return []byte(name), err
}

// texts reads an array of texts. When they are the same as known it costs no
// memory, and known itself is the result.
func (v value) texts(to *[]string, known []string) error {
	s, n, same := scanner{text: v}, 0, true
	err := s.array(func() error {
		e, err := s.value()
		inner, ok := e.plain()
		same = same && ok && n < len(known) && string(inner) == known[n]
		n++
		return err
	})
	if err == nil && same && n == len(known) {
		*to = known
		return nil
	}
	return json.Unmarshal(v, to)
}

func (v value) hash(to *state.Hash) error {
	if inner, ok := v.plain(); ok && len(inner) == hex.EncodedLen(len(to)) {
		if _, err := hex.Decode(to[:], inner); err == nil {
			return nil
		}
	}
	var s string
	if err := v.text(&s, ""); err != nil {
		return err
	}
	h, err := state.ParseHash(s)
	*to = h
	return err
}
