package configs

import (
	"errors"
	"fmt"
	"time"
)

// Duration is a length of time in a configuration file, written as a string
// such as "500ms", "45s" or "5m". It is never negative.
type Duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler with time.ParseDuration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf(`want a length of time such as "500ms", "45s" or "5m", not %q`, text)
	}
	if v < 0 {
		return errors.New("want a length of time that is not negative")
	}
	*d = Duration(v)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String returns the form of time.Duration.
func (d Duration) String() string { return time.Duration(d).String() }
