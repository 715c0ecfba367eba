package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

const (
	hashA = "ab00000000000000000000000000000000000001"
	hashB = "cd00000000000000000000000000000000000000"

	goldenFull = `"box":"demo","hash":"` + hashA + `","name":"débian \"13\"\u000a.iso","status":"downloading","error":"gone","error_kind":2,` +
		`"size":1,"left":2,"metadata":3,"checked":4,"rate_down":5,"rate_up":6,"downloaded":7,"uploaded":8,"peers":9,` +
		`"peers_sending":10,"peers_getting":11,"web_seeds":12,"added":13,"done":14,"queue":15,"labels":["linux","tv"],`
	goldenEmpty = `"status":"stopped","error":"","error_kind":0,"size":0,"left":0,"metadata":0,"checked":0,"rate_down":0,"rate_up":0,` +
		`"downloaded":0,"uploaded":0,"peers":0,"peers_sending":0,"peers_getting":0,"web_seeds":0,"added":0,"done":0,"queue":0,"labels":[],`
	unownedRow = `"access":"own","owners":[]}`
)

func body(rows, removed string) string { return `"rows":[` + rows + `],"removed":[` + removed + `]` }

func TestResetHasAllFields(t *testing.T) {
	w := newWorld()
	put(t, w.add("demo", 1), full())
	expect(t, w.since(w.feed(t, admin, TopicTorrents), nil), true, body(`{"id":1,`+goldenFull+unownedRow, ""))
}

func TestResetOfNothing(t *testing.T) {
	w := newWorld()
	f := w.feed(t, admin, TopicTorrents)
	u := w.since(f, nil)
	expect(t, u, true, body("", ""))
	expect(t, w.since(f, u.Mark), false, "")
}

// TestRowHasOnlyWhatChanged changes each field alone, to that of full.
func TestRowHasOnlyWhatChanged(t *testing.T) {
	members := map[state.Fields]string{
		state.FieldName: `"name":"débian \"13\"\u000a.iso"`, state.FieldStatus: `"status":"downloading"`,
		state.FieldError: `"error":"gone","error_kind":2`, state.FieldSize: `"size":1`, state.FieldLeft: `"left":2`,
		state.FieldMetadata: `"metadata":3`, state.FieldChecked: `"checked":4`, state.FieldRateDown: `"rate_down":5`,
		state.FieldRateUp: `"rate_up":6`, state.FieldDownloaded: `"downloaded":7`, state.FieldUploaded: `"uploaded":8`,
		state.FieldPeers: `"peers":9`, state.FieldPeersSending: `"peers_sending":10`, state.FieldPeersGetting: `"peers_getting":11`,
		state.FieldWebSeeds: `"web_seeds":12`, state.FieldDone: `"done":14`,
		state.FieldQueue: `"queue":15`, state.FieldLabels: `"labels":["linux","tv"]`,
	}
	w := newWorld()
	box := w.add("demo", 1)
	now, target := state.Torrent{Hash: full().Hash}, full()
	put(t, box, now)
	f := w.feed(t, admin, TopicTorrents)
	mark := w.since(f, nil).Mark
	for bit := state.Fields(1); bit&state.AllFields != 0; bit <<= 1 {
		if bit == state.FieldAdded {
			continue // it makes the torrent another one, see TestAnotherTorrentUnderTheSameHash
		}
		now.Merge(bit, &target)
		put(t, box, now)
		u := w.since(f, mark)
		if members[bit] == "" { // no row has it
			expect(t, u, false, "")
			continue
		}
		expect(t, u, false, body(`{"id":1,`+members[bit]+`}`, ""))
		mark = u.Mark
	}
	expect(t, w.since(f, mark), false, "")
}

