package simulator

import (
	"math"
	"reflect"
	"testing"
	"time"

	"offing/tunnel/state"
)

// boxes are those whose realism is checked.
var boxes = map[string]Config{
	"small":       {Torrents: 60, Active: 20, Seed: 1},
	"usual":       {Torrents: 1000, Active: 200, Seed: 2},
	"all active":  {Torrents: 100, Active: 100, Seed: 3},
	"one":         {Torrents: 1, Active: 1, Seed: 4},
	"quiet":       {Torrents: 500, Active: 50, Seed: 5, Quiet: true},
	"nothing":     {},
	"no transfer": {Torrents: 100, Seed: 6},
}

func byHash(list []state.Torrent) map[state.Hash]state.Torrent {
	m := make(map[state.Hash]state.Torrent, len(list))
	for _, t := range list {
		m[t.Hash] = t
	}
	return m
}

// TestCounters: what counts bytes never falls, nothing is left that was never
// there, and as many torrents move as should.
func TestCounters(t *testing.T) {
	for name, cfg := range boxes {
		t.Run(name, func(t *testing.T) {
			s := New(cfg)
			before := byHash(s.Torrents())
			moved, seconds := 0, 300
			for range seconds {
				s.Step(time.Second)
				now := s.Torrents()
				for _, v := range now {
					old, known := before[v.Hash]
					check(t, v)
					if !known {
						continue
					}
					if v.Downloaded < old.Downloaded || v.Uploaded < old.Uploaded || v.Left > old.Left && !cfg.Quiet {
						t.Fatalf("went back from %+v to %+v", old, v)
					}
					if state.Diff(&old, &v).Has(state.FieldUploaded) || state.Diff(&old, &v).Has(state.FieldDownloaded) {
						moved++
					}
				}
				before = byHash(now)
			}
			mean := float64(moved) / float64(seconds)
			if want := float64(min(cfg.Active, cfg.Torrents)); mean < 0.75*want || mean > 1.1*want+1 {
				t.Errorf("%.1f torrents move a second, want about %.0f", mean, want)
			}
			if n := len(before); math.Abs(float64(n-cfg.Torrents)) > 0.1*float64(cfg.Torrents)+15 {
				t.Errorf("%d torrents of %d after %d s", n, cfg.Torrents, seconds)
			}
		})
	}
}

func check(t *testing.T, v state.Torrent) {
	t.Helper()
	switch {
	case v.Left < 0 || v.Left > v.Size || v.RateDown < 0 || v.RateUp < 0,
		v.PeersSending+v.PeersGetting > v.Peers || v.PeersSending < 0 || v.PeersGetting < 0,
		v.Status == state.Downloading && v.Left == 0, v.Status == state.Seeding && v.Left > 0,
		(v.Error == state.NoError) != (v.ErrorText == ""):
		t.Fatalf("cannot be: %+v", v)
	}
}

// TestRates: over a minute the reported rates add up to what was counted, and
// two of them are never alike.
func TestRates(t *testing.T) {
	s := New(Config{Torrents: 2000, Active: 200, Seed: 7, Quiet: true})
	var down, up float64 // bytes by the rates
	rates := make(map[int64]int)
	downBefore, upBefore := s.total()
	const step = 500 * time.Millisecond
	for range time.Minute / step {
		s.Step(step)
		for _, v := range s.Torrents() {
			down += float64(v.RateDown) * step.Seconds()
			up += float64(v.RateUp) * step.Seconds()
			if v.RateUp > 1000 {
				rates[v.RateUp]++
			}
		}
	}
	downAfter, upAfter := s.total()
	for name, pair := range map[string][2]float64{
		"down": {down, float64(downAfter - downBefore)}, "up": {up, float64(upAfter - upBefore)},
	} {
		if off := pair[0]/pair[1] - 1; math.Abs(off) > 0.05 {
			t.Errorf("%s: the rates are off by %.1f %%", name, off*100)
		}
	}
	for rate, n := range rates {
		if n > 60 {
			t.Errorf("the rate %d was seen %d times", rate, n)
		}
	}
}

func TestSameSeed(t *testing.T) {
	cfg := Config{Torrents: 500, Active: 50, Seed: 8}
	a, b := New(cfg), New(cfg)
	for range 240 {
		a.Step(time.Second)
	}
	for range 240 * 10 { // the size of the steps does not matter
		b.Step(100 * time.Millisecond)
	}
	if !reflect.DeepEqual(a.Torrents(), b.Torrents()) {
		t.Error("two boxes of one seed differ")
	}
	cfg.Seed++
	if reflect.DeepEqual(New(cfg).Torrents(), New(Config{Torrents: 500, Active: 50, Seed: 8}).Torrents()) {
		t.Error("two seeds give one box")
	}
}

// TestLife: within an hour torrents come, go, complete, and fail.
func TestLife(t *testing.T) {
	s := New(Config{Torrents: 1000, Active: 100, Seed: 9})
	var came, went, completed, failed, mended int
	before := byHash(s.Torrents())
	for range 3600 / 5 {
		s.Step(5 * time.Second)
		now := byHash(s.Torrents())
		for h, v := range now {
			old, known := before[h]
			count(&came, !known)
			count(&completed, known && old.Left > 0 && v.Left == 0)
			count(&failed, known && old.Error == 0 && v.Error != 0)
			count(&mended, known && old.Error != 0 && v.Error == 0)
		}
		for h := range before {
			_, there := now[h]
			count(&went, !there)
		}
		before = now
	}
	for what, n := range map[string]int{"came": came, "went": went, "completed": completed, "failed": failed, "mended": mended} {
		if n < 5 || n > 600 {
			t.Errorf("%d %s within an hour", n, what)
		}
	}
	for i, tor := range s.torrents {
		if i > 0 && s.torrents[i-1].id >= tor.id {
			t.Fatal("not in the order of the ids")
		}
	}
	places := make([]bool, len(s.torrents))
	for _, tor := range s.torrents {
		places[tor.queue] = true
	}
	for q, taken := range places {
		if !taken {
			t.Fatalf("nobody is in place %d of the queue", q)
		}
	}
}

func count(n *int, is bool) {
	if is {
		*n++
	}
}

// TestMakeup: what a box is made of looks like a box.
func TestMakeup(t *testing.T) {
	list := New(Config{Torrents: 5000, Active: 200, Seed: 10}).Torrents()
	names := make(map[string]bool)
	status := make(map[state.Status]int)
	var labelled, failing, loading int
	var logs float64
	for _, v := range list {
		names[v.Name] = true
		status[v.Status]++
		count(&labelled, len(v.Labels) > 0)
		count(&failing, v.Error != 0)
		count(&loading, v.RateDown > 0)
		logs += math.Log(float64(v.Size))
		if v.Size < smallest || v.Size > largest || len(v.Name) < 20 || len(v.Name) > 80 {
			t.Errorf("size %d, name %q", v.Size, v.Name)
		}
	}
	if len(names) < 4900 || status[state.Seeding] < 3500 || status[state.Stopped] < 100 || labelled < 1000 || failing < 50 {
		t.Errorf("%d names, %v, %d with labels, %d failing", len(names), status, labelled, failing)
	}
	if loading < 50 || loading > 80 {
		t.Errorf("%d of 200 download", loading)
	}
	if median := math.Exp(logs / float64(len(list))); median < 1e9 || median > 4e9 {
		t.Errorf("a typical size is %.0f", median)
	}
}
