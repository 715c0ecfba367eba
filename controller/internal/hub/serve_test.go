package hub

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestStalledReaderDelaysNobody(t *testing.T) {
	within(t, func(r *rig) {
		f := r.feeds["list"]
		stalled, healthy := r.open(), r.open()
		stalled.subscribe("list")
		healthy.subscribe("list")
		begun := time.Now()
		for time.Since(begun) < writeWithin-time.Second {
			f.add("x")
			at := time.Now()
			if healthy.receive(); time.Since(at) > 2*interval {
				t.Fatalf("a frame took %v", time.Since(at))
			}
		}
		stalled.closes(codeTooSlow) // to read now would be to stall no longer
		if took := time.Since(begun); took < writeWithin || took > writeWithin+2*interval {
			t.Fatalf("the stalled page was closed after %v", took)
		}
		f.add("y")
		if healthy.receive().items() != "y" {
			t.Fatal("the healthy page missed a change")
		}
	}, "list")
}

func TestSlowReaderSkips(t *testing.T) {
	within(t, func(r *rig) {
		f := r.feeds["list"]
		p := r.open()
		p.subscribe("list")
		for range 50 {
			f.add("x")
			time.Sleep(interval + interval/2) // never just when a frame is due
		}
		if got := p.receive(); len(got.Items) != 1 {
			t.Fatalf("the frame that was being written has %d items", len(got.Items))
		}
		// It may bring once more what is there already, but nothing twice, and no snapshot.
		if got := p.receive(); len(got.Items) < 49 || len(got.Items) > 50 || got.Epoch != "" {
			t.Fatalf("the frame after it is %s", got.raw)
		}
		p.silent(time.Minute)
	}, "list")
}

func TestBadMessages(t *testing.T) {
	for name, c := range map[string]struct {
		message string
		code    int
		word    string
	}{
		"unknown op":  {`{"op":"dance"}`, codeBadFrame, "bad-frame"},
		"second open": {`{"op":"open","ticket":"ticket-2"}`, codeBadFrame, "bad-frame"},
		"not JSON":    {`subscribe`, codeBadFrame, "bad-frame"},
		"too long":    {`{"op":"subscribe","topic":"` + strings.Repeat("x", MaxMessage) + `"}`, codeBadFrame, "bad-frame"},
	} {
		t.Run(name, func(t *testing.T) {
			within(t, func(r *rig) {
				p := r.open()
				p.send(c.message)
				p.endsWith(c.code, c.word)
			}, "list")
		})
	}
}

func TestChatterIsReadSlowly(t *testing.T) {
	within(t, func(r *rig) {
		p := r.open()
		begun := time.Now()
		for range messageBurst + 10*messageRate {
			p.send(`{"op":"unsubscribe","topic":"list"}`)
		}
		if took := time.Since(begun); took < 9*time.Second {
			t.Fatalf("%d messages were taken in %v", messageBurst+10*messageRate, took)
		}
	}, "list")
}

func TestGoingAway(t *testing.T) {
	within(t, func(r *rig) {
		waits, open := r.connect(), r.open()
		synctest.Wait()
		go r.hub.Close()
		waits.ends(codeGoingAway)
		open.endsWith(codeGoingAway, "going-away")
		r.connect().ends(codeGoingAway)
	})
}
