package transmission

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hekmon/transmissionrpc/v2"

	"offing/agent/internal/transmissiontest"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// Two files in three pieces of 16 KiB: the first piece is all of one file, the
// second has the end of it and the beginning of the other.
var openContent = [2][]byte{bytes.Repeat([]byte("a"), 20_000), bytes.Repeat([]byte("b"), 20_000)}

// addOpen adds a paused torrent of two files with two trackers that nobody
// listens at. The first file is already there.
func addOpen(t *testing.T, d *transmissiontest.Daemon) state.Hash {
	t.Helper()
	folder := filepath.Join(d.DownloadDir(), "folder")
	err := os.MkdirAll(filepath.Join(folder, "\u00fc"), 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "\u00fc", "a"), openContent[0], 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	all := append(bytes.Clone(openContent[0]), openContent[1]...)
	var pieces []byte
	for rest := all; len(rest) > 0; rest = rest[min(16384, len(rest)):] {
		sum := sha1.Sum(rest[:min(16384, len(rest))])
		pieces = append(pieces, sum[:]...)
	}
	metainfo := fmt.Appendf(nil, "d8:announce22:http://127.0.0.1:1/ann13:announce-listll22:http://127.0.0.1:1/annel22:http://127.0.0.1:2/annee"+
		"7:comment8:\u201ehi\u201c10:created by2:me13:creation datei1600000000e"+
		"4:infod5:filesld6:lengthi20000e4:pathl2:\u00fc1:aeed6:lengthi20000e4:pathl1:beee4:name6:folder12:piece lengthi16384e6:pieces%d:%s7:privatei1eee",
		len(pieces), pieces)
	encoded, paused := base64.StdEncoding.EncodeToString(metainfo), true
	added, err := d.Client().TorrentAdd(t.Context(), transmissionrpc.TorrentAddPayload{MetaInfo: &encoded, Paused: &paused})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := state.ParseHash(*added.HashString)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// awaitDetail asks until the details are good.
func awaitDetail(t *testing.T, c *Client, hash state.Hash, good func(*state.Detail) bool) state.Detail {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var last state.Detail
	for {
		d, err := c.Detail(ctx, hash)
		if err != nil {
			t.Fatalf("%v; last: %+v", err, last)
		}
		if last = d; good(&d) {
			return d
		}
		<-tick.C
	}
}

func eachGeneration(t *testing.T, test func(*testing.T, *transmissiontest.Daemon)) {
	for _, g := range transmissiontest.Generations {
		t.Run(string(g), func(t *testing.T) { test(t, transmissiontest.Start(t, transmissiontest.Of(g))) })
	}
}

func TestDetailOfDaemon(t *testing.T) {
	eachGeneration(t, func(t *testing.T, d *transmissiontest.Daemon) {
		hash := addOpen(t, d)
		c := client(t, d.URL())
		if err := c.Act(t.Context(), command.Verify, []state.Hash{hash}); err != nil {
			t.Fatal(err)
		}
		got := awaitDetail(t, c, hash, func(d *state.Detail) bool { return d.Have > 0 && len(d.Trackers) == 2 })
		want := state.Detail{
			Hash: hash, Comment: "\u201ehi\u201c", Creator: "me", Created: 1600000000, Dir: d.DownloadDir(), Private: true,
			Have: 16384, Pieces: state.Pieces{Count: 3, Size: 16384, Have: []byte{0x80}},
			Files: []state.File{{Name: "folder/\u00fc/a", Size: 20_000, Have: 16384, Wanted: true}, {Name: "folder/b", Size: 20_000, Wanted: true}},
			Trackers: []state.Tracker{
				{Announce: "http://127.0.0.1:1/ann", Seeders: -1, Leechers: -1},
				{Announce: "http://127.0.0.1:2/ann", Seeders: -1, Leechers: -1, Tier: got.Trackers[1].Tier}, // 1, or 0 to 4.1, which goes by host names
			},
		}
		if !got.Equal(&want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		testFileChoices(t, d, c, got)
		testTrackerFailure(t, c, hash)
		d.Remove(hash)
		if _, err := c.Detail(t.Context(), hash); !errors.Is(err, ErrUnknownTorrent) {
			t.Errorf("a removed torrent: %v", err)
		}
		if _, err := c.Renew(t.Context(), got, false); !errors.Is(err, ErrUnknownTorrent) {
			t.Errorf("a removed torrent: %v", err)
		}
	})
}

// testFileChoices: what somebody chose for a file is in the whole details, and
// renewing only what is alive leaves it alone.
func testFileChoices(t *testing.T, d *transmissiontest.Daemon, c *Client, before state.Detail) {
	t.Helper()
	found, err := d.Client().TorrentGetHashes(t.Context(), []string{"id"}, []string{before.Hash.String()})
	if err != nil || len(found) != 1 {
		t.Fatal(err, len(found))
	}
	err = d.Client().TorrentSet(t.Context(), transmissionrpc.TorrentSetPayload{
		IDs: []int64{*found[0].ID}, FilesUnwanted: []int64{1}, PriorityHigh: []int64{0}, PriorityLow: []int64{1},
	})
	if err != nil {
		t.Fatal(err)
	}
	live, err := c.Renew(t.Context(), before, false)
	if err != nil || !live.Equal(&before) {
		t.Errorf("renewed without files: %+v, %v", live, err)
	}
	whole, err := c.Renew(t.Context(), before, true)
	if err != nil {
		t.Fatal(err)
	}
	if f := whole.Files; !f[0].Wanted || f[1].Wanted || f[0].Priority != 1 || f[1].Priority != -1 {
		t.Errorf("files %+v", f)
	}
}

// testTrackerFailure: what a tracker has to say comes with the live part.
func testTrackerFailure(t *testing.T, c *Client, hash state.Hash) {
	t.Helper()
	if err := c.Act(t.Context(), command.Start, []state.Hash{hash}); err != nil {
		t.Fatal(err)
	}
	got := awaitDetail(t, c, hash, func(d *state.Detail) bool { return d.Trackers[0].Failed })
	if tr := got.Trackers[0]; tr.Result == "" || tr.Seeders != -1 {
		t.Errorf("tracker %+v", tr)
	}
	if err := c.Act(t.Context(), command.Stop, []state.Hash{hash}); err != nil {
		t.Fatal(err)
	}
}

// What moves is the same whether it is asked for alone or with the rest, and a
// query for certain torrents gets those and no others.
func TestQueriesOfDaemon(t *testing.T) {
	eachGeneration(t, func(t *testing.T, d *transmissiontest.Daemon) {
		d.Add("one", true)
		hash := addOpen(t, d)
		c := client(t, d.URL())
		await(t, c, []state.Hash{hash}, func(s state.Status) bool { return s == state.Stopped })
		whole := must(c.Torrents(t.Context(), RecentlyActive))
		var moving, named Listing
		if err := c.Ask(t.Context(), Query{Which: RecentlyActive, Moving: true}, &moving); err != nil {
			t.Fatal(err)
		}
		if len(moving.Rows) != 2 || moving.Run != whole.Run {
			t.Fatalf("%+v", moving)
		}
		for i, r := range moving.Rows {
			w := whole.Rows[i]
			if f := state.Diff(&r.Torrent, &w.Torrent); r.ID != w.ID || f&MovingFields != 0 || r.Torrent.Error != w.Torrent.Error || r.Torrent.Hash != (state.Hash{}) {
				t.Errorf("got  %+v\nwant %+v", r, w)
			}
		}
		id := byHash(whole)[hash].ID
		err := c.Ask(t.Context(), Query{Which: Named, IDs: []int64{id, 1000}}, &named)
		if err != nil || len(named.Rows) != 1 || named.Rows[0].Torrent.Hash != hash {
			t.Errorf("named: %+v, %v", named, err)
		}
		for _, none := range [][]int64{nil, {}} {
			if err := c.Ask(t.Context(), Query{Which: Named, IDs: none}, &named); !errors.Is(err, ErrNoTorrents) || len(named.Rows) != 0 {
				t.Errorf("none became %d torrents, %v", len(named.Rows), err)
			}
		}
	})
}
