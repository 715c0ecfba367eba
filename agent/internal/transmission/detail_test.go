package transmission

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offing/tunnel/state"
)

// decodeDetail reads the details of the torrent testHash.
func decodeDetail(text []byte, whole bool) (state.Detail, error) {
	hash, err := state.ParseHash(testHash)
	if err != nil {
		return state.Detail{}, err
	}
	r := detailReader{known: &state.Detail{Hash: hash, Comment: "known", Files: []state.File{{Name: "known"}}, Pieces: state.Pieces{Count: 1, Have: []byte{0x80}}}}
	if err := r.decode(text, whole); err != nil {
		return state.Detail{}, err
	}
	return r.detail.Clean(), nil
}

func detailOf(fields string) []byte {
	return []byte(`{"arguments":{"torrents":[{"hashString":"` + testHash + `",` + fields + `}]},"result":"success"}`)
}

// Both generations' forms are read: floats, truths as numbers, keys nobody
// asked for, and any order.
func TestTolerantDetail(t *testing.T) {
	got, err := decodeDetail(detailOf(`
		"fileStats": [{"bytesCompleted": 5.0, "wanted": 1, "priority": 1}, {"priority": -1.0, "wanted": false, "bytesCompleted": 0, "new": {}}],
		"files": [{"name": "a\/\u00fc", "length": 10, "begin_piece": 0}, {"name": "b", "length": 20.0}],
		"peers": [{"address": "2001:db8::1", "port": 51413, "clientName": "\u00b5Torrent 3.5", "flagStr": "TDEI", "progress": 0.5,
			"rateToClient": 1000, "rateToPeer": 1.0, "isIncoming": true, "isEncrypted": 1, "isUTP": true, "peerIsChoked": false}, {}],
		"trackerStats": [
			{"announce": "https://tracker.example/announce", "tier": 2, "announceState": 1, "hasAnnounced": true, "lastAnnounceSucceeded": false,
			 "lastAnnounceResult": "no", "seederCount": -1, "leecherCount": 3, "nextAnnounceTime": 1700000000, "host": "x"},
			{"announceState": 0, "nextAnnounceTime": 9, "hasAnnounced": false, "lastAnnounceSucceeded": false}],
		"pieces": "gA==", "pieceCount": 2, "pieceSize": 16384, "comment": null, "creator": "me", "dateCreated": -1,
		"downloadDir": "/srv", "isPrivate": 1, "haveValid": 1, "haveUnchecked": 2, "corruptEver": 3,
		"secondsSeeding": 4, "secondsDownloading": 5, "activityDate": 6, "news": [1, {"x": null}]`), true)
	if err != nil {
		t.Fatal(err)
	}
	want := state.Detail{
		Hash: got.Hash,
		Files: []state.File{
			{Name: "a/\u00fc", Size: 10, Have: 5, Wanted: true, Priority: 1},
			{Name: "b", Size: 20, Priority: -1},
		},
		Peers: []state.Peer{{
			Address: "[2001:db8::1]:51413", Client: "\u00b5Torrent 3.5", Progress: 5000,
			RateDown: 1000, RateUp: 1, Flags: "TDEI", Incoming: true, Encrypted: true, UTP: true,
		}, {Address: ":0"}},
		Trackers: []state.Tracker{{
			Announce: "https://tracker.example/announce", Tier: 2, State: state.TrackerWaiting,
			Failed: true, Result: "no", Seeders: -1, Leechers: 3, Next: 1700000000,
		}, {}},
		Pieces: state.Pieces{Count: 2, Size: 16384, Have: []byte{0x80}}, Comment: "known",
		Creator: "me", Dir: "/srv", Private: true, Have: 1, Unchecked: 2, Wasted: 3, Seeding: 4, Downloading: 5, Active: 6,
	}
	if !got.Equal(&want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Without the whole, files and pieces stay as they were; peers never do.
func TestLiveDetail(t *testing.T) {
	got, err := decodeDetail(detailOf(`"haveValid": 7`), false)
	if err != nil || len(got.Files) != 1 || got.Pieces.Count != 1 || got.Comment != "known" || got.Have != 7 {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = decodeDetail(detailOf(`"haveValid": 7`), true)
	if err != nil || len(got.Files) != 0 || got.Pieces.Count != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMalformedDetail(t *testing.T) {
	for name, text := range map[string][]byte{
		"nothing":        nil,
		"table":          []byte(`{"arguments":{"torrents":[["hashString"],["` + testHash + `"]]},"result":"success"}`),
		"another":        []byte(`{"arguments":{"torrents":[{"hashString":"` + strings.Repeat("0", 40) + `"}]},"result":"success"}`),
		"no hash":        []byte(`{"arguments":{"torrents":[{}]},"result":"success"}`),
		"two":            []byte(`{"arguments":{"torrents":[{"hashString":"` + testHash + `"},{"hashString":"` + testHash + `"}]},"result":"success"}`),
		"lone files":     detailOf(`"files":[{}]`),
		"lone figures":   detailOf(`"fileStats":[{}]`),
		"bad file":       detailOf(`"files":[1],"fileStats":[{}]`),
		"bad size":       detailOf(`"files":[{"length":"x"}],"fileStats":[{}]`),
		"bad pieces":     detailOf(`"pieces":"!"`),
		"bad state":      detailOf(`"trackerStats":[{"announceState":-1}]`),
		"bad peers":      detailOf(`"peers":{}`),
		"bad count":      detailOf(`"haveValid":[]`),
		"bad text":       detailOf(`"comment":1`),
		"cut short":      detailOf(`"files":[`)[:90],
		"bad hashString": detailOf(`"hashString":"x"`),
	} {
		if _, err := decodeDetail(text, true); !errors.Is(err, ErrNotTransmission) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"gone":    {`{"arguments":{"torrents":[]},"result":"success"}`, ErrUnknownTorrent},
		"refused": {`{"result":"no"}`, ErrRefused},
	} {
		if _, err := decodeDetail([]byte(c.text), true); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// An answer with more than there is room for is cut, not refused.
func TestHugeDetail(t *testing.T) {
	list := func(name, element string, n int) string {
		return fmt.Sprintf(`"%s":[%s%s]`, name, strings.Repeat(element+",", n), element)
	}
	got, err := decodeDetail(detailOf(strings.Join([]string{
		list("files", `{"name":"x"}`, state.MaxFiles), list("fileStats", `{"wanted":true}`, state.MaxFiles),
		list("peers", `{"address":"192.0.2.1"}`, state.MaxPeers), list("trackerStats", `{"tier":1}`, state.MaxTrackers),
	}, ",")), true)
	if err != nil || len(got.Files) != state.MaxFiles || len(got.Peers) != state.MaxPeers || len(got.Trackers) != state.MaxTrackers || !got.Valid() {
		t.Errorf("%d files, %d peers, %d trackers, %v", len(got.Files), len(got.Peers), len(got.Trackers), err)
	}
}

func FuzzDetail(f *testing.F) {
	files, err := filepath.Glob("testdata/details/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seed corpus: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		// The fuzzer knows one hash only.
		b = bytes.ReplaceAll(b, []byte("d078aa714d9b7ba93ecd977dde1efade0faeb440"), []byte(testHash))
		if _, err := decodeDetail(b, true); err != nil && !strings.Contains(file, "gone") {
			f.Errorf("%s: %v", file, err)
		}
		f.Add(b, true)
		f.Add(b, false)
	}
	f.Fuzz(func(t *testing.T, b []byte, whole bool) {
		d, err := decodeDetail(b, whole)
		if err != nil && !d.Equal(&state.Detail{}) {
			t.Error("an error, and details")
		}
		if !d.Valid() {
			t.Errorf("beyond the limits: %+v", d)
		}
		if len(d.Files)+len(d.Peers)+len(d.Trackers)+len(d.Pieces.Have) > len(b)+2 {
			t.Errorf("%d files, %d peers, %d trackers of %d bytes", len(d.Files), len(d.Peers), len(d.Trackers), len(b))
		}
	})
}
