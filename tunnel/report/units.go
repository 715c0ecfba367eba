package report

import (
	"fmt"
	"time"
)

// Size formats a number of bytes with two or three digits, in powers of 1000 as
// disks and torrent pages do: "4.2 MB", "310 kB", "0 B".
func Size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", max(n, 0))
	}
	value, prefix := float64(n)/1000, 0
	const prefixes = "kMGTPE"
	// 999.5 would be printed as 1000.
	for value >= 999.5 && prefix < len(prefixes)-1 {
		value /= 1000
		prefix++
	}
	format := "%.0f %cB"
	if value < 9.95 {
		format = "%.1f %cB"
	}
	return fmt.Sprintf(format, value, prefixes[prefix])
}

// Rate formats bytes a second; none at all is left blank.
func Rate(n int64) string {
	if n <= 0 {
		return ""
	}
	return Size(n) + "/s"
}

// Span formats a length of time with its two largest units: "5s", "12m03s",
// "1h05m", "3d04h". Below ten seconds it has tenths.
func Span(d time.Duration) string {
	s := int64(d / time.Second)
	switch {
	case d < 0:
		return "0s"
	case d < 10*time.Second && d%time.Second != 0:
		return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%02dh", s/(24*3600), s/3600%24)
}

// ETA formats the seconds of Torrent.ETA; beyond a year it says nothing.
func ETA(seconds int64) string {
	if seconds < 0 || seconds > 365*24*3600 {
		return ""
	}
	return Span(time.Duration(seconds) * time.Second)
}

// Percent rounds down, so that only what is complete is 100 %.
func Percent(part float64) string {
	// The little more undoes that 0.57 × 1000 is 569.99….
	tenths := int(min(max(part, 0), 1)*1000 + 1e-6)
	return fmt.Sprintf("%d.%d%%", tenths/10, tenths%10)
}
