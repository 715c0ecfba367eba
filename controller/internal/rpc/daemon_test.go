package rpc

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// differences are the fields that we answer otherwise than a daemon with the same
// torrents, which are paused, and why. docs/RPC.md lists these for users, and what
// differs only while torrents run. An entry that no generation
// needs fails the test.
var differences = map[string]string{
	"torrentFile":  "a path on the box is nobody's business, and no app can open it",
	"availability": "home does not know how many peers have a piece",
	"trackers":     "an announce URL's site and scrape address are made at home, and the numbers count from 0",
	"trackerStats": "when a tracker was asked last, and what a scrape said, is not told over the line",
	"uploadRatio":  "with nothing to divide 3.00 says -1, as we do, and 4.1 says 0",
}

// newer are the fields that 3.00 does not have, for which it says 0.
var newer = []string{
	"availability", "bytesCompleted", "file-count", "group", "percentComplete", "primary-mime-type", "sequential_download",
	"sequential_download_from_piece", "trackerList", "webseedsEx",
}

// daemon is a real transmission-daemon.
type daemon struct {
	t       *testing.T
	url     string
	session string
}

func startDaemon(t *testing.T, program string) *daemon {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	_ = l.Close()
	dir := t.TempDir()
	cmd := exec.Command(program, "-f", "-g", dir, "-w", dir, "-p", port, "-r", "127.0.0.1", "-T", "-M", "-O", "-i", "127.0.0.1", "-P", "0")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return &daemon{t: t, url: "http://127.0.0.1:" + port + "/transmission/rpc"}
}

// call makes a request as soon as the daemon answers.
func (d *daemon) call(method string, args m) m {
	d.t.Helper()
	body, err := json.Marshal(m{"method": method, "arguments": args})
	if err != nil {
		d.t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; {
		r, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.url, bytes.NewReader(body))
		if err != nil {
			d.t.Fatal(err)
		}
		r.Header.Set(SessionHeader, d.session)
		a, err := http.DefaultClient.Do(r)
		if err != nil { // it has not come up yet
			if time.Now().After(end) {
				d.t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond)
			continue
		}
		text, err := io.ReadAll(a.Body)
		_ = a.Body.Close()
		if err != nil {
			d.t.Fatal(err)
		}
		if a.StatusCode == http.StatusConflict {
			d.session = a.Header.Get(SessionHeader)
			continue
		}
		var answer struct {
			Arguments m
			Result    string
		}
		if json.Unmarshal(text, &answer) != nil || answer.Result != "success" {
			d.t.Fatalf("%s: %s", method, text)
		}
		return answer.Arguments
	}
}

// metainfo is a .torrent file with two files of n bytes together, of pieces of 16 KiB.
func metainfo(name string, n int) []byte {
	pieces := strings.Repeat("\x01", 20*((n+16383)/16384))
	str := func(s string) string { return strconv.Itoa(len(s)) + ":" + s }
	info := "d5:filesld6:lengthi" + strconv.Itoa(n-5) + "e4:pathl5:a.mkveed6:lengthi5e4:pathl5:b.txteee4:name" + str(name) +
		"12:piece lengthi16384e6:pieces" + str(pieces) + "7:privatei1ee"
	return []byte("d8:announce" + str("https://tracker.example.org/announce") + "7:comment" + str("a comment") + "10:created by" + str("somebody") +
		"13:creation datei1600000000e4:info" + info + "e")
}

// Both generations of the daemon are asked for all fields of some torrents, and we are,
// with the same torrents: what differs is listed with its reason.
func TestLikeADaemon(t *testing.T) {
	needed := map[string]bool{}
	older, err := exec.LookPath("transmission-daemon")
	if err != nil {
		t.Fatal(err)
	}
	for generation, program := range map[string]string{"3.00": older, "4.1": filepath.Join(filepath.Dir(remotes(t)["4.1"]), "transmission-daemon")} {
		t.Run(generation, func(t *testing.T) { compareDaemon(t, generation, program, needed) })
	}
	failed := t.Failed()
	for name := range differences {
		if !needed[name] && !failed {
			t.Errorf("%s is listed, and no generation differs in it", name)
		}
	}
}

