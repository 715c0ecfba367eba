package view

import (
	"strings"
	"testing"

	"offing/controller/internal/account"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// shared returns a world with one torrent that is ben's.
func shared(t *testing.T) (*world, *state.State) {
	w := newWorld()
	box := w.add("demo", 1)
	put(t, box, full())
	w.give(key("demo", full().Hash), full().Added, ben, owners.Own)
	w.step()
	return w, box
}

// Eve has nothing. Whatever happens to ben's torrent, she is told nothing, not
// even that something has happened.
func TestStrangersTorrentsAreSilent(t *testing.T) {
	w, box := shared(t)
	rows, totals, line := w.feed(t, eve, TopicTorrents), w.feed(t, eve, TopicTotals), w.feed(t, eve, TopicLine)
	woken := 0
	for _, f := range []interface{ Watch(func()) func() }{rows, line} {
		defer f.Watch(func() { woken++ })()
	}
	u, sums, boxes := w.since(rows, nil), totals.Since(nil), line.Since(nil)
	expect(t, u, true, body("", ""))
	expect(t, boxes, true, `"boxes":[]`)
	changed := full()
	changed.Left, changed.Name = 9, "secret"
	put(t, box, changed)
	update(t, box, func(tx *state.Tx) { tx.SetSession(state.Session{DaemonText: "full"}) })
	u = w.since(rows, u.Mark)
	expect(t, u, false, "")
	expect(t, totals.Since(sums.Mark), true, "")
	expect(t, line.Since(boxes.Mark), true, "")
	put(t, w.add("new", 2), full()) // the same hash on another box is another torrent
	u = w.since(rows, u.Mark)
	expect(t, u, false, "")
	remove(t, box, changed.Hash)
	expect(t, w.since(rows, u.Mark), false, "")
	if woken > 0 {
		t.Errorf("eve was woken %d times by what is not hers", woken)
	}
	if len(w.src.watched) > 0 {
		t.Error("a page without torrents makes the boxes busy")
	}
	if got := w.Boxes(eve); len(got) != 0 {
		t.Errorf("eve is told of %d boxes", len(got))
	}
}

// Eve guesses: hashes and boxes, those that are there and those that are not, are
// refused alike, and so is every other way to write a topic.
func TestGuessing(t *testing.T) {
	w, _ := shared(t)
	mine := TorrentTopic("demo", full().Hash)
	for _, topic := range []string{
		mine, TorrentTopic("demo", state.Hash{1}), TorrentTopic("nowhere", full().Hash),
		TopicHost, "", "torrents ", "Torrents", "torrent/", "torrent/demo", "torrent/demo/", "user/ben", "person/ben", "notices/ben",
	} {
		if f, ok := w.Feed(eve, topic); ok {
			t.Errorf("eve gets %q: %+v", topic, f)
		}
	}
	for _, topic := range []string{
		strings.ToUpper(mine), "torrent/demo/" + strings.ToUpper(full().Hash.String()), mine + "/", "torrent//" + full().Hash.String(),
		"torrent/%64emo/" + full().Hash.String(), "torrent/demo/x/" + full().Hash.String(), "torrent/%zz/" + full().Hash.String(),
	} {
		if _, ok := w.Feed(admin, topic); ok {
			t.Errorf("%q passes for a topic", topic)
		}
	}
	for _, p := range []account.Principal{admin, ben} {
		if _, ok := w.Feed(p, mine); !ok {
			t.Errorf("%s cannot open the torrent", string(p.User))
		}
	}
}

// Whoever is nobody, or of a role that this version does not know, sees nothing.
func TestNobody(t *testing.T) {
	w, _ := shared(t)
	for _, p := range []account.Principal{{}, {Role: account.RoleUser}, {User: "eve"}, {User: "eve", Role: "root"}} {
		for _, topic := range []string{TopicTorrents, TopicTotals, TopicLine, TopicHost, TopicNotices, TorrentTopic("demo", full().Hash)} {
			if _, ok := w.Feed(p, topic); ok {
				t.Errorf("role %q gets %s", p.Role, topic)
			}
		}
		if len(w.Boxes(p)) > 0 {
			t.Errorf("role %q is told of boxes", p.Role)
		}
	}
}

// People share a topic only if they see the same of it.
func TestViewsOfPrincipals(t *testing.T) {
	w := newWorld()
	second, posing := admin, eve
	second.User, posing.User = "bob", "admin"
	for _, topic := range []string{TopicTorrents, TopicTotals, TopicLine, TopicHost, TorrentTopic("a", state.Hash{})} {
		if w.View(admin, topic) != w.View(second, topic) {
			t.Errorf("two administrators do not share %s", topic)
		}
		if w.View(admin, topic) == w.View(posing, topic) || w.View(eve, topic) == w.View(ben, topic) {
			t.Errorf("two who see different things share %s", topic)
		}
	}
	if w.View(admin, TopicNotices) == w.View(second, TopicNotices) || w.View(eve, TopicNotices) == w.View(ben, TopicNotices) {
		t.Error("two people share their notices")
	}
}

// Ben's torrent is removed, and somebody adds one of the same hash: it is not
// ben's. Not even in the moment before the router knows.
func TestTorrentAddedAnewIsNotInherited(t *testing.T) {
	w, box := shared(t)
	f := w.feed(t, ben, TopicTorrents)
	first := w.since(f, nil)
	if !strings.Contains(string(first.Parts[0]), hashA) {
		t.Fatal("ben does not see his torrent")
	}
	details := w.feed(t, ben, TorrentTopic("demo", full().Hash))
	strangers := full()
	strangers.Name, strangers.Added = "secret", 99
	remove(t, box, strangers.Hash)
	put(t, box, strangers)
	expect(t, f.Since(first.Mark), false, "")
	expect(t, f.Since(nil), true, body("", ""))
	if u := details.Since(nil); !u.Gone {
		t.Errorf("ben is told the details of a stranger's torrent: %s", u.Parts)
	}
	expect(t, w.since(f, first.Mark), false, body("", "1"))
	if len(w.Boxes(ben)) != 0 {
		t.Error("the report has a stranger's torrent")
	}
}

// A grant is taken while the pages are open: the row goes, the details end, and
// what happens to the torrent later is not told.
func TestGrantTakenWhileOpen(t *testing.T) {
	w, box := shared(t)
	k := key("demo", full().Hash)
	w.give(k, full().Added, eve, owners.See)
	rows, details, line := w.feed(t, eve, TopicTorrents), w.feed(t, eve, TorrentTopic("demo", full().Hash)), w.feed(t, eve, TopicLine)
	u := w.since(rows, nil)
	woken := map[string]bool{}
	defer rows.Watch(func() { woken["rows"] = true })()
	defer details.Watch(func() { woken["details"] = true })()
	defer line.Watch(func() { woken["line"] = true })()
	if w.src.watched["demo"] == 0 {
		t.Error("the box of a torrent that is shown is not watched")
	}
	w.give(k, full().Added, eve, owners.None)
	u = w.since(rows, u.Mark)
	expect(t, u, false, body("", "1"))
	if !details.Since(nil).Gone || !woken["rows"] || !woken["details"] || !woken["line"] {
		t.Errorf("only these were told: %v", woken)
	}
	expect(t, line.Since(nil), true, `"boxes":[]`)
	if w.src.watched["demo"] != 0 {
		t.Error("a box is watched for somebody who has nothing there")
	}
	changed := full()
	changed.Name = "secret"
	put(t, box, changed)
	expect(t, w.since(rows, u.Mark), false, "")
	w.give(k, full().Added, eve, owners.See)
	if u = w.since(rows, u.Mark); u.Reset || !strings.Contains(string(u.Parts[0]), `{"id":2,"box":"demo"`) {
		t.Errorf("given again: %s", u.Parts)
	}
}

// What users are reported of a box is their torrents and how the daemon is.
func TestBoxesOfAUser(t *testing.T) {
	w, box := shared(t)
	put(t, box, state.Torrent{Hash: state.Hash{0xcd}, Name: "secret", Size: 7})
	update(t, box, func(tx *state.Tx) {
		tx.SetHost(state.Host{DiskTotal: 5})
		tx.SetSession(state.Session{Daemon: state.DaemonOK, Version: "3.00"})
	})
	w.add("other", 2)
	if got := w.Boxes(admin); len(got) != 2 || got[0].State != box {
		t.Errorf("an administrator sees %d boxes", len(got))
	}
	got := w.Boxes(ben)
	if len(got) != 1 || got[0].Name != "demo" {
		t.Fatalf("ben sees %d boxes", len(got))
	}
	s := got[0].State
	if s.Totals().Torrents != 1 || s.Totals().Size != 1 || s.Host() != (state.Host{}) || s.Session() != (state.Session{Daemon: state.DaemonOK}) {
		t.Errorf("ben's part has %+v, %+v, %+v", s.Totals(), s.Host(), s.Session())
	}
	if _, ok := s.Get(state.Hash{0xcd}); ok {
		t.Error("ben's part has a stranger's torrent")
	}
}

func FuzzTopic(f *testing.F) {
	for _, s := range []string{"", "torrent/", "torrent/a/", TorrentTopic("vps", full().Hash), TorrentTopic("a b/%", state.Hash{}), "torrent/%41/" + hashA} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, topic string) {
		k, ok := parseTopic(topic)
		if ok && TorrentTopic(k.Box, k.Hash) != topic {
			t.Fatalf("%q passes for %v", topic, k)
		}
		if back, ok := parseTopic(TorrentTopic(topic, state.Hash{1})); topic != "" && (!ok || back.Box != topic) {
			t.Fatalf("the box %q is not found again", topic)
		}
	})
}

// A page looks in the very moment when another torrent stands in for one of its
// own. When its own is back nothing of what it did not see is missing.
func TestNothingIsLostBehindAStranger(t *testing.T) {
	w, box := shared(t)
	f := w.feed(t, ben, TopicTorrents)
	before := w.since(f, nil)
	mine := full()
	mine.Left = 77
	strangers := mine
	strangers.Added = 99
	put(t, box, mine)
	w.step()
	put(t, box, strangers)
	meanwhile := f.Since(before.Mark)
	expect(t, meanwhile, false, "")
	put(t, box, mine)
	if u := w.since(f, meanwhile.Mark); len(u.Parts) != 1 || !strings.Contains(string(u.Parts[0]), `"left":77`) {
		t.Errorf("told %s", u.Parts)
	}
}
