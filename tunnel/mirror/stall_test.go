package mirror

import (
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel/internal/memnet"
	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// TestStalledFollower acknowledges nothing for an hour of changes: the source
// sends no more than its window, and then one delta to the newest state.
func TestStalledFollower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		h := p.handAtHome()
		h.send(&wire.Hello{Version: wire.Version})
		p.hour()
		data := 0
		frames := h.drain()
		for _, f := range frames {
			switch f.(type) {
			case *wire.Delta:
				data++
			}
		}
		if n := h.rw.In.Written(); n > windowFirst+3*frameSize || data > windowFrames || len(frames) > 3*windowFrames {
			t.Errorf("%d bytes, %d frames, %d of them data were sent without an ack", n, len(frames), data)
		}
		h.send(&wire.Interest{Level: uint8(Watching)})
		if frames := h.drain(); len(frames) > 0 {
			t.Errorf("%T: called fresh while newer data waits", frames[0])
		}
		h.send(&wire.Ack{Frames: uint64(data)})
		p.newest(h.drain())
		h.ended()
	})
}

// TestBlockedLine takes nothing at all for an hour: the source waits in one write,
// and has one delta to send when that is done.
func TestBlockedLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.fill(10)
		h := p.handAtHome()
		h.rw.In.Narrow(1)
		h.send(&wire.Hello{Version: wire.Version})
		p.hour()
		if n := h.rw.In.Written(); n > memnet.MTU {
			t.Errorf("%d bytes went into a line that takes one", n)
		}
		h.drain()
		time.Sleep(2 * settle)
		p.newest(h.drain())
		h.ended()
	})
}

// hour changes 100 torrents every four seconds for an hour.
func (p *pair) hour() {
	for i := range 900 {
		p.update(func(tx *state.Tx) {
			for j := range 100 {
				tx.Put(&state.Torrent{Hash: hashOf(j), Name: "moving", Left: int64(i)})
			}
		})
		p.box.Touch(time.Now())
		time.Sleep(4 * time.Second)
	}
}

// newest proves that frames are a delta to the present of the box, and how fresh
// that is; a checksum may be behind.
func (p *pair) newest(frames []wire.Frame) {
	p.t.Helper()
	if len(frames) < 1 || len(frames) > 2 {
		p.t.Fatalf("%d frames at the end, want a delta", len(frames))
	}
	d, ok := frames[0].(*wire.Delta)
	if !ok || !d.Whole || d.Seq != p.box.Version().Seq || len(d.Changes) != 100 || !d.Known {
		p.t.Errorf("the last data: %+v", frames[0])
	}
}

// TestSlowLine sends at 2 kB/s what changes faster than that: what arrives stays
// as new as the line allows, because little is on the way at a time.
func TestSlowLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.fill(50)
		down := memnet.NewStream()
		down.Rate, down.Delay = 2000, 300*time.Millisecond
		l := p.connectOver(down, memnet.NewStream())
		start, worst := time.Now(), time.Duration(0)
		for range 300 {
			p.update(func(tx *state.Tx) {
				for j := range 50 {
					tx.Put(&state.Torrent{Hash: hashOf(j), Name: "n", Added: time.Since(start).Milliseconds(), RateUp: 1})
				}
			})
			time.Sleep(500 * time.Millisecond)
			if got, ok := p.home.Get(hashOf(0)); ok && time.Since(start) > time.Minute {
				worst = max(worst, time.Since(start)-time.Duration(got.Added)*time.Millisecond)
			}
		}
		if worst > 5*time.Second || worst == 0 {
			t.Errorf("what home has is up to %v old", worst)
		}
		l.close()
	})
}
