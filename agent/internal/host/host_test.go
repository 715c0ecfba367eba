package host

import (
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel/state"
)

func TestSampleOfThisMachine(t *testing.T) {
	var s Sampler
	h, err := s.Sample(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if h.DiskTotal <= 0 || h.DiskFree < 0 || h.DiskFree > h.DiskTotal {
		t.Errorf("disk: %d of %d bytes free", h.DiskFree, h.DiskTotal)
	}
	if h.MemTotal <= 0 || h.MemUsed <= 0 || h.MemUsed > h.MemTotal {
		t.Errorf("memory: %d of %d bytes used", h.MemUsed, h.MemTotal)
	}
	if h.DiskFree%byteStep != 0 || h.MemUsed%byteStep != 0 || h.Uptime%uptimeStep != 0 {
		t.Errorf("not rounded: %+v", h)
	}
	if h.CPU != 0 || h.NetDown != 0 || h.NetUp != 0 {
		t.Errorf("the first sample has rates: %+v", h)
	}
}

func TestFolderThatIsGone(t *testing.T) {
	var s Sampler
	root, err := s.Sample(t.Context(), "/")
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.Sample(t.Context(), "/no/such/folder")
	if err != nil {
		t.Fatal(err)
	}
	if h.DiskTotal != root.DiskTotal {
		t.Errorf("disk of %d bytes, want the %d of the root file system", h.DiskTotal, root.DiskTotal)
	}
}

// Two samples in quick succession must not turn one packet into a gigabyte a
// second.
func TestRatesNeedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Sampler{cpu: 1200, down: 34, up: 56}
		if err := s.rates(t.Context()); err != nil {
			t.Fatal(err)
		}
		first := s.last
		time.Sleep(minInterval / 2)
		if err := s.rates(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.last != first || s.cpu != 1200 || s.down != 34 || s.up != 56 {
			t.Errorf("a sample after %v changed the rates: %+v", minInterval/2, s)
		}
		time.Sleep(minInterval)
		if err := s.rates(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.last == first {
			t.Error("a sample after enough time was not counted")
		}
	})
}

func TestRounding(t *testing.T) {
	for n, want := range map[int64]int64{
		0: 0, 7: 7, 99: 99, 100: 100, 104: 100, 105: 110, 999: 1000, 123456: 120000, 1<<63 - 1: 9200000000000000000,
	} {
		if got := significant(n); got != want {
			t.Errorf("significant(%d) = %d, want %d", n, got, want)
		}
	}
	for _, c := range []struct {
		part, whole float64
		want        state.Fraction
	}{{0, 0, 0}, {1, 0, 0}, {-1, 1, 0}, {2, 1, state.Whole}, {0.123, 1, 1200}, {0.996, 1, state.Whole}} {
		if got := share(c.part, c.whole); got != c.want {
			t.Errorf("share(%v, %v) = %d, want %d", c.part, c.whole, got, c.want)
		}
	}
	if got := rate(10, 5, time.Second); got != 0 {
		t.Errorf("a counter that went back gives %d", got)
	}
	if got := rate(0, 2500, 2*time.Second); got != 1300 {
		t.Errorf("2500 bytes in 2 s give %d, want 1300", got)
	}
}
