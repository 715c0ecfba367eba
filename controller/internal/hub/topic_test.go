package hub

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
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

// What was made for a page that has left is not shown to the next one, of which
// the topic's name is all that is known: the feed is asked what there is to see.
func TestLastPageTakesItsFramesAlong(t *testing.T) {
	within(t, func(r *rig) {
		f := r.feeds["list"]
		f.add("a")
		first, second := r.open(), r.open()
		first.subscribe("list")
		f.add("b")
		first.receive()
		first.send(`{"op":"unsubscribe","topic":"list"}`)
		synctest.Wait()
		before := r.hub.Stats().Encoded
		if got := second.subscribe("list").items(); got != "a b" {
			t.Errorf("the next page has %q", got)
		}
		if n := r.hub.Stats().Encoded - before; n != 1 {
			t.Errorf("%d snapshots were made for the next page", n)
		}
		second.send(`{"op":"unsubscribe","topic":"list"}`)
		synctest.Wait()
		if got := first.subscribe("list").items(); got != "a b" || r.hub.Stats().Encoded != before+2 {
			t.Errorf("then %q, with %d snapshots", got, r.hub.Stats().Encoded-before)
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
		if got.Epoch != "" || got.Seq != last.Seq+1 || got.items() != "c" {
			t.Fatalf("resumed with %s", got.raw)
		}
		p.leave()

		p = r.open()
		last = last.after(got)
		p.resume(last)
		if got := p.receive(); got.Epoch != "" || got.Seq != last.Seq || got.Items != nil {
			t.Fatalf("resumed at the present with %s", got.raw)
		}
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
		if got := goes.receive(); got.Epoch != "" || len(got.Items) != 100 || got.Seq != last.Seq+100 {
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
		for i := range ringLength + 1 {
			f.add(fmt.Sprint(i))
			stays.receive()
			time.Sleep(ringStep)
		}
		future, foreign := old, old
		future.Seq, foreign.Epoch = 1<<40, "0123456789abcdef"
		for name, at := range map[string]frame{"too old": old, "future": future, "foreign": foreign} {
			p := r.open()
			p.resume(at)
			if got := p.receive(); got.Epoch != old.Epoch || len(got.Items) != ringLength+1 {
				t.Errorf("%s: resumed with epoch %q and %d items", name, got.Epoch, len(got.Items))
			}
		}
		f.mu.Lock()
		f.forgot = ringLength + 2
		f.mu.Unlock()
		f.add("x")
		if got := stays.receive(); got.Epoch == "" || got.Seq != ringLength+3 {
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
		if got := p.receive(); got.Epoch == "" || got.Epoch == last.Epoch {
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
		if p.receive(); time.Since(begun) > gather {
			t.Fatalf("the first change after a pause took %v", time.Since(begun))
		}
		for i := range 50 {
			time.Sleep(time.Millisecond)
			f.add(fmt.Sprint(i))
		}
		if got := p.receive(); len(got.Items) != 50 || time.Since(begun) < interval-late || time.Since(begun) > 2*interval {
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
		if got := p.receive(); got.items() != "1 2" || time.Since(begun) < f.delay || time.Since(begun) > f.delay+interval {
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
			if f.Seq != first.Seq || f.Epoch != "" {
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
		if got := own.receive(); got.Epoch == "" || got.items() != "own" {
			t.Fatalf("resumed with %s", got.raw)
		}
		for _, topic := range []string{"admin", "nobody"} {
			own.send(`{"op":"subscribe","topic":"` + topic + `"}`)
			if got := own.receive(); string(got.raw) != `{"t":"`+topic+`","gone":true}` {
				t.Fatalf("%s is refused with %s", topic, got.raw)
			}
		}
	}, "list", "user:list", "admin")
}

// A topic that is no more is told once to all, and can be made anew.
func TestTopicThatGoes(t *testing.T) {
	within(t, func(r *rig) {
		const last = `{"t":"list","gone":true}`
		a, b := r.open(), r.open()
		old := a.subscribe("list")
		b.subscribe("list")
		r.feeds["list"].end()
		for _, p := range []*page{a, b} {
			if got := p.receive(); string(got.raw) != last {
				t.Fatalf("got %s", got.raw)
			}
		}
		a.send(`{"op":"subscribe","topic":"list"}`) // the feed still says so
		if got := a.receive(); string(got.raw) != last {
			t.Fatalf("subscribing again brought %s", got.raw)
		}
		r.feeds["list"] = newFeed()
		r.feeds["list"].add("x")
		b.resume(old)
		if got := b.receive(); got.items() != "x" || got.Epoch == "" || got.Epoch == old.Epoch {
			t.Fatalf("the next one of that name brought %s", got.raw)
		}
		a.silent(time.Minute)
		if watched := r.feeds["list"].watchedSoFar(); !slices.Equal(watched, []bool{true}) {
			t.Fatalf("watched %v", watched)
		}
	}, "list")
}

func TestTopicsAreBounded(t *testing.T) {
	within(t, func(r *rig) {
		p := r.open()
		for i := range maxTopics {
			p.subscribe(fmt.Sprint(i))
		}
		p.subscribe("0") // once more is no other
		p.send(`{"op":"subscribe","topic":"one more"}`)
		p.endsWith(codeBadFrame, "too-many-topics")
	}, numbers(maxTopics)...)
}

func numbers(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(i))
	}
	return all
}

// TestOverhead tells what a frame costs beside what it carries.
func TestOverhead(t *testing.T) {
	const row = `"rows":[{"id":17,"rate_down":5}]`
	frame := header{topic: `"torrents"`, seq: 123456}.frame([]byte(row))
	if over := len(frame) - len(row); over != len(`{"t":"torrents","s":123456,}`)+2 {
		t.Errorf("%d bytes of overhead in %s", over, payload(frame))
	}
	for _, size := range []int{0, 100, 125, 126, 1 << 16, 1 << 17} {
		part := bytes.Repeat([]byte("x"), size)
		frame := header{topic: `"torrents"`, seq: 123456}.frame(part)
		t.Logf("%d bytes of members: %d bytes around them, %d of these WebSocket", size, len(frame)-size, len(frame)-len(payload(frame)))
		h, err := ws.ReadHeader(bytes.NewReader(frame))
		if err != nil || int(h.Length) != len(payload(frame)) || !h.Fin || h.Masked || h.OpCode != ws.OpText {
			t.Errorf("%d bytes: header %+v, %v", size, h, err)
		}
		if !bytes.HasSuffix(payload(frame), append(part, '}')) {
			t.Errorf("%d bytes: the end is missing", size)
		}
	}
}

// What changes all the time goes out at each whole interval, even when the last
// frame was a little late.
func TestSlots(t *testing.T) {
	const ms = int64(time.Millisecond)
	for _, c := range []struct{ sent, now, want int64 }{
		{1000, 1001, 1100}, {1003, 1004, 1100}, {1015, 1090, 1100}, {1003, 1102, 1105}, // in step
		{1040, 1050, 1200}, {1040, 1119, 1200}, {1040, 1141, 1145}, // after a pause
		{0, 5000, 5005}, {0, 5004, 5005},
	} {
		if got := slot(c.sent*ms, c.now*ms); got != c.want*ms {
			t.Errorf("sent at %d, changed at %d: due at %d, want %d", c.sent, c.now, got/ms, c.want)
		}
	}
}

// A feed whose content is always whole says nothing when there is nothing new,
// which must not pass for a content that is empty.
func TestWholeContentThatHasNotChanged(t *testing.T) {
	within(t, func(r *rig) {
		f := r.feeds["list"]
		f.whole = true
		f.add("a")
		p, other := r.open(), r.open()
		last := p.subscribe("list")
		f.wake()
		p.silent(time.Second)
		p.send(`{"op":"unsubscribe","topic":"list"}`)
		synctest.Wait()
		if got := other.subscribe("list"); got.items() != "a" {
			t.Errorf("a page that comes later gets %s", got.raw)
		}
		p.resume(last)
		if got := p.receive(); got.items() != "" || got.Epoch != "" {
			t.Errorf("a page that comes back gets %s", got.raw)
		}
	}, "list")
}
