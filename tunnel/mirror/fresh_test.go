package mirror

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel/internal/memnet"
	"offing/tunnel/state"
)

// TestFreshIsHonest compares the age that home shows with the true one, on a line
// with a delay and then with a queue in it.
func TestFreshIsHonest(t *testing.T) {
	for name, c := range map[string]struct {
		rate  int
		slack time.Duration
	}{
		"fast": {0, 50 * time.Millisecond},
		"slow": {3000, 10 * time.Second}, // a touch is told behind a delta that takes seconds
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				p.fill(60)
				down, up := memnet.NewStream(), memnet.NewStream()
				down.Rate, down.Delay, up.Delay = c.rate, 400*time.Millisecond, 400*time.Millisecond
				p.follower.SetInterest(Watching)
				l := p.connectOver(down, up)
				var touched time.Time
				for i := range 300 {
					p.update(func(tx *state.Tx) {
						for j := range 60 {
							tx.Put(&state.Torrent{Hash: hashOf(j), Name: "n", Left: int64(i + 1)})
						}
					})
					touched = time.Now()
					p.box.Touch(touched)
					time.Sleep(time.Second)
					synctest.Wait()
					p.noYounger(touched)
				}
				time.Sleep(time.Minute)
				if late := touched.Sub(p.home.Fresh()); late > c.slack || late < -100*time.Millisecond {
					t.Errorf("home believes the data to be %v older than it is", late)
				}
				l.close()
			})
		})
	}
}

// noYounger proves that home does not believe its data to be newer than it is:
// the torrents carry the second in which they were true.
func (p *pair) noYounger(touched time.Time) {
	p.t.Helper()
	at, ok := p.home.Get(hashOf(0))
	now, _ := p.box.Get(hashOf(0))
	if !ok || at.Left == 0 {
		return
	}
	truth := touched.Add(-time.Duration(now.Left-at.Left) * time.Second)
	if fresh := p.home.Fresh(); fresh.After(truth.Add(100 * time.Millisecond)) {
		p.t.Errorf("home believes to have the state of %v, it has that of %v", fresh, truth)
	}
}

// TestFreshIsCoalesced counts the frames that two touches a second make.
func TestFreshIsCoalesced(t *testing.T) {
	for name, c := range map[string]struct {
		level       Level
		least, most uint64
	}{
		"watching": {Watching, 200, 600}, // about each 2 s
		"idle":     {Idle, 27, 80},       // about each 15 s
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				p.fill(10)
				p.follower.SetInterest(c.level)
				l := p.connectPipe().settle()
				before := p.follower.Stats()
				gaps := make(map[time.Duration]int)
				last := time.Now()
				for range 1200 {
					p.box.Touch(time.Now())
					fresh := p.home.Fresh()
					time.Sleep(500 * time.Millisecond)
					synctest.Wait()
					if !p.home.Fresh().Equal(fresh) {
						gaps[time.Since(last)]++
						last = time.Now()
					}
				}
				if n := p.follower.Stats().FramesIn - before.FramesIn; n < c.least || n > c.most {
					t.Errorf("%d frames in 600 s, want %d to %d", n, c.least, c.most)
				}
				if len(gaps) < 3 {
					t.Errorf("a metronome: %v", gaps)
				}
				l.close()
			})
		})
	}
}

// TestFreshTravelsWithData touches right after a change, as a poll does.
func TestFreshTravelsWithData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.fill(10)
		l := p.connectPipe().settle()
		for i := range 20 {
			time.Sleep(3 * time.Second) // less than the pause between two Fresh when idle
			p.update(func(tx *state.Tx) { tx.SetHost(state.Host{CPU: state.Fraction(i + 1)}) })
			now := time.Now()
			p.box.Touch(now)
			time.Sleep(2 * settle)
			if late := now.Sub(p.home.Fresh()); late > settle {
				t.Fatalf("change %d: home is %v behind", i, late)
			}
		}
		l.close()
	})
}

