package fanout

import (
	"context"
	"testing"
	"time"
)

// TestOurs keeps our server, the client and what they say to each other fit for
// the next measurement. The other libraries are looked at by scripts/test only:
// they are no part of this module.
func TestOurs(t *testing.T) {
	t.Chdir("../../..")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	l, err := Open(ctx, Ours)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	// Of two ticks that a busy machine lets come at once readers are told the last alone.
	const interval = 2 * time.Second
	for _, c := range []struct {
		name    string
		peer    Peer
		crowd   Crowd
		command Command
		due     int
	}{
		{"shared", Ours, Crowd{Count: 20, Topics: Topics(3), Stamp: `"at":`},
			Command{Op: "publish", Topics: 3, Ticks: 2, Size: 400, Interval: interval}, 120},
		{"people", People(5, 25), Crowd{Count: 10, Sessions: 5, Topics: []string{"torrents", "totals"}, Stamp: `"uploaded":`},
			Command{Op: "change", Rows: 25, Ticks: 2, Interval: interval, Stamp: true}, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := l.Start(ctx, c.peer)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if _, err := r.Connect(c.crowd); err != nil {
				t.Fatal(err)
			}
			res, err := r.Measure(c.command, c.due)
			if err != nil {
				t.Fatal(err)
			}
			if res.Stamps != c.due || res.Closed != 0 || res.CPU <= 0 || res.P99 <= 0 || res.P99 < res.Median {
				t.Errorf("of %d came %+v", c.due, res)
			}
		})
	}
}
