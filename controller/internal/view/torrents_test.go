package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"offing/tunnel/state"
)

const (
	hashA = "ab00000000000000000000000000000000000001"
	hashB = "cd00000000000000000000000000000000000000"

	goldenFull = `{"box":"demo","hash":"` + hashA + `","name":"débian \"13\"\u000a.iso","status":"downloading","error":"gone","error_kind":2,` +
		`"size":1,"left":2,"metadata":3,"checked":4,"rate_down":5,"rate_up":6,"downloaded":7,"uploaded":8,"peers":9,` +
		`"peers_sending":10,"peers_getting":11,"web_seeds":12,"added":13,"done":14,"queue":15,"labels":["linux","tv"]}`
	goldenEmpty = `"status":"stopped","error":"","error_kind":0,"size":0,"left":0,"metadata":0,"checked":0,"rate_down":0,"rate_up":0,` +
		`"downloaded":0,"uploaded":0,"peers":0,"peers_sending":0,"peers_getting":0,"web_seeds":0,"added":0,"done":0,"queue":0,"labels":[]}`
)

func body(rows, removed string) string { return `"rows":[` + rows + `],"removed":[` + removed + `]` }

func TestResetHasAllFields(t *testing.T) {
	var s source
	put(t, s.add("demo", 1), full())
	u := s.feed(t, admin, TopicTorrents).Since(nil)
	expect(t, u, true, body(goldenFull, ""))
}

func TestResetOfNothing(t *testing.T) {
	var s source
	f := s.feed(t, admin, TopicTorrents)
	u := f.Since(nil)
	expect(t, u, true, body("", ""))
	expect(t, f.Since(u.Mark), false, "")
}

// TestRowHasOnlyWhatChanged changes each field alone, to that of full.
func TestRowHasOnlyWhatChanged(t *testing.T) {
	members := map[state.Fields]string{
		state.FieldName: `"name":"débian \"13\"\u000a.iso"`, state.FieldStatus: `"status":"downloading"`,
		state.FieldError: `"error":"gone","error_kind":2`, state.FieldSize: `"size":1`, state.FieldLeft: `"left":2`,
		state.FieldMetadata: `"metadata":3`, state.FieldChecked: `"checked":4`, state.FieldRateDown: `"rate_down":5`,
		state.FieldRateUp: `"rate_up":6`, state.FieldDownloaded: `"downloaded":7`, state.FieldUploaded: `"uploaded":8`,
		state.FieldPeers: `"peers":9`, state.FieldPeersSending: `"peers_sending":10`, state.FieldPeersGetting: `"peers_getting":11`,
		state.FieldWebSeeds: `"web_seeds":12`, state.FieldAdded: `"added":13`, state.FieldDone: `"done":14`,
		state.FieldQueue: `"queue":15`, state.FieldLabels: `"labels":["linux","tv"]`,
	}
	var s source
	box := s.add("demo", 1)
	now, target := state.Torrent{Hash: full().Hash}, full()
	put(t, box, now)
	f := s.feed(t, admin, TopicTorrents)
	mark := f.Since(nil).Mark
	for bit := state.Fields(1); bit&state.AllFields != 0; bit <<= 1 {
		now.Merge(bit, &target)
		put(t, box, now)
		u := f.Since(mark)
		expect(t, u, false, body(`{"box":"demo","hash":"`+hashA+`",`+members[bit]+`}`, ""))
		mark = u.Mark
	}
	expect(t, f.Since(mark), false, "")
}

func TestRemoved(t *testing.T) {
	var s source
	box := s.add("demo", 1)
	other := state.Torrent{Hash: state.Hash{0xcd}}
	put(t, box, full(), other)
	f := s.feed(t, admin, TopicTorrents)
	before := f.Since(nil).Mark
	update(t, box, func(tx *state.Tx) { tx.Remove(full().Hash); tx.Remove(other.Hash) })
	u := f.Since(before)
	expect(t, u, false, body("", `["demo","`+hashB+`"],["demo","`+hashA+`"]`))
	put(t, box, other)
	expect(t, f.Since(u.Mark), false, body(`{"box":"demo","hash":"`+hashB+`","name":"",`+goldenEmpty, ""))
}

func TestSeveralBoxes(t *testing.T) {
	var s source
	a := s.add("a", 1)
	b := s.add(`b"`, 2)
	one := state.Torrent{Hash: full().Hash, Name: "one"}
	put(t, a, one)
	put(t, b, one)
	f := s.feed(t, admin, TopicTorrents)
	row := func(box string) string {
		return `{"box":` + box + `,"hash":"` + hashA + `","name":"one",` + goldenEmpty
	}
	u := f.Since(nil)
	expect(t, u, true, body(row(`"a"`)+","+row(`"b\""`), ""))

	one.Left = 9
	put(t, b, one)
	update(t, a, func(tx *state.Tx) { tx.Remove(one.Hash) })
	u = f.Since(u.Mark)
	expect(t, u, false, body(`{"box":"b\"","hash":"`+hashA+`","left":9}`, `["a","`+hashA+`"]`))

	// A further box brings its rows, and leaves the others alone.
	c := s.add("c", 3)
	u = f.Since(u.Mark)
	expect(t, u, false, "")
	one.Left = 0
	put(t, c, one)
	u = f.Since(u.Mark)
	expect(t, u, false, body(row(`"c"`), ""))

	// One that goes, or comes back as another, takes its rows with it.
	s.boxes = s.boxes[2:]
	u = f.Since(u.Mark)
	expect(t, u, true, body(row(`"c"`), ""))
	s.boxes = nil
	put(t, s.add("c", 4), state.Torrent{Hash: one.Hash, Name: "two"})
	expect(t, f.Since(u.Mark), true, body(strings.Replace(row(`"c"`), "one", "two", 1), ""))
}

