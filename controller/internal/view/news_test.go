package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offing/controller/client"
	"offing/controller/internal/account"
	"offing/controller/internal/control"
	"offing/controller/internal/hub"
	"offing/controller/internal/notices"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

func (w *world) post(u account.User, id uint64) {
	w.letters.set(func() {
		w.letters.of[u] = append(w.letters.of[u], notices.Notice{ID: id, At: time.Unix(1e9, 0).UTC(), Kind: notices.KindShare, Text: `"x"`})
	})
}

// notified runs f with eve's notices, which somebody watches.
func notified(t *testing.T, f func(w *world, feed hub.Feed, woken *int)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		feed, woken := w.feed(t, eve, TopicNotices), 0
		stop := feed.Watch(func() { woken++ })
		f(w, feed, &woken)
		stop()
	})
}

func TestNotices(t *testing.T) {
	notified(t, func(w *world, f hub.Feed, woken *int) {
		synctest.Wait()
		u := f.Since(nil)
		expect(t, u, true, `"notices":[]`)
		w.letters.set(func() { w.letters.err = errors.New("the store is not there") })
		w.post(eve.User, 5)
		w.letters.changed()
		synctest.Wait()
		expect(t, f.Since(u.Mark), false, "")
		w.letters.set(func() { w.letters.err = nil })
		synctest.Wait()
		u = f.Since(u.Mark)
		expect(t, u, false, `"notices":[{"id":5,"at":"2001-09-09T01:46:40Z","kind":"share","text":"\"x\""}]`)
		expect(t, f.Since(u.Mark), false, "")
		for id := range uint64(lastNotices) {
			w.post(eve.User, 10+id)
		}
		synctest.Wait()
		if u = f.Since(u.Mark); !u.Reset || u.Mark != uint64(9+lastNotices) {
			t.Errorf("who has missed too much gets %v, reset %v", u.Mark, u.Reset)
		}
		if *woken < 2 {
			t.Errorf("woken %d times", *woken)
		}
	})
}

// While the store hangs the topic says at once that there is nothing yet; when it
// answers again what was posted is there, once.
func TestStoreThatHangs(t *testing.T) {
	notified(t, func(w *world, f hub.Feed, woken *int) {
		w.letters.set(func() { w.letters.hang = true })
		w.letters.changed()
		synctest.Wait()
		w.post(eve.User, 5)
		before := time.Now()
		first := f.Since(nil)
		if time.Since(before) > 0 {
			t.Error("a page waits for the store")
		}
		w.letters.set(func() { w.letters.hang = false })
		time.Sleep(3 * noticesWait) // of the bubble's clock
		synctest.Wait()
		got := f.Since(first.Mark)
		if len(got.Parts) != 1 || strings.Count(string(got.Parts[0]), `"id":5`) != 1 {
			t.Errorf("then %s", got.Parts)
		}
		expect(t, f.Since(got.Mark), false, "")
	})
}

// A page whose notices cannot be read gets its other topics through the hub.
func TestStoreThatHangsHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.letters.hang = true
		w.add("demo", 1)
		f := w.feed(t, eve, TopicNotices)
		stop := f.Watch(func() {})
		synctest.Wait()
		before := time.Now()
		expect(t, f.Since(nil), true, `"notices":[]`)
		expect(t, w.since(w.feed(t, admin, TopicTorrents), nil), true, body("", ""))
		if time.Since(before) > 0 {
			t.Error("somebody waits for the store")
		}
		stop()
		synctest.Wait() // the reader has ended
	})
}

// asked is a Commands that a test changes.
type asked struct {
	orders  []control.Order
	version []uint64
	now     uint64
}

func (a *asked) Changes(u account.User, since uint64) (changed []control.Order, now uint64) {
	for i, o := range a.orders {
		if o.User == u && a.version[i] > since {
			changed = append(changed, o)
		}
	}
	return changed, a.now
}

func (a *asked) Watch(account.User, func()) (stop func()) { return func() {} }

func TestCommands(t *testing.T) {
	w := newWorld()
	if _, ok := w.Feed(eve, TopicCommands); ok {
		t.Error("there is a topic of nothing")
	}
	a := &asked{}
	w.cfg.Commands = a
	if _, ok := w.Feed(account.Principal{Role: account.RoleAdmin}, TopicCommands); ok {
		t.Error("nobody has commands")
	}
	f := w.feed(t, eve, TopicCommands)
	u := f.Since(nil)
	expect(t, u, true, `"commands":[]`)
	say := func(o control.Order) {
		a.now++
		a.orders, a.version = append(a.orders, o), append(a.version, a.now)
	}
	say(control.Order{ID: command.ID{1}, User: "ben", Do: command.Stop})
	expect(t, f.Since(u.Mark), false, "")
	say(control.Order{ID: command.ID{2}, Box: "vps", User: "eve", Do: command.Stop, Torrents: []state.Hash{{1}}, State: control.Waiting, Of: 1, Why: "it rains"})
	u = f.Since(u.Mark)
	expect(t, u, false, `"commands":[{"id":"02000000000000000000000000000000","box":"vps","user":"eve","do":"stop",`+
		`"torrents":["0100000000000000000000000000000000000000"],"state":"waiting","done":0,"of":1,"why":"it rains",`+
		`"created":"0001-01-01T00:00:00Z","expires":"0001-01-01T00:00:00Z"}]`)
	expect(t, f.Since(u.Mark), false, "")
	for range 3000 { // long lists come in parts
		say(control.Order{User: "eve", Torrents: make([]state.Hash, 201), State: control.Done,
			Result: command.Result{Fault: &command.Fault{Text: fmt.Sprint(strings.Repeat("x", 100))}}})
	}
	n := 0
	for _, part := range f.Since(u.Mark).Parts {
		var got struct{ Commands []client.Order }
		if err := json.Unmarshal([]byte("{"+string(part)+"}"), &got); err != nil || len(part) > partSize+1<<16 {
			t.Fatal(err, len(part))
		}
		for _, o := range got.Commands {
			if n++; len(o.Torrents) > 0 || o.Result == nil {
				t.Fatalf("%+v", o)
			}
		}
	}
	if n != 3000 {
		t.Errorf("%d of 3000", n)
	}
	if w.View(eve, TopicCommands) == w.View(ben, TopicCommands) || w.View(admin, TopicCommands) == w.View(account.Principal{User: "bob", Role: account.RoleAdmin}, TopicCommands) {
		t.Error("two people share their commands")
	}
}
