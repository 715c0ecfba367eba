package report

import (
	"testing"
	"time"
)

func TestUnits(t *testing.T) {
	for got, want := range map[string]string{
		Size(-1):                            "0 B",
		Size(999):                           "999 B",
		Size(1000):                          "1.0 kB",
		Size(9_949):                         "9.9 kB",
		Size(9_950):                         "10 kB",
		Size(999_499):                       "999 kB",
		Size(999_500):                       "1.0 MB",
		Size(1<<63 - 1):                     "9.2 EB",
		Rate(4_210_000):                     "4.2 MB/s",
		Span(-time.Second):                  "0s",
		Span(400e6):                         "0.4s",
		Span(5 * time.Second):               "5s",
		Span(59*time.Second + 999e6):        "59s",
		Span(723 * time.Second):             "12m03s",
		Span(time.Hour + 5*time.Minute):     "1h05m",
		Span(76*time.Hour + 59*time.Minute): "3d04h",
		Percent(0.57):                       "57.0%",
		Percent(0.99999):                    "99.9%",
		Percent(1):                          "100.0%",
		Percent(-3):                         "0.0%",
		ETA(42):                             "42s",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for what, got := range map[string]string{"no rate": Rate(0), "no eta": ETA(-1), "eta of ages": ETA(1 << 40)} {
		if got != "" {
			t.Errorf("%s: %q, want nothing", what, got)
		}
	}
}
