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
		rate(4_210_000):                     "4.2 MB/s",
		span(-time.Second):                  "0s",
		span(400e6):                         "0.4s",
		span(5 * time.Second):               "5s",
		span(59*time.Second + 999e6):        "59s",
		span(723 * time.Second):             "12m03s",
		span(time.Hour + 5*time.Minute):     "1h05m",
		span(76*time.Hour + 59*time.Minute): "3d04h",
		percent(0.57):                       "57.0%",
		percent(0.99999):                    "99.9%",
		percent(1):                          "100.0%",
		percent(-3):                         "0.0%",
		eta(42):                             "42s",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for what, got := range map[string]string{"no rate": rate(0), "no eta": eta(-1), "eta of ages": eta(1 << 40)} {
		if got != "" {
			t.Errorf("%s: %q, want nothing", what, got)
		}
	}
}
