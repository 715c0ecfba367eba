package view

import (
	"fmt"
	"testing"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// crowd is a world of people with some torrents each, and pages of all of them.
type crowd struct {
	*world
	box   *state.State
	feeds []hub.Feed // of the administrators, then of the people
	marks []hub.Mark
	woken []int
	stops []func()
}

func person(i int) account.Principal {
	return account.Principal{User: account.User(fmt.Sprintf("user%05d", i)), Role: account.RoleUser}
}

func numbered(i int) state.Torrent {
	return state.Torrent{Hash: state.Hash{byte(i), byte(i >> 8), byte(i >> 16)}, Name: fmt.Sprint("torrent ", i), Added: 1, Size: 1 << 30}
}

// newCrowd has torrent i be person i's, in turns.
func newCrowd(t testing.TB, people, torrents int) *crowd {
	c := &crowd{world: newWorld()}
	c.box = c.add("demo", 1)
	update(t, c.box, func(tx *state.Tx) {
		for i := range torrents {
			one := numbered(i)
			tx.Put(&one)
			c.give(key("demo", one.Hash), 1, person(i%people), owners.Own)
		}
	})
	c.step() // past the grants
	c.open(t, admin)
	for i := range people {
		c.open(t, person(i))
	}
	return c
}

func (c *crowd) open(t testing.TB, p account.Principal) {
	f, i := c.feed(t, p, TopicTorrents), len(c.feeds)
	c.feeds, c.woken = append(c.feeds, f), append(c.woken, 0)
	c.stops = append(c.stops, f.Watch(func() { c.woken[i]++ }))
	c.marks = append(c.marks, f.Since(nil).Mark)
}

// TestCostFollowsTheChange counts: of 2,000 people who look, a torrent that changes
// concerns its owner and the administrators, and nobody else is so much as woken.
func TestCostFollowsTheChange(t *testing.T) {
	const people, torrents = 2000, 10_000
	c := newCrowd(t, people, torrents)
	c.step()
	if s := c.Stats(); s.Views != people+1 || s.Entries != 2*torrents {
		t.Fatalf("%+v", s)
	}
	before := c.Stats()
	changed := numbered(people + 7) // the second of person 7
	changed.RateUp = 5
	put(t, c.box, changed)
	c.step()
	for i, n := range c.woken {
		if want := i == 0 || i == 8; n > 0 != want {
			t.Errorf("feed %d was woken %d times", i, n)
		}
	}
	for _, i := range []int{0, 8} {
		if u := c.feeds[i].Since(c.marks[i]); u.Reset || len(u.Parts) != 1 || len(u.Parts[0]) > 60 {
			t.Errorf("feed %d got %s", i, u.Parts)
		}
	}
	after := c.Stats()
	if got := after.Routed - before.Routed; got != 1 {
		t.Errorf("%d changes were routed", got)
	}
	if got := after.Marked - before.Marked; got != 2 {
		t.Errorf("%d entries were marked", got)
	}
	if got := after.Woken - before.Woken; got != 2 {
		t.Errorf("%d feeds were woken", got)
	}
	if got := after.Visited - before.Visited; got != 2 {
		t.Errorf("%d entries were visited", got)
	}
	before = after
	for range 10 {
		c.step() // nothing has changed
	}
	if after = c.Stats(); after != before {
		t.Errorf("doing nothing cost something: %+v, before %+v", after, before)
	}
}

// Views at which nobody looks cost nothing.
func TestNobodyLooks(t *testing.T) {
	c := newCrowd(t, 10, 100)
	for _, stop := range c.stops {
		stop()
		stop() // counts once
	}
	if len(c.src.watched) > 0 {
		t.Error("a box is watched for nobody")
	}
	c.Views.mu.Lock()
	for _, v := range c.tables {
		v.left = v.left.Add(-linger)
	}
	c.sweepAt = c.sweepAt.Add(-linger)
	c.Views.mu.Unlock()
	c.step()
	before := c.Stats()
	put(t, c.box, state.Torrent{Hash: state.Hash{9, 9, 9}})
	c.step()
	if after := c.Stats(); after != before || after.Views != 0 || after.Entries != 0 || len(c.boxes["demo"].holders) > 0 {
		t.Errorf("%+v, before %+v", after, before)
	}
}

// BenchmarkRoute is 200 changed torrents of 10,000 on their way into 2,000 views.
func BenchmarkRoute(b *testing.B) {
	c := newCrowd(b, 2000, 10_000)
	c.step()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		c.tick(b, &n)
		c.step()
	}
}

// BenchmarkRouteAndRead is the same, and each feed that was woken is read.
func BenchmarkRouteAndRead(b *testing.B) {
	c := newCrowd(b, 2000, 10_000)
	c.step()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		c.tick(b, &n)
		c.step()
		for i := range c.feeds {
			if c.woken[i] > 0 {
				c.woken[i] = 0
				c.marks[i] = c.feeds[i].Since(c.marks[i]).Mark
			}
		}
	}
}

// tick changes the next 200 torrents.
func (c *crowd) tick(b *testing.B, n *int) {
	update(b, c.box, func(tx *state.Tx) {
		for range 200 {
			*n++
			one := numbered(*n * 37 % 10_000)
			one.RateUp, one.Uploaded = int64(*n), int64(*n)
			tx.Put(&one)
		}
	})
}