func TestRemoved(t *testing.T) {
	w := newWorld()
	box := w.add("demo", 1)
	other := state.Torrent{Hash: state.Hash{0xcd}}
	put(t, box, full(), other)
	f := w.feed(t, admin, TopicTorrents)
	before := w.since(f, nil).Mark
	remove(t, box, full().Hash)
	remove(t, box, other.Hash)
	u := w.since(f, before)
	expect(t, u, false, body("", "2,1"))
	put(t, box, other) // under a new id
	expect(t, w.since(f, u.Mark), false, body(`{"id":3,"box":"demo","hash":"`+hashB+`","name":"",`+goldenEmpty+unownedRow, ""))
}

// A torrent under the hash of another has all its members told.
func TestAnotherTorrentUnderTheSameHash(t *testing.T) {
	w := newWorld()
	box := w.add("demo", 1)
	old := full()
	old.Added = 12
	put(t, box, old)
	f := w.feed(t, admin, TopicTorrents)
	before := w.since(f, nil).Mark
	put(t, box, full())
	expect(t, w.since(f, before), false, body(`{"id":1,`+goldenFull+unownedRow, ""))
}

func TestSeveralBoxes(t *testing.T) {
	w := newWorld()
	a := w.add("a", 1)
	b := w.add(`b"`, 2)
	one := state.Torrent{Hash: full().Hash, Name: "one"}
	put(t, a, one)
	put(t, b, one)
	f := w.feed(t, admin, TopicTorrents)
	row := func(id int, box string) string {
		return fmt.Sprintf(`{"id":%d,"box":%s,"hash":"`, id, box) + hashA + `","name":"one",` + goldenEmpty + unownedRow
	}
	u := w.since(f, nil)
	if rows := string(u.Parts[0]); !strings.Contains(rows, `"box":"a"`) || !strings.Contains(rows, `"box":"b\""`) {
		t.Fatal(rows)
	}
	// Which of the two is the first is left open.
	idA, idB := 1, 2
	if strings.Contains(string(u.Parts[0]), row(2, `"a"`)) {
		idA, idB = 2, 1
	}

	one.Left = 9
	put(t, b, one)
	remove(t, a, one.Hash)
	u = w.since(f, u.Mark)
	expect(t, u, false, body(fmt.Sprintf(`{"id":%d,"left":9}`, idB), fmt.Sprint(idA)))

	// A further box brings its rows, and leaves the others alone.
	c := w.add("c", 3)
	u = w.since(f, u.Mark)
	expect(t, u, false, "")
	one.Left = 0
	put(t, c, one)
	u = w.since(f, u.Mark)
	expect(t, u, false, body(row(3, `"c"`), ""))

	// One that goes, or comes back as another, takes its rows with it.
	w.src.boxes = w.src.boxes[2:]
	u = w.since(f, u.Mark)
	expect(t, u, false, body("", fmt.Sprint(idB)))
	w.src.boxes = nil
	put(t, w.add("c", 4), state.Torrent{Hash: one.Hash, Name: "two"})
	expect(t, w.since(f, u.Mark), false, body(strings.Replace(row(4, `"c"`), "one", "two", 1), "3"))
}

// What has nothing to do with torrents sends nothing.
func TestOtherChangesAreNoRows(t *testing.T) {
	w := newWorld()
	box := w.add("demo", 1)
	put(t, box, full())
	f := w.feed(t, admin, TopicTorrents)
	u := w.since(f, nil)
	update(t, box, func(tx *state.Tx) { tx.SetHost(state.Host{CPU: 1}) })
	u = w.since(f, u.Mark)
	expect(t, u, false, "")
	if at := u.Mark.(rowsMark).routed.of(1); at != box.Version().Seq {
		t.Errorf("the mark stays at %v of %v", at, box.Version())
	}
}

