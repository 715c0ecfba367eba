package transmission

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"offing/agent/internal/transmissiontest"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// writing is what the client must be able to change, in the eyes of a bare caller.
var writing = []trial{
	{"act", testAct},
	{"add torrent", testAddTorrent},
	{"remove torrents", testRemoveTorrents},
	{"rename path", testRenamePath},
	{"set location", testSetLocation},
	{"set", testSet},
	{"set files", testSetFiles},
	{"set trackers", testSetTrackers},
	{"move in queue", testMoveInQueue},
	{"configure", testConfigure},
	{"figures", testFigures},
}

func (b *bench) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) status(h state.Hash, want ...state.Status) {
	b.Helper()
	b.eventually(fmt.Sprint(want), func() bool { return slices.Contains(want, b.row(h).Torrent.Status) })
}

// fields asks the daemon for fields of a torrent.
func (b *bench) fields(h state.Hash, names ...string) map[string]any {
	b.Helper()
	list, _ := b.call("torrent-get", ids(h, "fields", names))["torrents"].([]any)
	if len(list) != 1 {
		b.Fatalf("%d torrents", len(list))
	}
	return list[0].(map[string]any)
}

// none is what every command of torrents must refuse before it asks anything.
func (b *bench) none(do func([]state.Hash) error) {
	b.Helper()
	for _, none := range [][]state.Hash{nil, {}} {
		if err := do(none); !errors.Is(err, ErrNoTorrents) {
			b.Errorf("no torrents: %v", err)
		}
	}
}

func testAct(b *bench) {
	one, two := b.place("one", true), b.place("two", true)
	for _, step := range []struct {
		kind command.Kind
		want []state.Status
	}{
		{command.Start, []state.Status{state.Seeding}}, {command.Stop, []state.Status{state.Stopped}},
		{command.StartNow, []state.Status{state.Seeding}}, {command.Reannounce, []state.Status{state.Seeding}},
		{command.Verify, []state.Status{state.Seeding}},
	} {
		b.ok(b.client.Act(b.Context(), step.kind, []state.Hash{one, {9}}))
		b.status(one, step.want...)
		b.status(two, state.Stopped)
		b.none(func(none []state.Hash) error { return b.client.Act(b.Context(), step.kind, none) })
	}
	if err := b.client.Act(b.Context(), "session-close", []state.Hash{one}); err == nil {
		b.Error("what is not on the list was done")
	}
}

func testAddTorrent(b *bench) {
	dir := b.TempDir()
	low, labels, limit := int8(-1), []string{"a", "b"}, int64(5000)
	a := &command.Addition{Metainfo: transmissiontest.Metainfo("added", make([]byte, 20_000)), Paused: true,
		Changes: &command.Changes{Priority: &low, Labels: &labels, DownLimit: &limit, High: []int32{0}}}
	added, err := b.client.AddTorrent(b.Context(), a, dir)
	b.ok(err)
	if added.Duplicate || added.Name != "added" {
		b.Errorf("%+v", added)
	}
	again, err := b.client.AddTorrent(b.Context(), a, "")
	if err != nil || !again.Duplicate || again.Hash != added.Hash {
		b.Errorf("again: %+v, %v", again, err)
	}
	b.ok(b.client.Set(b.Context(), []state.Hash{added.Hash}, a.Changes))
	got := b.fields(added.Hash, "downloadDir", "bandwidthPriority", "labels", "downloadLimit", "priorities")
	want := map[string]any{"downloadDir": dir, "bandwidthPriority": -1.0, "labels": []any{"a", "b"}, "downloadLimit": 5.0, "priorities": []any{1.0}}
	if _, simulated := b.server.(simulated); simulated {
		delete(got, "bandwidthPriority")
		delete(want, "bandwidthPriority")
	}
	if !reflect.DeepEqual(got, want) {
		b.Errorf("got  %v\nwant %v", got, want)
	}
	b.status(added.Hash, state.Stopped)
	magnet, err := b.client.AddTorrent(b.Context(), &command.Addition{Magnet: "magnet:?xt=urn:btih:" + strings.Repeat("ab", 20) + "&dn=m"}, "")
	if err != nil || magnet.Hash.String() != strings.Repeat("ab", 20) {
		b.Errorf("%+v, %v", magnet, err)
	}
	_, err = b.client.AddTorrent(b.Context(), &command.Addition{Metainfo: []byte("d4:infod4:name1:xee")}, "")
	if f := b.client.Fault(err); err == nil || f.Code != command.BadTorrent {
		b.Errorf("rubbish: %v, %+v", err, f)
	}
}

