package transmission

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"offing/tunnel/state"
)

// testFields: each field of a row is what is known of the torrent.
func testFields(b *bench) {
	before := time.Now().Unix() - 1 // 3.00 looks at the clock once a second
	missing, whole := b.add(newTorrent("\\ to \"come\" <1>"), true), b.place("\u201cüber\u201d & all", true)
	b.call("torrent-set", ids(missing, "labels", []string{"one", "zwölf"}))
	size := int64(len(newTorrent("\\ to \"come\" <1>").content))
	want := map[state.Hash]state.Torrent{
		whole: {Hash: whole, Name: "\u201cüber\u201d & all", Status: state.Stopped, Metadata: state.Whole, Queue: 1,
			Size: int64(len(newTorrent("\u201cüber\u201d & all").content))},
		missing: {Hash: missing, Name: "\\ to \"come\" <1>", Status: state.Stopped, Metadata: state.Whole,
			Size: size, Left: size, Labels: []string{"one", "zwölf"}},
	}
	for _, which := range []Selection{All, RecentlyActive} {
		l, err := b.client.Torrents(b.Context(), which)
		if err != nil || len(l.Rows) != 2 || l.Run == 0 || len(l.Removed) != 0 {
			b.Fatalf("%+v (%v)", l, err)
		}
		for h, w := range want {
			got := byHash(l)[h].Torrent
			for name, at := range map[string]int64{"added": got.Added, "done": got.Done} {
				if after := time.Now().Unix() + 5; at != 0 && (at < before || at > after) || name == "added" && at == 0 {
					b.Errorf("%s %d, want %d to %d", name, at, before, after)
				}
			}
			if (got.Done != 0) != (got.Left == 0 && b.datesFound()) {
				b.Errorf("%q: done at %d, %d bytes left", got.Name, got.Done, got.Left)
			}
			w.Added, w.Done, w.Active = got.Added, got.Done, got.Active
			w.Dir, w.Total, w.Options = b.DownloadDir(), w.Size, defaults
			if b.rpc > 16 {
				w.Files = 1
			}
			if diff := state.Diff(&got, &w); diff != 0 || got.Hash != h {
				b.Errorf("fields %b differ: %+v, want %+v", diff, got, w)
			}
		}
	}
}

// datesFound tells whether content that was found by a verification has a date
// of completion. 3.00 gives one to what it has downloaded only.
func (b *bench) datesFound() bool { return b.rpc > 16 }

func testRefusingTracker(b *bench) {
	var refuses atomic.Bool
	refuses.Store(true)
	h := b.add(newTorrent("refused", trackerFor(b.T, &refuses)), false)
	b.eventually("the tracker's refusal is shown", func() bool {
		t := b.row(h).Torrent
		return t.Error == state.TrackerError && t.ErrorText == refusalOfTracker
	})
	d, err := b.client.Detail(b.Context(), h)
	if err != nil || len(d.Trackers) != 1 || d.Trackers[0].Result != refusalOfTracker || !d.Trackers[0].Failed {
		b.Errorf("%+v (%v)", d.Trackers, err)
	}
}

// testMissingTracker: a tracker that cannot be reached is no error of the
// torrent, in neither generation; only the details tell.
func testMissingTracker(b *bench) {
	const announce = "http://127.0.0.1:1/announce"
	h := b.add(newTorrent("unreachable", announce), false)
	b.eventually("the tracker's absence is shown", func() bool {
		d, err := b.client.Detail(b.Context(), h)
		return err == nil && len(d.Trackers) == 1 && d.Trackers[0].Announce == announce &&
			d.Trackers[0].Failed && d.Trackers[0].Result == "Could not connect to tracker"
	})
	if t := b.row(h).Torrent; t.Error != state.NoError || t.ErrorText != "" {
		b.Errorf("%+v", t)
	}
}

func testMagnet(b *bench) {
	const digits = "abcdef0123456789abcdef0123456789abcdef01"
	b.call("torrent-add", map[string]any{"filename": "magnet:?xt=urn:btih:" + digits + "&dn=a%20name", "paused": false})
	h, _ := state.ParseHash(digits)
	b.eventually("the magnet link waits for its metadata", func() bool { return b.row(h).Torrent.Status == state.Downloading })
	t := b.row(h).Torrent
	want := state.Torrent{Name: "a name", Status: state.Downloading, Added: t.Added, Active: t.Active, Dir: b.DownloadDir(), Options: defaults}
	if diff := state.Diff(&t, &want); diff != 0 || t.Progress() != 0 {
		b.Errorf("%+v", t)
	}
	if d, err := b.client.Detail(b.Context(), h); err != nil || len(d.Files) != 0 || d.Pieces.Count != 0 {
		b.Errorf("%+v (%v)", d, err)
	}
}