func compareDaemon(t *testing.T, generation, program string, needed map[string]bool) {
	if _, err := os.Stat(program); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, program)
	for i, name := range []string{"one", "zwei \u202e\u00fc"} {
		d.call("torrent-add", m{"metainfo": base64.StdEncoding.EncodeToString(metainfo(name, 100_000*(i+1))), "paused": true})
	}
	d.call("torrent-set", m{"ids": 2, "seedRatioLimit": 1.25, "seedRatioMode": 1, "downloadLimit": 70, "downloadLimited": true, "labels": []string{"a", "b"},
		"files-unwanted": []int{1}, "priority-high": []int{0}, "bandwidthPriority": -1, "honorsSessionLimits": false, "peer-limit": 33})
	var fields []string
	for _, f := range allFields {
		fields = append(fields, f.word[oldStyle])
	}
	slices.Sort(fields)
	theirs := d.call("torrent-get", m{"fields": fields})["torrents"].([]any)
	h := newHouse(t)
	for _, one := range theirs {
		h.mirror(one.(m))
	}
	ours := h.ok("anna-token", "torrent-get", m{"fields": fields})["torrents"].([]any)
	if len(ours) != 2 || len(theirs) != 2 {
		t.Fatalf("%d and %d torrents", len(ours), len(theirs))
	}
	for i := range theirs {
		their, our := theirs[i].(m), ours[i].(m)
		for _, name := range slices.Sorted(maps.Keys(their)) {
			a, b := withoutNew(their[name]), withoutNew(our[name])
			if reflect.DeepEqual(a, b) || generation == "3.00" && slices.Contains(newer, name) {
				continue
			}
			needed[name] = true
			if differences[name] == "" {
				t.Errorf("%s: the daemon says %v, we say %v", name, a, b)
			}
		}
	}
}

// withoutNew takes out what 4.1 has added to files.
func withoutNew(v any) any {
	all, ok := v.([]any)
	if !ok {
		return v
	}
	for i := range all {
		if one, ok := all[i].(m); ok {
			for _, name := range []string{"begin_piece", "end_piece", "beginPiece", "endPiece"} {
				delete(one, name)
			}
		}
	}
	return v
}

// mirror puts a torrent of the daemon into the box, as an agent would tell of it.
func (h *house) mirror(x m) {
	n := func(name string) int64 { v, _ := x[name].(float64); return int64(v) }
	frac := func(name string) state.Fraction {
		v, _ := x[name].(float64)
		return state.Fraction(v * float64(state.Whole))
	}
	text := func(name string) string { v, _ := x[name].(string); return v }
	is := func(name string) bool { v, _ := x[name].(bool); return v }
	hash, err := state.ParseHash(text("hashString"))
	if err != nil {
		h.t.Fatal(err)
	}
	t := &state.Torrent{
		Hash: hash, Name: text("name"), Status: state.Status(n("status")), Error: state.ErrorKind(n("error")), ErrorText: text("errorString"),
		Size: n("sizeWhenDone"), Left: n("leftUntilDone"), Metadata: frac("metadataPercentComplete"), Checked: frac("recheckProgress"),
		Downloaded: n("downloadedEver"), Uploaded: n("uploadedEver"), Added: n("addedDate"), Done: n("doneDate"), Queue: int32(n("queuePosition")),
		Dir: text("downloadDir"), Total: n("totalSize"), Files: int32(len(x["files"].([]any))), Private: is("isPrivate"), Finished: is("isFinished"), Active: n("activityDate"),
		Options: state.Options{
			DownLimit: n("downloadLimit") * kilo, UpLimit: n("uploadLimit") * kilo, DownLimited: is("downloadLimited"), UpLimited: is("uploadLimited"),
			Unbound: !is("honorsSessionLimits"), Priority: int8(n("bandwidthPriority")), PeerLimit: int32(n("peer-limit")),
			RatioMode: state.LimitMode(n("seedRatioMode")), RatioLimit: int64(x["seedRatioLimit"].(float64) * 10_000),
			IdleMode: state.LimitMode(n("seedIdleMode")), IdleLimit: int32(n("seedIdleLimit")), Sequential: is("sequential_download"),
		},
	}
	for _, l := range x["labels"].([]any) {
		t.Labels = append(t.Labels, l.(string))
	}
	d := state.Detail{
		Hash: hash, Comment: text("comment"), Creator: text("creator"), Created: n("dateCreated"), Have: n("haveValid"), Unchecked: n("haveUnchecked"),
		Pieces: state.Pieces{Count: int32(n("pieceCount")), Size: n("pieceSize")},
	}
	d.Pieces.Have, _ = base64.StdEncoding.DecodeString(text("pieces"))
	for i, f := range x["files"].([]any) {
		f, s := f.(m), x["fileStats"].([]any)[i].(m)
		d.Files = append(d.Files, state.File{
			Name: f["name"].(string), Size: int64(f["length"].(float64)), Have: int64(f["bytesCompleted"].(float64)),
			Wanted: s["wanted"].(bool), Priority: int8(s["priority"].(float64)),
		})
	}
	for _, tr := range x["trackers"].([]any) {
		t.Trackers = append(t.Trackers, tr.(m)["announce"].(string))
	}
	k := owners.Key{Box: "attic", Hash: hash}
	h.details[k] = d
	h.put("attic", "anna", t)
	h.ok("anna-token", "torrent-get", m{"fields": []string{"id"}}) // in the order of the daemon's numbers
}