func testRemoveTorrents(b *bench) {
	goes, stays, unknown := b.add(newTorrent("goes"), true), b.add(newTorrent("stays"), true), state.Hash{7}
	b.none(func(none []state.Hash) error { return b.client.RemoveTorrents(b.Context(), none, true) })
	b.ok(b.client.RemoveTorrents(b.Context(), []state.Hash{goes, unknown}, false))
	b.eventually("removed", func() bool { return len(b.rows()) == 1 })
	found, _, err := b.client.Find(b.Context(), []state.Hash{goes, stays, unknown})
	if err != nil || len(found) != 1 || found[stays].Name != "stays" || found[stays].Dir != b.DownloadDir() || found[stays].Added == 0 {
		b.Errorf("%+v, %v", found, err)
	}
	b.none(func(none []state.Hash) error { _, _, err := b.client.Find(b.Context(), none); return err })
}

func testRenamePath(b *bench) {
	h := b.place("before", true)
	b.ok(b.client.RenamePath(b.Context(), h, "before", "after"))
	b.eventually("renamed", func() bool {
		found, _, err := b.client.FindFiles(b.Context(), h)
		return err == nil && found[h].Name == "after" && slices.Equal(found[h].Files, []string{"after"})
	})
	err := b.client.RenamePath(b.Context(), h, "before", "again")
	if f := b.client.Fault(err); err == nil || f.Code != command.DaemonRefused {
		b.Errorf("a name that is not there: %+v", f)
	}
}

func testSetLocation(b *bench) {
	h, dir := b.place("moves", true), b.TempDir()
	b.none(func(none []state.Hash) error { return b.client.SetLocation(b.Context(), none, dir, true) })
	b.ok(b.client.SetLocation(b.Context(), []state.Hash{h}, dir, true))
	b.eventually("moved", func() bool {
		found, _, err := b.client.Find(b.Context(), []state.Hash{h})
		return err == nil && found[h].Dir == dir
	})
}

func ptr[T any](v T) *T { return &v }