func TestInterest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		var told []Level
		p.source.Interest = func(ctx context.Context, l Level) {
			if ctx.Err() != nil {
				t.Error("told with a context that has ended")
			}
			told = append(told, l)
		}
		p.follower.SetInterest(Watching) // before there is a connection
		l := p.connectPipe().settle()
		p.follower.SetInterest(Watching)
		synctest.Wait()
		p.follower.SetInterest(Idle)
		synctest.Wait()
		p.follower.SetInterest(Watching)
		synctest.Wait()
		l.close()
		l = p.connectPipe().settle() // still watching
		p.follower.SetInterest(Idle)
		synctest.Wait()
		l.close()
		if want := []Level{Watching, Idle, Watching, Idle, Watching, Idle}; !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}

func TestTransit(t *testing.T) {
	start := time.Now()
	at := func(d time.Duration) time.Time { return start.Add(d) }
	const ms = time.Millisecond
	tr := newTransit(start, at(600*ms)) // the Welcome took 300 ms
	for _, c := range []struct {
		arrived, elapsed, want time.Duration
	}{
		{600 * ms, 0, 300 * ms},
		{1600 * ms, 1000 * ms, 300 * ms},                    // as fast as the Welcome
		{4600 * ms, 2000 * ms, 2300 * ms},                   // two seconds in a queue
		{4700 * ms, 4200 * ms, 300 * ms},                    // faster than ever: the Welcome was slow
		{5800 * ms, 5200 * ms, 400 * ms},                    // and measured by that one from then on
		{2000 * time.Second, 1998 * time.Second, 1700 * ms}, // some of it may be a drifting clock
	} {
		got := tr.estimate(at(c.arrived), c.elapsed)
		if diff := (got - c.want).Abs(); diff > 2*ms && c.arrived < time.Minute || diff > 500*ms {
			t.Errorf("arrived %v, sent %v: %v on the way, want %v", c.arrived, c.elapsed, got, c.want)
		}
	}
}

func TestPulse(t *testing.T) {
	var p pulse
	now := time.Now()
	if p.wait(now, time.Hour) > 0 {
		t.Error("the first beat is not due")
	}
	seen := map[time.Duration]bool{}
	for range 100 {
		p.beat(now)
		w := p.wait(now, time.Minute)
		if w < 30*time.Second || w > 90*time.Second {
			t.Errorf("waits %v, want a minute or half of it more or less", w)
		}
		seen[w] = true
	}
	if len(seen) < 90 {
		t.Errorf("%d different waits of 100", len(seen))
	}
}

func TestWindow(t *testing.T) {
	start := time.Now()
	w := newWindow()
	if !w.open() {
		t.Fatal("a new window is shut")
	}
	w.add(10*windowMost, start)
	if w.open() {
		t.Error("open with more than everything on the way")
	}
	if err := w.ack(2, start); err == nil {
		t.Error("an ack of what was not sent passes")
	}
	if err := w.ack(1, start.Add(300*time.Millisecond)); err != nil || !w.open() || w.bytes != 0 {
		t.Errorf("after the ack: %v, open %v, %d bytes", err, w.open(), w.bytes)
	}
	if w.limit != windowMost {
		t.Errorf("limit %d after a fast ack of a full window", w.limit)
	}
	now := start.Add(time.Second)
	for i := range 20 { // each takes two seconds
		w.add(100, now)
		now = now.Add(2 * time.Second)
		if err := w.ack(uint64(i+2), now); err != nil {
			t.Fatal(err)
		}
	}
	if w.limit != windowLeast {
		t.Errorf("limit %d after many slow acks", w.limit)
	}
	for range windowFrames {
		if !w.open() {
			t.Fatal("shut too early")
		}
		w.add(1, now)
	}
	if w.open() {
		t.Error("open with too many frames on the way")
	}
}
