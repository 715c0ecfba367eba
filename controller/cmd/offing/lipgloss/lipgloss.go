// Package lipgloss stands in for the library of that name. Bubble Tea 1 needs it for
// nothing but to ask the terminal for its background before main begins, whatever the
// command is: each `offing list` would write an escape sequence, eat what has been typed
// ahead, and wait for five seconds on a terminal that does not answer. Here it does not
// ask. go.mod puts this in the library's place.
package lipgloss

// HasDarkBackground is what Bubble Tea calls when the program starts.
func HasDarkBackground() bool { return true }
