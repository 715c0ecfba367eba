package transmission

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"offing/tunnel/state"
)

const testHash = "0123456789abcdef0123456789ABCDEF01234567"

// Versions differ in the form of numbers and truths, and in the order of
// everything.
func TestTolerantListing(t *testing.T) {
	l, err := decodeListing(strings.NewReader(`{
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
		l, err := decodeListing(strings.NewReader(text))
		if !errors.Is(err, ErrNotTransmission) && name != "cut short" || err == nil {
			t.Errorf("%s: got %v", name, err)
		}
		if len(l.Rows) != 0 || len(l.Removed) != 0 {
			t.Errorf("%s: something is left of it: %+v", name, l)
		}
	}
}

func TestTolerantSession(t *testing.T) {
	s, err := decodeSession(strings.NewReader(
		`{"arguments":{"version":"4.1.0 (x)","rpc-version":18.0,"alt-speed-enabled":1,"download-dir":"/d","speed-limit-down":100.0},"result":"success"}`))
	if want := (Session{"4.1.0 (x)", 18, "/d", true}); err != nil || s != want {
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

// What the decoders accept is of bounded size and within the ranges that the
// state promises; what they refuse, they refuse with nothing left.
func FuzzDecode(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := decodeSession(bytes.NewReader(b)); err == nil && !json.Valid(firstValue(b)) {
			t.Error("a session of what is no JSON")
		}
		l, err := decodeListing(bytes.NewReader(b))
		if err != nil && (l.Rows != nil || l.Removed != nil) {
			t.Error("an error, and a listing")
		}
		if len(l.Rows)+len(l.Removed) > len(b) {
			t.Errorf("%d rows of %d bytes", len(l.Rows), len(b))
		}
		for _, r := range l.Rows {
			if r.Torrent.Metadata > state.Whole || r.Torrent.Checked > state.Whole {
				t.Errorf("more than the whole: %+v", r)
			}
			if r.Torrent.Error == state.NoError && r.Torrent.ErrorText != "" {
				t.Errorf("an error's text without an error: %+v", r)
			}
		}
	})
}

func firstValue(b []byte) []byte {
	var v json.RawMessage
	if json.NewDecoder(bytes.NewReader(b)).Decode(&v) != nil {
		return nil
	}
	return v
}