// A box that has forgotten what was removed is looked through.
func TestForgottenRemovals(t *testing.T) {
	w := newWorld()
	box := w.add("demo", 1)
	put(t, box, full(), state.Torrent{Hash: state.Hash{0xcd}})
	f := w.feed(t, admin, TopicTorrents)
	before := w.since(f, nil).Mark
	remove(t, box, state.Hash{0xcd})
	for range 2 {
		update(t, box, func(tx *state.Tx) {
			for i := range 5000 {
				tx.Put(&state.Torrent{Hash: state.Hash{byte(i), byte(i >> 8), 1}})
			}
		})
		update(t, box, func(tx *state.Tx) { tx.Keep(func(h state.Hash) bool { return h == full().Hash }) })
	}
	expect(t, w.since(f, before), false, body("", "2"))
}

// A view that has forgotten what has gone from it cannot tell the difference.
func TestForgottenRowsAreReset(t *testing.T) {
	w := newWorld()
	box := w.add("demo", 1)
	put(t, box, full())
	f := w.feed(t, admin, TopicTorrents)
	old := w.since(f, nil).Mark
	update(t, box, func(tx *state.Tx) {
		for i := range maxGone + 1 {
			tx.Put(&state.Torrent{Hash: state.Hash{byte(i), byte(i >> 8), 1}})
		}
	})
	young := w.since(f, old).Mark
	for i := range maxGone {
		remove(t, box, state.Hash{byte(i), byte(i >> 8), 1})
	}
	if u := w.since(f, young); u.Reset || len(u.Parts) != 1 {
		t.Fatalf("reset %v in %d parts", u.Reset, len(u.Parts))
	}
	remove(t, box, state.Hash{maxGone & 0xff, maxGone >> 8, 1})
	expect(t, w.since(f, young), true, body(`{"id":1,`+goldenFull+unownedRow, ""))
}

func TestManyRowsComeInParts(t *testing.T) {
	w := newWorld()
	box := w.add("demo", 1)
	const many = 3000
	update(t, box, func(tx *state.Tx) {
		for i := range many {
			tx.Put(&state.Torrent{Hash: state.Hash{byte(i), byte(i >> 8)}, Name: fmt.Sprint(i)})
		}
	})
	u := w.since(w.feed(t, admin, TopicTorrents), nil)
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

// What a torrent's owners and a user's access are is in the rows.
func TestRowsTellAccess(t *testing.T) {
	w := newWorld()
	box := w.add("demo", 1)
	put(t, box, full())
	k := key("demo", full().Hash)
	w.give(k, 13, eve, owners.See)
	w.give(k, 13, ben, owners.Own)
	all, hers := w.feed(t, admin, TopicTorrents), w.feed(t, eve, TopicTorrents)
	one, two := w.since(all, nil), w.since(hers, nil)
	expect(t, one, true, body(`{"id":1,`+goldenFull+`"access":"own","owners":["ben"]}`, ""))
	expect(t, two, true, body(`{"id":1,`+goldenFull+`"access":"see"}`, ""))
	w.give(k, 13, eve, owners.Act)
	two = w.since(hers, two.Mark)
	expect(t, two, false, body(`{"id":1,"access":"act"}`, ""))
	w.give(k, 13, eve, owners.Own)
	expect(t, w.since(all, one.Mark), false, body(`{"id":1,"access":"own","owners":["ben","eve"]}`, ""))
	expect(t, w.since(hers, two.Mark), false, body(`{"id":1,"access":"own"}`, ""))
}

// A mark of a view that is no longer kept brings all rows: ids have begun anew.
func TestMarkOfAnOldView(t *testing.T) {
	w := newWorld()
	put(t, w.add("demo", 1), full())
	f := w.feed(t, admin, TopicTorrents)
	old := w.since(f, nil).Mark
	w.Views.mu.Lock()
	for _, table := range w.tables {
		table.left = table.left.Add(-linger)
	}
	w.sweepAt = w.sweepAt.Add(-linger)
	w.Views.mu.Unlock()
	w.step()
	if s := w.Stats(); s.Views != 0 || len(w.boxes["demo"].holders) != 0 {
		t.Fatalf("a view at which nobody looks is kept: %+v", s)
	}
	expect(t, w.since(f, old), true, body(`{"id":1,`+goldenFull+unownedRow, ""))
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