func testSet(b *bench) {
	h, other := b.add(newTorrent("set"), true), b.add(newTorrent("other"), true)
	names := []string{"downloadLimit", "downloadLimited", "uploadLimit", "uploadLimited", "honorsSessionLimits",
		"bandwidthPriority", "peer-limit", "seedRatioMode", "seedRatioLimit", "seedIdleMode", "seedIdleLimit", "labels"}
	before := b.fields(other, names...)
	ch := &command.Changes{
		DownLimit: ptr[int64](12_345), DownLimited: ptr(true), UpLimit: ptr[int64](1), UpLimited: ptr(true), Unbound: ptr(true),
		Priority: ptr[int8](1), PeerLimit: ptr[int32](17), RatioMode: ptr(state.LimitOwn), RatioLimit: ptr[int64](12_500),
		IdleMode: ptr(state.LimitOwn), IdleLimit: ptr[int32](45), Labels: &[]string{"x"},
	}
	b.ok(b.client.Set(b.Context(), []state.Hash{h}, ch))
	want := map[string]any{
		"downloadLimit": 13.0, "downloadLimited": true, "uploadLimit": 1.0, "uploadLimited": true, "honorsSessionLimits": false,
		"bandwidthPriority": 1.0, "peer-limit": 17.0, "seedRatioMode": 1.0, "seedRatioLimit": 1.25, "seedIdleMode": 1.0, "seedIdleLimit": 45.0,
		"labels": []any{"x"},
	}
	if got := b.fields(h, names...); !reflect.DeepEqual(got, want) {
		b.Errorf("got  %v\nwant %v", got, want)
	}
	if after := b.fields(other, names...); !reflect.DeepEqual(before, after) {
		b.Errorf("another torrent became %v", after)
	}
	b.none(func(none []state.Hash) error { return b.client.Set(b.Context(), none, ch) })
	b.ok(b.client.Set(b.Context(), []state.Hash{h}, &command.Changes{Labels: &[]string{}}))
	if got := b.fields(h, "labels")["labels"]; len(got.([]any)) != 0 {
		b.Errorf("labels %v", got)
	}
	if b.rpc >= SequentialFrom {
		b.ok(b.client.Set(b.Context(), []state.Hash{h}, &command.Changes{Sequential: ptr(true)}))
		if got := b.fields(h, "sequential_download"); got["sequential_download"] != true {
			b.Errorf("%v", got)
		}
	}
}

func testSetFiles(b *bench) {
	h := b.add(newTorrent("files"), true)
	set := func(ch *command.Changes) { b.Helper(); b.ok(b.client.Set(b.Context(), []state.Hash{h}, ch)) }
	look := func(wanted, priority float64) {
		b.Helper()
		stats := b.fields(h, "fileStats")["fileStats"].([]any)[0].(map[string]any)
		is := 0.0
		if stats["wanted"] == true || stats["wanted"] == 1.0 {
			is = 1
		}
		if is != wanted || stats["priority"] != priority {
			b.Errorf("%v, want wanted %v and priority %v", stats, wanted, priority)
		}
	}
	set(&command.Changes{Skip: []int32{0}, High: []int32{0}})
	look(0, 1)
	// An empty list must not mean all of them.
	set(&command.Changes{Want: []int32{}, Low: nil, DownLimited: ptr(true)})
	look(0, 1)
	if _, simulated := b.server.(simulated); simulated {
		return // does not know that an empty list stands for all
	}
	set(&command.Changes{Want: []int32{command.AllFiles}, Low: []int32{command.AllFiles}})
	look(1, -1)
}

func testSetTrackers(b *bench) {
	const one, two, three, four = "http://127.0.0.1:1/one", "http://127.0.0.1:1/two", "http://127.0.0.1:1/three", "http://127.0.0.1:1/four"
	a, c := b.add(newTorrent("a", one), true), b.add(newTorrent("c", two), true)
	steps := []struct {
		ch   command.Changes
		a, c []string
	}{
		{command.Changes{AddTrackers: []string{two, three}}, []string{one, two, three}, []string{two, three}},
		{command.Changes{RemoveTrackers: []string{three, four}}, []string{one, two}, []string{two}},
		{command.Changes{ReplaceTrackers: []command.TrackerReplacement{{Old: two, New: four}}}, []string{one, four}, []string{four}},
		{command.Changes{ReplaceTrackers: []command.TrackerReplacement{{Old: one, New: four}}}, []string{four}, []string{four}},
		{command.Changes{AddTrackers: []string{one}, RemoveTrackers: []string{four}, ReplaceTrackers: []command.TrackerReplacement{{Old: three, New: two}}}, []string{one}, []string{one}},
	}
	for i, step := range steps {
		for range 2 { // a repetition changes nothing, and is no error
			b.ok(b.client.SetTrackers(b.Context(), []state.Hash{a, c, {9}}, &step.ch))
			found, _, err := b.client.FindTrackers(b.Context(), []state.Hash{a, c})
			b.ok(err)
			for h, want := range map[state.Hash][]string{a: step.a, c: step.c} {
				var got []string
				for _, t := range found[h].Trackers {
					got = append(got, t.Announce)
				}
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					b.Errorf("step %d: %q, want %q", i, got, want)
				}
			}
		}
	}
}

