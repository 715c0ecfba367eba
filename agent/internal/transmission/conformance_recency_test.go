package transmission

import (
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"offing/tunnel/state"
)

// change is one change of a torrent, and whether it makes the torrent recently
// active: what it does not surface is found by the slow full pass only.
type change struct {
	name     string
	method   string
	more     []any
	surfaces func(rpc int32) bool
}

func always(int32) bool       { return true }
func never(int32) bool        { return false }
func before41(rpc int32) bool { return rpc < 18 }

// changes happen to one torrent each, in this order; to is a folder to move to.
// Those of the queue come later: before 4.1 they touch whatever moves aside as
// well.
func changes(to string) []change {
	return []change{
		{"labels", "torrent-set", []any{"labels", []string{"x"}}, never},
		{"limit", "torrent-set", []any{"downloadLimit", 7}, never},
		{"ratio", "torrent-set", []any{"seedRatioLimit", 3}, never},
		{"priority", "torrent-set", []any{"bandwidthPriority", 1}, never},
		{"tracker", "torrent-set", []any{"trackerAdd", []string{"http://127.0.0.1:1/announce"}}, never},
		{"unwanted", "torrent-set", []any{"files-unwanted", []int{0}}, never},
		{"stop what is stopped", "torrent-stop", nil, never},
		{"rename", "torrent-rename-path", []any{"path", "rename", "name", "renamed"}, always},
		{"move", "torrent-set-location", []any{"location", to, "move", false}, always},
		{"verify", "torrent-verify", nil, always},
		{"start", "torrent-start", nil, always},
	}
}

// recency is a server whose torrents have all been left alone for a minute.
type recency struct {
	*bench
	changes []change
	hashes  map[string]state.Hash
	refuses atomic.Bool
	began   time.Time
	want    map[state.Hash]bool // recently active by now
}

// beginRecency adds the torrents and returns the test that changes them.
func beginRecency(t *testing.T, k kind) func(*testing.T) {
	t.Helper()
	r := &recency{bench: k.bench(t), changes: changes(t.TempDir()), hashes: make(map[string]state.Hash), want: make(map[state.Hash]bool)}
	for _, c := range r.changes {
		r.hashes[c.name] = r.place(c.name, true)
	}
	r.hashes["runs"] = r.place("runs", false)
	fails := r.add(newTorrent("fails", trackerFor(t, &r.refuses)), false)
	r.eventually("the first announce", func() bool {
		d, err := r.client.Detail(t.Context(), fails)
		return err == nil && len(d.Trackers) == 1 && d.Trackers[0].Result == "Success"
	})
	r.hashes["fails"] = fails
	r.refuses.Store(true) // from the second one on, in 66 s
	for _, name := range []string{"first", "second", "third"} {
		r.hashes[name] = r.place(name, true)
	}
	r.began = time.Now()
	return func(t *testing.T) {
		r.T = t
		r.Elapse(r.began, 63*time.Second)
		r.test()
	}
}

func (r *recency) test() {
	r.check("a minute later")
	for _, c := range r.changes {
		r.call(c.method, ids(r.hashes[c.name], c.more...))
		if c.surfaces(r.rpc) {
			r.want[r.hashes[c.name]] = true
		}
		r.check(c.name)
	}
	r.call("torrent-stop", ids(r.hashes["runs"]))
	r.want[r.hashes["runs"]] = true
	r.check("stop")

	// An error that comes is not news to the daemon.
	r.call("torrent-reannounce", ids(r.hashes["fails"]))
	r.eventually("the tracker's refusal is shown", func() bool { return r.row(r.hashes["fails"]).Torrent.Error == state.TrackerError })
	r.check("error")

	r.call("queue-move-up", ids(r.hashes["third"]))
	r.wantBefore41("second", "third")
	r.check("queue")
	gone := r.row(r.hashes["first"]).ID
	r.call("torrent-remove", ids(r.hashes["first"]))
	r.wantBefore41("second", "third") // both have moved up
	if removed := r.check("remove"); !slices.Equal(removed, []int64{gone}) {
		r.Errorf("removed %v, want %d", removed, gone)
	}
	r.add(newTorrent("new"), true)
	for h, row := range r.rows() {
		if row.Torrent.Name == "new" {
			r.want[h] = true
		}
	}
	r.check("add")
}

func (r *recency) wantBefore41(names ...string) {
	for _, name := range names {
		if before41(r.rpc) {
			r.want[r.hashes[name]] = true
		}
	}
}

// check compares what is recently active with what should be, and returns what
// was removed.
func (r *recency) check(after string) []int64 {
	r.Helper()
	var l Listing
	got := make(map[state.Hash]bool)
	for deadline := time.Now().Add(15 * time.Second); ; r.Pause() {
		var err error
		if l, err = r.client.Torrents(r.Context(), RecentlyActive); err != nil {
			r.Fatal(err)
		}
		clear(got)
		for _, row := range l.Rows {
			got[row.Torrent.Hash] = true
		}
		if maps.Equal(got, r.want) {
			return l.Removed
		}
		if time.Now().After(deadline) {
			break
		}
	}
	for name, h := range r.hashes {
		if got[h] != r.want[h] {
			r.Errorf("after %s: %q is recently active: %v, want %v", after, name, got[h], r.want[h])
		}
	}
	r.want = got // said once
	return l.Removed
}
