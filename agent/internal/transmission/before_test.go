package transmission

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"offing/tunnel/state"
)

// announceAnswer is an answer with one column beside the id and the hash, and its
// cell for each torrent.
func announceAnswer(column string, cells ...string) []byte {
	b := fmt.Appendf(nil, `{"result":"success","arguments":{"torrents":[["id","hashString",%q]`, column)
	for i, cell := range cells {
		b = fmt.Appendf(b, `,[%d,"%040x",%s]`, i+1, i+1, cell)
	}
	return append(b, "]}}"...)
}

// asObjects and asList are the daemon's two forms of announce URLs.
func asObjects(urls ...string) string {
	var cells []string
	for i, u := range urls {
		text, _ := json.Marshal(u)
		cells = append(cells, fmt.Sprintf(`{"announce":%s,"id":%d,"scrape":"","sitename":"x","tier":%d}`, text, 17*i, i))
	}
	return "[" + strings.Join(cells, ",") + "]"
}

func asList(urls ...string) string {
	text, _ := json.Marshal(strings.Join(urls, "\n\n") + "\n")
	return string(text)
}

// TestAnnounceURLs reads both forms, and shares what is equal: with the torrent as
// it was known, and with other torrents of the answer.
func TestAnnounceURLs(t *testing.T) {
	many := make([]string, state.MaxURLs+3)
	for i := range many {
		many[i] = fmt.Sprint("udp://", i)
	}
	for _, urls := range [][]string{
		nil, {"https://a.example/announce"}, {"https://a.example/announce", "udp://b.example:1"}, {`http://a/"\`, "http://b/\u00fc"},
		{"http://a/\\n", "n"}, many,
	} {
		want := urls[:min(len(urls), state.MaxURLs)]
		for column, cell := range map[string]string{"trackers": asObjects(urls...), "trackerList": asList(urls...)} {
			first, err := decodeListing(announceAnswer(column, cell, cell))
			if err != nil || !slices.Equal(first.Rows[0].Torrent.Trackers, want) {
				t.Errorf("%s %q: %v (%v)", column, urls, first.Rows, err)
				continue
			}
			a, b := first.Rows[0].Torrent.Trackers, first.Rows[1].Torrent.Trackers
			if unsafe.SliceData(a) != unsafe.SliceData(b) {
				t.Errorf("%s %q: two torrents do not share them", column, urls)
			}
			plain := !strings.Contains(cell, `\\`) && !strings.Contains(cell, `\"`) && len(urls) <= state.MaxURLs
			again, err := decodeKnown(announceAnswer(column, cell), &first.Rows[0].Torrent)
			got := again.Rows[0].Torrent.Trackers
			if err != nil || !slices.Equal(got, want) || plain && unsafe.SliceData(got) != unsafe.SliceData(a) {
				t.Errorf("%s %q: known they become %q (%v)", column, urls, got, err)
			}
			for _, known := range [][]string{append(slices.Clone(want), "more"), want[:max(len(want)-1, 0)], {"other"}, nil} {
				again, err := decodeKnown(announceAnswer(column, cell), &state.Torrent{Trackers: known})
				if got := again.Rows[0].Torrent.Trackers; err != nil || !slices.Equal(got, want) {
					t.Errorf("%s %q: after %q they are %q (%v)", column, urls, known, got, err)
				}
			}
		}
	}
}

func decodeKnown(text []byte, known *state.Torrent) (Listing, error) {
	var l Listing
	t := table{into: &l, known: func(int64) *state.Torrent { return known }}
	err := t.decode(text)
	return l, err
}

func TestStrangeAnnounceURLs(t *testing.T) {
	for cell, ok := range map[string]bool{
		`null`: true, `[]`: true, `[null]`: true, `[{"id":1}]`: true, `[{"announce":null}]`: true, `[{"announce":1}]`: false,
		`[1]`: false, `{}`: false, `0`: false, `"x"`: false,
	} {
		if l, err := decodeListing(announceAnswer("trackers", cell)); (err == nil) != ok {
			t.Errorf("trackers %s: %+v, %v", cell, l, err)
		}
	}
	for _, cell := range []string{`0`, `null`, `""`, `"\n\n"`, `[]`} {
		if l, err := decodeListing(announceAnswer("trackerList", cell)); err != nil || l.Rows[0].Torrent.Trackers != nil {
			t.Errorf("trackerList %s: %+v, %v", cell, l, err)
		}
	}
	if _, err := decodeListing(announceAnswer("trackerList", `"\ud83"`)); err == nil {
		t.Error("a list that is no text is taken")
	}
}

// TestTidyColumns reads the new columns in the forms that versions have.
func TestTidyColumns(t *testing.T) {
	text := `{"result":"success","arguments":{"torrents":[["id","hashString","downloadDir","totalSize","file-count","isPrivate","isFinished",
		"activityDate","secondsSeeding","downloadLimit","downloadLimited","honorsSessionLimits","bandwidthPriority","seedRatioLimit","seedIdleMode",
		"sequential_download"],
		[1,"` + testHash + `","/srv",7,3,true,1,-1,9,100.0,true,false,-1,1.2345600128173829,2,true],
		[2,"` + testHash + `","/srv",7.0,0,false,0,5,0,12.5,0,1,7,-1,0,0]]}}`
	l, err := decodeListing([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	h, _ := state.ParseHash(testHash)
	want := []state.Torrent{
		{Hash: h, Dir: "/srv", Total: 7, Files: 3, Private: true, Finished: true, Seeded: 9, Options: state.Options{
			DownLimit: 100_000, DownLimited: true, Unbound: true, Priority: -1, RatioLimit: 12_346, IdleMode: state.LimitNone, Sequential: true}},
		{Hash: h, Dir: "/srv", Total: 7, Active: 5, Options: state.Options{DownLimit: 12_500, Priority: 1, RatioLimit: -10_000}},
	}
	for i, w := range want {
		if got := l.Rows[i].Torrent; state.Diff(&got, &w) != 0 {
			t.Errorf("%+v, want %+v", got, w)
		}
	}
	if unsafe.StringData(l.Rows[0].Torrent.Dir) != unsafe.StringData(l.Rows[1].Torrent.Dir) {
		t.Error("two torrents do not share their folder")
	}
}
