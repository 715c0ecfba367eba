package main

import (
	"encoding/json"
	"time"
)

// clock is a time for a person, in the zone of this machine.
func clock(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04")
}

// at is the time, or the zero one for none.
func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// bounded is what is used, and of how much when there is a bound.
func bounded(used string, isBounded bool, bound string) string {
	if !isBounded {
		return used
	}
	return used + " of " + bound
}

// printJSON writes v on a line of the standard output.
func (a *app) printJSON(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(append(text, '\n'))
	return err
}