func testMoveInQueue(b *bench) {
	var h [5]state.Hash
	for i := range h {
		h[i] = b.add(newTorrent(fmt.Sprint("number ", i)), true)
	}
	look := func(want ...int) {
		b.Helper()
		rows := b.rows()
		for place, who := range want {
			if got := rows[h[who]].Torrent.Queue; int(got) != place {
				b.Errorf("%d is in place %d, want %d", who, got, place)
			}
		}
	}
	for range 2 { // a repetition changes nothing
		b.ok(b.client.MoveInQueue(b.Context(), command.QueueTop, []state.Hash{h[2], h[4], {9}}))
		look(2, 4, 0, 1, 3)
	}
	for range 2 {
		b.ok(b.client.MoveInQueue(b.Context(), command.QueueEnd, []state.Hash{h[2], h[0]}))
		look(4, 1, 3, 2, 0)
	}
	for range 2 {
		b.ok(b.client.SetQueue(b.Context(), h[0], 1))
		look(4, 0, 1, 3, 2)
	}
	b.none(func(none []state.Hash) error { return b.client.MoveInQueue(b.Context(), command.QueueTop, none) })
}

// testConfigure sets every setting, and asks for it again.
func testConfigure(b *bench) {
	n := &command.NewSettings{}
	v := reflect.ValueOf(n).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		f.Set(reflect.New(f.Type().Elem()))
		switch f = f.Elem(); f.Kind() {
		case reflect.Bool:
			f.SetBool(true)
		case reflect.String:
			f.SetString("http://blocklist.example/")
		case reflect.Uint8:
			f.SetUint(65)
		default:
			f.SetInt(int64(i + 20))
		}
	}
	n.Encryption, n.DownloadDir, n.IncompleteDir = ptr("required"), ptr(filepath.Join(b.DownloadDir(), "down")), ptr(filepath.Join(b.DownloadDir(), "incomplete"))
	n.PortForwarding, n.DHT, n.PEX, n.LPD, n.UTP = ptr(false), ptr(false), ptr(false), ptr(false), ptr(false) // silent towards others
	n.AltScheduled = ptr(false)                                                                               // it would say at once what alt-speed-enabled is
	n.RatioLimit = ptr[int64](15_000)
	n.PeerPort = ptr[int32](51_999)
	args := settingsOf(n)
	if len(args) != v.NumField() {
		b.Fatalf("%d of %d settings go out", len(args), v.NumField())
	}
	b.ok(b.client.Configure(b.Context(), n))
	got := b.call("session-get", nil)
	var want map[string]any
	text, _ := json.Marshal(args)
	b.ok(json.Unmarshal(text, &want))
	for name, v := range want {
		if !reflect.DeepEqual(got[name], v) {
			b.Errorf("%s is %v, want %v", name, got[name], v)
		}
	}
}

func testFigures(b *bench) {
	space, err := b.client.FreeSpace(b.Context(), b.DownloadDir())
	if err != nil || space.Free <= 0 || (space.Total > 0) != (b.rpc >= 17) {
		b.Errorf("%+v, %v", space, err)
	}
	b.add(newTorrent("one"), true)
	if s, err := b.client.Stats(b.Context()); err != nil || s.Torrents != 1 || s.Uptime < 0 {
		b.Errorf("%+v, %v", s, err)
	}
	if _, ok := b.server.(simulated); ok {
		return
	}
	_, err = b.client.FreeSpace(b.Context(), filepath.Join(b.DownloadDir(), "nowhere"))
	if f := b.client.Fault(err); err == nil || strings.Contains(f.Text, "/") {
		b.Errorf("%+v", f)
	}
}
