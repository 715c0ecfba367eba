package transmission

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"offing/agent/internal/transmissiontest"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// The daemon, and so the bare library, takes "none" for "all". The first part
// of this test shows that it does; the second that none of that comes through.
func TestNoneIsNotAll(t *testing.T) {
	d := transmissiontest.Start(t)
	hashes := []state.Hash{d.Add("one", true), d.Add("two", true)}
	c := client(t, d.URL())

	if err := d.Client().TorrentStartIDs(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	await(t, c, hashes, func(s state.Status) bool { return s == state.Seeding })
	if err := c.Act(t.Context(), command.Stop, hashes); err != nil {
		t.Fatal(err)
	}
	await(t, c, hashes, func(s state.Status) bool { return s == state.Stopped })

	var requests atomic.Int64
	guarded := client(t, proxy(t, d.URL(), &requests, nil))
	calls := map[string]func(context.Context, []state.Hash) error{
		"find":     func(ctx context.Context, none []state.Hash) error { _, _, err := guarded.Find(ctx, none); return err },
		"remove":   func(ctx context.Context, none []state.Hash) error { return guarded.RemoveTorrents(ctx, none, true) },
		"location": func(ctx context.Context, none []state.Hash) error { return guarded.SetLocation(ctx, none, "/", true) },
		"queue": func(ctx context.Context, none []state.Hash) error {
			return guarded.MoveInQueue(ctx, command.QueueTop, none)
		},
		"set": func(ctx context.Context, none []state.Hash) error {
			return guarded.Set(ctx, none, &command.Changes{Labels: &[]string{"all"}})
		},
		"trackers": func(ctx context.Context, none []state.Hash) error {
			return guarded.SetTrackers(ctx, none, &command.Changes{AddTrackers: []string{"http://tracker.example/"}})
		},
	}
	for kind := range actions {
		calls[string(kind)] = func(ctx context.Context, none []state.Hash) error { return guarded.Act(ctx, kind, none) }
	}
	for name, do := range calls {
		for _, none := range [][]state.Hash{nil, {}} {
			if err := do(t.Context(), none); !errors.Is(err, ErrNoTorrents) {
				t.Errorf("%s with an empty list: %v", name, err)
			}
		}
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests for no torrents", n)
	}
	await(t, c, hashes, func(s state.Status) bool { return s == state.Stopped })
}

func TestCommands(t *testing.T) {
	d := transmissiontest.Start(t)
	one, two := d.Add("one", true), d.Add("two", true)
	c := client(t, d.URL())
	await(t, c, []state.Hash{one, two}, func(s state.Status) bool { return s == state.Stopped })
	if err := c.Act(t.Context(), command.Verify, []state.Hash{one}); err != nil {
		t.Fatal(err)
	}
	if err := c.Act(t.Context(), command.Start, []state.Hash{one}); err != nil {
		t.Fatal(err)
	}
	await(t, c, []state.Hash{one}, func(s state.Status) bool { return s == state.Seeding })
	await(t, c, []state.Hash{two}, func(s state.Status) bool { return s == state.Stopped })
	if err := c.Act(t.Context(), command.Stop, []state.Hash{one}); err != nil {
		t.Fatal(err)
	}
	await(t, c, []state.Hash{one}, func(s state.Status) bool { return s == state.Stopped })
}

// await asks until the status of all the torrents is good.
func await(t *testing.T, c *Client, hashes []state.Hash, good func(state.Status) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for last := []state.Torrent(nil); ; {
		l, err := c.Torrents(ctx, All)
		if err != nil {
			t.Fatalf("%v; last: %+v", err, last)
		}
		rows, left := byHash(l), 0
		last = last[:0]
		for _, h := range hashes {
			last = append(last, rows[h].Torrent)
			if !good(rows[h].Torrent.Status) {
				left++
			}
		}
		if left == 0 {
			return
		}
		<-tick.C // without a pause the daemon does nothing but answer
	}
}
