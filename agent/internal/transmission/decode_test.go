package transmission

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"offing/tunnel/state"
)

const testHash = "0123456789abcdef0123456789ABCDEF01234567"

// Versions differ in the form of numbers and truths, and in the order of
// everything.
func TestTolerantListing(t *testing.T) {
	l, err := decodeListing([]byte(`{
		"tag": null, "result": "success",
		"arguments": {
			"torrents": [
				["id", "rateDownload", "hashString", "name", "news", "error", "errorString", "metadataPercentComplete",
				 "recheckProgress", "status", "leftUntilDone", "doneDate", "labels", "peersConnected", "queuePosition"],
				[7.0, 1e3, "` + testHash + `", "a\u00e4\n", {"x": [1]}, true, "why", 0.99999, 0.5, 2, 1, 1700000000, ["x", "y"], 99999999999, null],
				[8, 0, "` + testHash + `", "", null, 0, "stale", 1, 0.5, 6, 0.0, 1700000000, [], 0, 4]
			],
			"removed": [3, 4.0], "more": {}
		}}`))
	if err != nil {
		t.Fatal(err)
	}
	hash, _ := state.ParseHash(testHash)
	want := Listing{Removed: []int64{3, 4}, Rows: []Row{
		{7, state.Torrent{Hash: hash, Name: "aä\n", RateDown: 1000, Error: state.TrackerWarning, ErrorText: "why",
			Metadata: 9999, Checked: 5000, Status: state.Checking, Left: 1, Labels: []string{"x", "y"}, Peers: 1<<31 - 1}},
		{8, state.Torrent{Hash: hash, Metadata: state.Whole, Status: state.Seeding, Done: 1700000000, Queue: 4}},
	}}
	if !reflect.DeepEqual(l, want) {
		t.Errorf("got  %+v\nwant %+v", l, want)
	}
}

func TestMalformedListing(t *testing.T) {
	table := func(rows string) string {
		return `{"result":"success","arguments":{"torrents":[["id","hashString","status"],` + rows + `]}}`
	}
	for name, text := range map[string]string{
		"nothing":       ``,
		"no object":     `17`,
		"cut short":     `{"result":"success"`,
		"objects":       `{"result":"success","arguments":{"torrents":[{"id":1}]}}`,
		"no identity":   `{"result":"success","arguments":{"torrents":[["id","name"],[1,"x"]]}}`,
		"two ids":       `{"result":"success","arguments":{"torrents":[["id","id"]]}}`,
		"no id":         `{"result":"success","arguments":{"torrents":[["hashString","status"]]}}`,
		"short row":     table(`[1]`),
		"long row":      table(`[1,"` + testHash + `",0,0]`),
		"bad hash":      table(`[1,"012",0]`),
		"bad status":    table(`[1,"` + testHash + `",256]`),
		"bad number":    table(`["one","` + testHash + `",0]`),
		"huge number":   table(`[1e300,"` + testHash + `",0]`),
		"bad removed":   `{"result":"success","arguments":{"removed":["x"]}}`,
		"many columns":  `{"result":"success","arguments":{"torrents":[[` + strings.Repeat(`"x",`, maxColumns) + `"id","hashString"]]}}`,
		"bad arguments": `{"result":"success","arguments":[]}`,
	} {
		l, err := decodeListing([]byte(text))
		if !errors.Is(err, ErrNotTransmission) {
			t.Errorf("%s: got %v", name, err)
		}
		if len(l.Rows) != 0 || len(l.Removed) != 0 {
			t.Errorf("%s: something is left of it: %+v", name, l)
		}
	}
}

func TestTolerantSession(t *testing.T) {
	s, err := decodeSession([]byte(
		`{"arguments":{"version":"4.1.0 (x)","rpc-version":18.0,"alt-speed-enabled":1,"download-dir":"/d","speed-limit-down":100.0},"result":"success"}`))
	if want := (Session{"4.1.0 (x)", 18, "/d", true, state.Settings{DownloadDir: "/d", DownLimit: 100_000}}); err != nil || s != want {
		t.Errorf("got %+v, %v", s, err)
	}
}

