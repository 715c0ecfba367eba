package hub

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestOneEncodingForAllPages(t *testing.T) {
	within(t, func(r *rig) {
		f := r.feeds["list"]
		f.add("a")
		var pages []*page
		for range 50 {
			p := r.open()
			p.subscribe("list")
			pages = append(pages, p)
		}
		if n := r.hub.Stats().Encoded; n != 1 {
			t.Fatalf("%d encodings of one snapshot for 50 pages", n)
		}
		for i := range 10 {
			f.add(fmt.Sprint(i))
			var first []byte
			for _, p := range pages {
				got := p.receive()
				if first == nil {
					first = got.raw
				}
				if &got.raw[0] != &first[0] {
					t.Fatal("two pages got two copies of a frame")
				}
			}
		}
		synctest.Wait() // a message is counted after it was taken
		if n := r.hub.Stats().Encoded; n != 11 {
			t.Fatalf("%d encodings of 11 states for 50 pages", n)
		}
		if s := r.hub.Stats(); s.Connections != 50 || s.Topics != 1 || s.Sent != 50*12 {
			t.Fatalf("stats %+v", s)
		}
	}, "list")
}

// A frame tells the age of data, so one that was made long ago would lie.
func TestOldFramesAreMadeAnew(t *testing.T) {
	within(t, func(r *rig) {
		r.open().subscribe("list")
		time.Sleep(shareFor - time.Millisecond)
		r.open().subscribe("list")
		if n := r.hub.Stats().Encoded; n != 1 {
			t.Fatalf("%d encodings of a snapshot within %v", n, shareFor)
		}
		time.Sleep(time.Millisecond)
		r.open().subscribe("list")
		if n := r.hub.Stats().Encoded; n != 2 {
			t.Fatalf("%d encodings of a snapshot over %v", n, shareFor)
		}
	}, "list")
}

func TestResume(t *testing.T) {
	within(t, func(r *rig) {
		f := r.feeds["list"]
		f.add("a", "b")
		p := r.open()
		last := p.subscribe("list")
		p.leave()
		f.add("c")

		p = r.open()
		p.resume(last)
		got := p.receive()
		if got.Reset || got.Epoch != last.Epoch || got.Seq != last.Seq+1 || got.items() != "c" {
			t.Fatalf("resumed with %s", got.raw)
		}
		p.leave()

		p = r.open()
		p.resume(got)
		p.silent(time.Minute)
	}, "list")
}

func TestResumeAfterLongAbsenceIsOneFrame(t *testing.T) {
	within(t, func(r *rig) {
		f := r.feeds["list"]
		stays, goes := r.open(), r.open()
		stays.subscribe("list")
		last := goes.subscribe("list")
		goes.leave()
		for i := range 100 {
			f.add(fmt.Sprint(i))
			stays.receive()
		}
		goes = r.open()
		goes.resume(last)
		if got := goes.receive(); got.Reset || len(got.Items) != 100 || got.Seq != last.Seq+100 {
			t.Fatalf("resumed with %s", got.raw)
		}
		goes.silent(time.Minute)
	}, "list")
}

func TestWhatCannotBeResumedIsReset(t *testing.T) {
	within(t, func(r *rig) {
		f := r.feeds["list"]
		stays := r.open()
		old := stays.subscribe("list")
		for i := range ringLength {
			f.add(fmt.Sprint(i))
			stays.receive()
		}
		future, foreign := old, old
		future.Seq, foreign.Epoch = 1<<40, "0123456789abcdef"
		for name, at := range map[string]frame{"too old": old, "future": future, "foreign": foreign} {
			p := r.open()
			p.resume(at)
			if got := p.receive(); !got.Reset || len(got.Items) != ringLength || got.Epoch != old.Epoch {
				t.Errorf("%s: resumed with reset %v and %d items", name, got.Reset, len(got.Items))
			}
		}
		f.mu.Lock()
		f.forgot = ringLength + 1
		f.mu.Unlock()
		f.add("x")
		if got := stays.receive(); !got.Reset || got.Seq != ringLength+2 {
			t.Errorf("a feed that forgets brought %s", got.raw)
		}
	}, "list")
}

func TestTopicIsForgottenAfterLinger(t *testing.T) {
	within(t, func(r *rig) {
		p := r.open()
		last := p.subscribe("list")
		p.leave()
		time.Sleep(linger)
		p = r.open()
		p.resume(last)
		if got := p.receive(); !got.Reset || got.Epoch == last.Epoch {
			t.Fatalf("after the linger came %s", got.raw)
		}
	}, "list")
}

func TestFramesAreCoalesced(t *testing.T) {
	within(t, func(r *rig) {
		f := r.feeds["list"]
		p := r.open()
		p.subscribe("list")
		time.Sleep(time.Second)
		begun := time.Now()
		f.add("0")
		if p.receive(); time.Since(begun) != 0 {
			t.Fatalf("the first change after a pause took %v", time.Since(begun))
		}
		for i := range 50 {
			time.Sleep(time.Millisecond)
			f.add(fmt.Sprint(i))
		}
		if got := p.receive(); len(got.Items) != 50 || time.Since(begun) != interval {
			t.Fatalf("%d changes in a frame after %v", len(got.Items), time.Since(begun))
		}
		p.silent(time.Minute)
	}, "list")
}

