package lab

import (
	"flag"
	"os"
	"testing"
	"time"
)

// out is where a measurement is written to, in full.
var out = flag.String("out", "", "measure in full and write the section to this `file`")

// measure runs one measurement, in full or small.
func measure(t *testing.T, section func(full bool) page) {
	t.Helper()
	p := section(*out != "")
	if *out == "" {
		t.Log(p.String())
		return
	}
	if err := os.WriteFile(*out, []byte(p.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestBytes(t *testing.T) {
	measure(t, func(full bool) page {
		if full {
			return Bytes(t, 10_000, 200, 120)
		}
		return Bytes(t, 300, 20, 40)
	})
}

func TestSnapshot(t *testing.T) {
	measure(t, func(full bool) page {
		if full {
			return Snapshot(t, 10_000, 50_000)
		}
		return Snapshot(t, 300)
	})
}

func TestResume(t *testing.T) {
	measure(t, func(full bool) page {
		if full {
			return Resume(t, 10_000, 200, time.Second, time.Minute, 10*time.Minute)
		}
		return Resume(t, 300, 20, time.Second, time.Minute)
	})
}

func TestThrottle(t *testing.T) {
	measure(t, func(full bool) page {
		if full {
			return Throttle(t, 10_000, 1000, 2*time.Minute)
		}
		return Throttle(t, 300, 100, time.Minute)
	})
}

func TestCover(t *testing.T) {
	measure(t, func(full bool) page {
		if full {
			return Cover(t, 10_000, 200, time.Hour, 5*time.Minute)
		}
		return Cover(t, 300, 20, 10*time.Minute, time.Minute)
	})
}