// What has nothing to do with torrents moves the mark and sends nothing.
func TestOtherChangesAreNoRows(t *testing.T) {
	var s source
	box := s.add("demo", 1)
	put(t, box, full())
	f := s.feed(t, admin, TopicTorrents)
	u := f.Since(nil)
	update(t, box, func(tx *state.Tx) { tx.SetHost(state.Host{CPU: 1}) })
	u = f.Since(u.Mark)
	expect(t, u, false, "")
	if at := u.Mark.(versions)["demo"]; at != box.Version() {
		t.Errorf("the mark stays at %v of %v", at, box.Version())
	}
}

// A box that has forgotten removals since the mark cannot tell the difference.
func TestForgottenRemovalsAreReset(t *testing.T) {
	var s source
	box := s.add("demo", 1)
	put(t, box, full())
	f := s.feed(t, admin, TopicTorrents)
	before := f.Since(nil).Mark
	update(t, box, func(tx *state.Tx) {
		for i := range 5000 {
			tx.Put(&state.Torrent{Hash: state.Hash{byte(i), byte(i >> 8), 1}})
		}
	})
	update(t, box, func(tx *state.Tx) { tx.Keep(func(h state.Hash) bool { return h == full().Hash }) })
	expect(t, f.Since(before), true, body(goldenFull, ""))
}

func TestManyRowsComeInParts(t *testing.T) {
	var s source
	box := s.add("demo", 1)
	const many = 3000
	update(t, box, func(tx *state.Tx) {
		for i := range many {
			tx.Put(&state.Torrent{Hash: state.Hash{byte(i), byte(i >> 8)}, Name: fmt.Sprint(i)})
		}
	})
	u := s.feed(t, admin, TopicTorrents).Since(nil)
	seen := make(map[string]bool)
	for i, part := range u.Parts {
		if len(part) > partSize+1024 || i < len(u.Parts)-1 && len(part) < partSize {
			t.Errorf("part %d of %d has %d bytes", i, len(u.Parts), len(part))
		}
		var rows struct{ Rows []struct{ Hash string } }
		if err := json.Unmarshal(fmt.Appendf(nil, "{%s}", part), &rows); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows.Rows {
			seen[r.Hash] = true
		}
	}
	if len(u.Parts) < 3 || len(seen) != many {
		t.Errorf("%d torrents in %d parts", len(seen), len(u.Parts))
	}
}

func TestUsersSeeNoTorrents(t *testing.T) {
	var s source
	box := s.add("demo", 1)
	put(t, box, full())
	f := s.feed(t, user, TopicTorrents)
	u := f.Since(nil)
	expect(t, u, true, body("", ""))
	changed := full()
	changed.Left, changed.Name = 9, "secret"
	put(t, box, changed)
	u = f.Since(u.Mark)
	expect(t, u, false, "")
	update(t, box, func(tx *state.Tx) { tx.Remove(changed.Hash) })
	expect(t, f.Since(u.Mark), false, "")
	put(t, s.add("new", 2), full())
	expect(t, f.Since(u.Mark), false, "")
	if boxes := New(&s).Boxes(user); len(boxes) != 0 {
		t.Errorf("a user sees all of %d boxes", len(boxes))
	}
}

func TestViewsOfPrincipals(t *testing.T) {
	v := New(&source{})
	other, posing := user, user
	other.User, posing.User = "mallory", "admin"
	if v.View(admin) == v.View(posing) || v.View(user) == v.View(other) {
		t.Error("two principals who see different things share a view")
	}
	if _, ok := v.Feed(admin, "torrents "); ok {
		t.Error("there is a topic of another name")
	}
}

func TestWatching(t *testing.T) {
	var s source
	f := s.feed(t, admin, TopicTorrents)
	for _, w := range []bool{true, true, false, false, true} {
		f.Watched(w)
		if want := map[bool]int{true: 1}[w]; s.watched != want {
			t.Fatalf("watched %d times, want %d", s.watched, want)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", `"\/`, "\x00\x1f\x7f", "\u2028é😀", "\xff\xed\xa0\x80", "</script>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := appendString(nil, s)
		var back string
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if want := string([]rune(s)); back != want { // what is not UTF-8 becomes U+FFFD
			t.Fatalf("%q came back as %q", want, back)
		}
		if i := bytes.IndexFunc(b, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
			t.Fatalf("%q has a control character", b)
		}
	})
}