func TestDelayedUpdate(t *testing.T) {
	within(t, func(r *rig) {
		f := r.feeds["list"]
		f.delay = 2 * time.Second
		p := r.open()
		begun := time.Now()
		p.subscribe("list")
		f.add("1")
		f.add("2")
		if got := p.receive(); got.items() != "1 2" || time.Since(begun) != f.delay {
			t.Fatalf("%s after %v", got.raw, time.Since(begun))
		}
	}, "list")
}

func TestSnapshotInParts(t *testing.T) {
	within(t, func(r *rig) {
		long, short := r.feeds["long"], r.feeds["short"]
		long.part = 10
		for i := range 95 {
			long.add(fmt.Sprint(i))
		}
		p := r.open()
		p.subscribe("short")
		first := p.subscribe("long")
		short.add("news")
		time.Sleep(2 * interval) // while a part is being written
		items, between, frames := first.Items, -1, 1
		for f := first; f.More; {
			next := p.receive()
			if next.Topic == "short" {
				between = frames
				continue
			}
			f = next
			frames++
			items = append(items, f.Items...)
			if f.Seq != first.Seq || !f.Reset {
				t.Fatalf("part %s", f.raw)
			}
		}
		if frames != 10 || !slices.Equal(items, long.items) {
			t.Fatalf("%d items in %d parts", len(items), frames)
		}
		if between < 0 || between > 3 {
			t.Errorf("a short frame waited for %d parts", between)
		}
		p.silent(time.Minute)
	}, "long", "short")
}

func TestWatched(t *testing.T) {
	within(t, func(r *rig) {
		f := r.feeds["list"]
		a, b := r.open(), r.open()
		a.subscribe("list")
		b.subscribe("list")
		a.leave()
		b.send(`{"op":"unsubscribe","topic":"list"}`)
		synctest.Wait()
		if want := []bool{true, false}; !slices.Equal(f.watchedSoFar(), want) {
			t.Fatalf("watched %v, want %v", f.watchedSoFar(), want)
		}
		f.add("x")
		b.silent(time.Minute)
	}, "list")
}

func TestUnsubscribedTopicIsSilent(t *testing.T) {
	within(t, func(r *rig) {
		a, b := r.feeds["a"], r.feeds["b"]
		p, other := r.open(), r.open()
		p.subscribe("a")
		p.subscribe("b")
		other.subscribe("a") // keeps the topic alive
		p.send(`{"op":"unsubscribe","topic":"a"}`)
		synctest.Wait()
		a.add("1")
		if got := other.receive(); got.items() != "1" {
			t.Fatalf("the page that stays got %s", got.raw)
		}
		p.silent(time.Minute)
		b.add("2")
		if got := p.receive(); got.Topic != "b" || got.items() != "2" {
			t.Fatalf("after the topic was left came %s", got.raw)
		}
		if got := p.subscribe("a"); got.items() != "1" {
			t.Fatalf("subscribing again brought %s", got.raw)
		}
	}, "a", "b")
}

func TestUnsubscribingCutsASnapshotShort(t *testing.T) {
	within(t, func(r *rig) {
		f := r.feeds["list"]
		f.part = 1
		f.add("1", "2", "3", "4")
		p := r.open()
		p.subscribe("list") // the second part is being written
		synctest.Wait()
		p.send(`{"op":"unsubscribe","topic":"list"}`)
		synctest.Wait()
		if got := p.receive(); got.items() != "2" {
			t.Fatalf("got %s", got.raw)
		}
		p.silent(time.Minute)
	}, "list")
}

// A topic that somebody may not see looks like one that does not exist, and one
// that they may see is not another's of the same name.
func TestViewsAreKeptApart(t *testing.T) {
	within(t, func(r *rig) {
		r.feeds["list"].add("secret")
		r.feeds["user:list"].add("own")
		all, own := r.open(), r.openAs(guest)
		whole, part := all.subscribe("list"), own.subscribe("list")
		if whole.items() != "secret" || part.items() != "own" || whole.Epoch == part.Epoch {
			t.Fatalf("an administrator sees %s, a user %s", whole.raw, part.raw)
		}
		r.feeds["list"].add("more")
		all.receive()
		own.silent(time.Minute)

		own.resume(whole) // knows where the other is
		if got := own.receive(); !got.Reset || got.items() != "own" {
			t.Fatalf("resumed with %s", got.raw)
		}
		refusals := [2][]frame{}
		for i, topic := range []string{"admin", "nobody"} {
			p := r.openAs(guest)
			p.send(`{"op":"subscribe","topic":"` + topic + `"}`)
			refusals[i] = p.ends(codeTopic)
		}
		if hidden, unknown := refusals[0], refusals[1]; len(hidden) != 1 || !bytes.Equal(hidden[0].raw, unknown[0].raw) {
			t.Fatalf("%+v tells more than %+v", hidden, unknown)
		}
	}, "list", "user:list", "admin")
}
