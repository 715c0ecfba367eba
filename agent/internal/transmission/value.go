package transmission

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"offing/tunnel/state"
)

// value is one JSON value. Versions of the daemon differ in how they write a
// number (100 or 100.0) and a truth (0, 1, false or true), so each of these
// reads as a number; null reads as nothing.
type value json.RawMessage

// UnmarshalJSON keeps the bytes, like json.RawMessage.
func (v *value) UnmarshalJSON(b []byte) error {
	*v = append((*v)[:0], b...)
	return nil
}

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

func (v value) text(to *string) error    { return json.Unmarshal(v, to) }
func (v value) texts(to *[]string) error { return json.Unmarshal(v, to) }

func (v value) hash(to *state.Hash) error {
	var s string
	if err := v.text(&s); err != nil {
		return err
	}
	h, err := state.ParseHash(s)
	*to = h
	return err
}