// seeds are the answers of real daemons and their neighbours.
func seeds(t testing.TB) [][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/answers/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no seed corpus: %v", err)
	}
	var all [][]byte
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// hardTexts are answers in which one cell, or one place between two, is hard to
// read or wrong.
func hardTexts() (all [][]byte) {
	for _, cell := range []string{
		`null`, `true`, `false`, `"x"`, `"\u00e4\n\/\""`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83dx"`, `"\uZZZZ"`, `"\u12"`,
		"\"\\u\x11\x12\x13\x14\"", "\"\xff\xfe\"", "\"a\x00b\"", "\"a\nb\"", "\"\u2028\"", `"\x"`, `"open`, `'x'`, `""`,
		`0`, `-0`, `-`, `01`, `1.`, `.5`, `1.5`, `1e5`, `1E+2`, `1e`, `1e400`, `-7`, `+7`, `99999999999`, `9223372036854775807`,
		`9223372036854775808`, `18446744073709551616`, `0x10`, `1_000`, `NaN`, `Infinity`, `tru`, `nullx`, `1 2`, ``, ` 1 `,
		`[]`, `[ ]`, `["a","b"]`, `["a",]`, `[,]`, `["a" "b"]`, `[null]`, `[1]`, `["\u0061"]`, "[\"\xff\"]", `["a"`, `[[[]]]`,
		`{}`, `{"a":1}`, `{"a":1,}`, `{"a"}`, `{"a" 1}`, `{a:1}`, `{"a":[{"b":null}]}`, `{]`, `"` + testHash + `"`, `"\u00301` + testHash[2:] + `"`,
	} {
		for _, column := range []string{
			"name", "labels", "errorString", "rateUpload", "peersConnected", "recheckProgress", "status", "news", "downloadDir", "trackers",
			"trackerList", "isPrivate", "downloadLimit", "bandwidthPriority",
		} {
			all = append(all, fmt.Appendf(nil, `{"result":"success","arguments":{"torrents":[["id","hashString",%q,"error"],[1,%q,%s,2],[1,%q,%s,0]]}}`,
				column, testHash, cell, testHash, cell))
		}
		for _, form := range []string{
			`{"result":"success","arguments":{"torrents":[["id","hashString"],[1,%s]],"removed":[3]}}`, `%s`,
			`{"result":"success","arguments":{"removed":[%s]}}`, `{"result":%s}`, `{"arguments":%s,"result":"success"}`,
			`{"result":"success","more":%s}`, `{"result":"success"}%s`, `{%s:1,"result":"success"}`,
			`{"result":"success","arguments":{"torrents":%s}}`, `{"result":"success","arguments":{"torrents":[%s]}}`,
			`{"result":"success","arguments":{"torrents":[["id","hashString",%s]]}}`,
			`{"result":"success","arguments":{"torrents":[["id","hashString"],%s]}}`,
		} {
			all = append(all, fmt.Appendf(nil, form, cell))
		}
	}
	return append(all, []byte(`{"re\u0073ult":"succ\u0065ss","argument\u0073":{"torrents":[["\u0069d","hashString"]]},"result":null}`))
}

// decodeListing reads an answer of which nothing is known.
func decodeListing(text []byte) (Listing, error) {
	var l Listing
	t := table{into: &l}
	err := t.decode(text)
	return l, err
}

// The decoders accept and refuse what encoding/json does, and read the same out
// of it, whatever is known already; what they accept is within the ranges that
// the state promises, and what they refuse, they refuse with nothing left.
func FuzzDecode(f *testing.F) {
	for _, b := range append(seeds(f), hardTexts()...) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := decodeSession(b); err == nil && !json.Valid(firstValue(b)) {
			t.Error("a session of what is no JSON")
		}
		l, err := decodeListing(b)
		if err != nil && len(l.Rows)+len(l.Removed) != 0 {
			t.Error("an error, and a listing")
		}
		checkRanges(t, &l)
		want, wantErr := referenceListing(b)
		compare(t, &l, err, &want, wantErr)

		// The same as an answer about what moves, which needs no hash.
		moving := table{moving: true, into: &Listing{}}
		if movingErr := moving.decode(b); err == nil && (movingErr != nil || len(moving.into.Rows) != len(l.Rows)) {
			t.Errorf("what moves: %v", movingErr)
		}
		checkRanges(t, moving.into)

		// Once more, with the memory of the first answer and knowing the torrents.
		known := make(map[int64]*state.Torrent)
		for i := range want.Rows {
			known[want.Rows[i].ID] = &want.Rows[i].Torrent
		}
		again := table{into: &l, known: func(id int64) *state.Torrent { return known[id] }}
		err = again.decode(b)
		compare(t, &l, err, &want, wantErr)
	})
}

// compare fails when a listing is not the wanted one.
func compare(t *testing.T, l *Listing, err error, want *Listing, wantErr error) {
	t.Helper()
	for _, kind := range []error{ErrNotTransmission, ErrRefused, nil} {
		if errors.Is(err, kind) != errors.Is(wantErr, kind) {
			t.Fatalf("got %v, want %v", err, wantErr)
		}
	}
	if !slices.EqualFunc(l.Rows, want.Rows, func(a, b Row) bool { return reflect.DeepEqual(a, b) }) || !slices.Equal(l.Removed, want.Removed) {
		t.Fatalf("got  %+v\nwant %+v", l, want)
	}
}

func checkRanges(t *testing.T, l *Listing) {
	t.Helper()
	for _, r := range l.Rows {
		if r.Torrent.Metadata > state.Whole || r.Torrent.Checked > state.Whole {
			t.Errorf("more than the whole: %+v", r)
		}
		if r.Torrent.Error == state.NoError && r.Torrent.ErrorText != "" {
			t.Errorf("an error's text without an error: %+v", r)
		}
	}
}

func firstValue(b []byte) []byte {
	var v json.RawMessage
	if json.NewDecoder(bytes.NewReader(b)).Decode(&v) != nil {
		return nil
	}
	return v
}
