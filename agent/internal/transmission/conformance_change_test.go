package transmission

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

func testAdd(b *bench) {
	paused := b.add(newTorrent("paused"), true)
	loading := b.add(newTorrent("started"), false)
	seeding := b.place("started with content", false)
	again := b.call("torrent-add", map[string]any{"metainfo": newTorrent("paused").metainfo})
	if double, ok := again["torrent-duplicate"].(map[string]any); !ok || double["hashString"] != paused.String() {
		b.Errorf("added twice: %v", again)
	}
	rows := b.rows()
	if len(rows) != 3 {
		b.Errorf("%d torrents", len(rows))
	}
	for h, want := range map[state.Hash]state.Status{paused: state.Stopped, loading: state.Downloading, seeding: state.Seeding} {
		if got := rows[h].Torrent.Status; got != want {
			b.Errorf("%q is %v, want %v", rows[h].Torrent.Name, got, want)
		}
	}
	if text := b.raw("torrent-add", map[string]any{"metainfo": "bm90aGluZw=="}); strings.Contains(text, "success") {
		b.Errorf("rubbish was added: %s", text)
	}
}

// testRemove: the id of what has gone is told, and is never given again.
func testRemove(b *bench) {
	goes, stays := b.add(newTorrent("goes"), true), b.add(newTorrent("stays"), true)
	id := b.row(goes).ID
	b.call("torrent-remove", ids(goes))
	l, err := b.client.Torrents(b.Context(), RecentlyActive)
	if err != nil || !slices.Equal(l.Removed, []int64{id}) || len(l.Rows) != 1 || l.Rows[0].Torrent.Hash != stays {
		b.Errorf("%+v (%v), want the id %d removed", l, err, id)
	}
	if len(b.rows()) != 1 || b.row(stays).Torrent.Queue != 0 {
		b.Errorf("%+v", b.rows())
	}
	if back := b.row(b.add(newTorrent("goes"), true)); back.ID == id || back.Torrent.Queue != 1 {
		b.Errorf("back as %+v, was %d", back, id)
	}
}

func testRename(b *bench) {
	h := b.place("old name", true)
	b.call("torrent-rename-path", ids(h, "path", "old name", "name", "new\tname \u2603"))
	b.eventually("renamed", func() bool { return b.row(h).Torrent.Name == "new\tname \u2603" })
	if b.row(h).Torrent.Left != 0 {
		b.Errorf("%+v", b.row(h))
	}
	for _, labels := range [][]string{{"a", "b \"quoted\""}, {"b \"quoted\""}, {}} {
		b.call("torrent-set", ids(h, "labels", labels))
		if got := b.row(h).Torrent.Labels; !slices.Equal(got, labels) {
			b.Errorf("labels %q, want %q", got, labels)
		}
	}
	refused := map[string]any{"ids": []string{h.String()}, "labels": []string{"a,b"}}
	if text := b.raw("torrent-set", refused); !strings.Contains(text, "labels cannot contain comma") {
		b.Errorf("a comma in a label: %s", text)
	}
}

func testMove(b *bench) {
	h := b.place("moves", true)
	to := b.TempDir()
	b.call("torrent-set-location", ids(h, "location", to, "move", true))
	b.eventually("moved", func() bool {
		d, err := b.client.Detail(b.Context(), h)
		return err == nil && d.Dir == to
	})
	if text := b.raw("torrent-set-location", ids(h, "location", "elsewhere", "move", true)); !strings.Contains(text, "not absolute") {
		b.Errorf("a relative path: %s", text)
	}
	if b.row(h).Torrent.Left != 0 {
		b.Errorf("%+v", b.row(h))
	}
}

// testVerify: content that came by another way is found.
func testVerify(b *bench) {
	tor := newTorrent("verified")
	h := b.add(tor, true)
	b.Place(tor.name, tor.content)
	if err := b.client.Act(b.Context(), command.Verify, []state.Hash{h}); err != nil {
		b.Fatal(err)
	}
	b.eventually("verified", func() bool {
		t := b.row(h).Torrent
		return t.Left == 0 && t.Status == state.Stopped && (t.Done != 0) == b.datesFound() && t.Checked == 0
	})
	if t := b.row(h).Torrent; t.Downloaded != 0 || t.Progress() != state.Whole {
		b.Errorf("%+v", t)
	}
}

func testStartStop(b *bench) {
	one, two := b.place("one", true), b.place("two", true)
	status := func(first, second state.Status) func() bool {
		return func() bool {
			rows := b.rows()
			return rows[one].Torrent.Status == first && rows[two].Torrent.Status == second
		}
	}
	if err := b.client.Act(b.Context(), command.Start, []state.Hash{one}); err != nil {
		b.Fatal(err)
	}
	b.eventually("one seeds", status(state.Seeding, state.Stopped))
	if err := b.client.Act(b.Context(), command.Start, []state.Hash{one, two}); err != nil {
		b.Fatal(err)
	}
	b.eventually("both seed", status(state.Seeding, state.Seeding))
	if err := b.client.Act(b.Context(), command.Stop, []state.Hash{one, two}); err != nil {
		b.Fatal(err)
	}
	b.eventually("both stop", status(state.Stopped, state.Stopped))
	if err := b.client.Act(b.Context(), command.Start, nil); !errors.Is(err, ErrNoTorrents) || !status(state.Stopped, state.Stopped)() {
		b.Errorf("no torrents: %v", err)
	}
}

func testQueue(b *bench) {
	hashes := make([]state.Hash, 4)
	for i := range hashes {
		hashes[i] = b.add(newTorrent(fmt.Sprint("number ", i)), true)
	}
	for _, step := range []struct {
		method string
		who    int
		more   []any
		want   [4]int // who is where
	}{
		{"queue-move-bottom", 0, nil, [4]int{1, 2, 3, 0}},
		{"queue-move-top", 3, nil, [4]int{3, 1, 2, 0}},
		{"queue-move-up", 2, nil, [4]int{3, 2, 1, 0}},
		{"queue-move-down", 3, nil, [4]int{2, 3, 1, 0}},
		{"queue-move-up", 2, nil, [4]int{2, 3, 1, 0}},
		{"torrent-set", 0, []any{"queuePosition", 1}, [4]int{2, 0, 3, 1}},
	} {
		b.call(step.method, ids(hashes[step.who], step.more...))
		rows := b.rows()
		for place, who := range step.want {
			if got := rows[hashes[who]].Torrent.Queue; int(got) != place {
				b.Errorf("after %s of %d: %d is in place %d, want %d", step.method, step.who, who, got, place)
			}
		}
	}
}