// testFloats: 4.1 writes 100.0 where 3.00 wrote 100.
func testFloats(b *bench) {
	h := b.place("floats", true)
	text := b.raw("session-get", map[string]any{"fields": []string{"speed-limit-down", "seedRatioLimit"}})
	if strings.Contains(text, ":100.0") != (b.rpc >= 18) || !strings.Contains(text, ":100") {
		b.Errorf("session-get: %s", text)
	}
	text = b.raw("torrent-get", map[string]any{"fields": []string{"metadataPercentComplete", "recheckProgress"}})
	if strings.Contains(text, ":1.0") != (b.rpc >= 18) || !strings.Contains(text, ":1") {
		b.Errorf("torrent-get: %s", text)
	}
	if t := b.row(h).Torrent; t.Metadata != state.Whole {
		b.Errorf("%+v", t)
	}
}

// testMoving: the short query says the same as the long one, of those asked for.
func testMoving(b *bench) {
	one, two := b.place("one", false), b.add(newTorrent("two"), true)
	rows := b.rows()
	var l Listing
	for name, q := range map[string]Query{
		"all": {Moving: true}, "recent": {Which: RecentlyActive, Moving: true},
		"named": {Which: Named, IDs: []int64{rows[one].ID, rows[two].ID, 1 << 40}, Moving: true},
	} {
		if err := b.client.Ask(b.Context(), q, &l); err != nil || len(l.Rows) != 2 {
			b.Fatalf("%s: %+v (%v)", name, l, err)
		}
		for _, got := range l.Rows {
			for h, want := range rows {
				if diff := state.Diff(&got.Torrent, &want.Torrent) & MovingFields; want.ID == got.ID && diff != 0 {
					b.Errorf("%s: fields %b of %v differ: %+v, %+v", name, diff, h, got, want)
				}
			}
		}
	}
	err := b.client.Ask(b.Context(), Query{Which: Named, IDs: []int64{rows[two].ID}}, &l)
	if err != nil || len(l.Rows) != 1 || l.Rows[0].Torrent.Hash != two {
		b.Errorf("one by its id: %+v (%v)", l, err)
	}
	err = b.client.Ask(b.Context(), Query{Which: Named, IDs: []int64{1 << 40}}, &l)
	if err != nil || len(l.Rows) != 0 {
		b.Errorf("an unknown id: %+v (%v)", l, err)
	}
}

func testDetail(b *bench) {
	tor := newTorrent("detailed", "http://127.0.0.1:1/a/announce")
	b.Place(tor.name, tor.content)
	h := b.add(tor, true)
	b.eventually("complete", func() bool { return b.row(h).Torrent.Left == 0 })
	d, err := b.client.Detail(b.Context(), h)
	if err != nil {
		b.Fatal(err)
	}
	size := int64(len(tor.content))
	if want := []state.File{{Name: "detailed", Size: size, Have: size, Wanted: true}}; !slices.Equal(d.Files, want) {
		b.Errorf("files %+v", d.Files)
	}
	if len(d.Trackers) != 1 || d.Trackers[0].Announce != "http://127.0.0.1:1/a/announce" || d.Trackers[0].Seeders != -1 {
		b.Errorf("trackers %+v", d.Trackers)
	}
	if d.Hash != h || d.Dir != b.DownloadDir() || d.Have+d.Unchecked != size || len(d.Peers) != 0 || d.Private {
		b.Errorf("%+v", d)
	}
	if d.Pieces.Count != 3 || d.Pieces.Size != 16384 || !slices.Equal(d.Pieces.Have, []byte{0xe0}) {
		b.Errorf("pieces %+v", d.Pieces)
	}
	b.call("torrent-set", ids(h, "priority-high", []int{0}))
	if d, err := b.client.Detail(b.Context(), h); err != nil || d.Files[0].Priority != 1 {
		b.Errorf("files %+v (%v)", d.Files, err)
	}
	missing := b.add(newTorrent("unwanted"), true)
	b.call("torrent-set", ids(missing, "files-unwanted", []int{0}))
	if d, err := b.client.Detail(b.Context(), missing); err != nil || d.Files[0].Wanted {
		b.Errorf("files %+v (%v)", d.Files, err)
	}
	if t := b.row(missing).Torrent; t.Size != 0 || t.Left != 0 {
		b.Errorf("nothing is wanted of %+v", t)
	}
	if _, err := b.client.Detail(b.Context(), state.Hash{1}); !errors.Is(err, ErrUnknownTorrent) {
		b.Errorf("an unknown torrent: %v", err)
	}
}
