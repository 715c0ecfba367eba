package transmission

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"offing/agent/internal/transmissiontest"
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
	if err := c.Stop(t.Context(), hashes); err != nil {
		t.Fatal(err)
	}
	await(t, c, hashes, func(s state.Status) bool { return s == state.Stopped })

	var requests atomic.Int64
	guarded := client(t, proxy(t, d.URL(), &requests, nil))
	for name, command := range map[string]func(context.Context, []state.Hash) error{
		"start": guarded.Start, "stop": guarded.Stop, "verify": guarded.Verify,
	} {
		for _, none := range [][]state.Hash{nil, {}} {
			if err := command(t.Context(), none); !errors.Is(err, ErrNoTorrents) {
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
	if err := c.Verify(t.Context(), []state.Hash{one}); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context(), []state.Hash{one}); err != nil {
		t.Fatal(err)
	}
	await(t, c, []state.Hash{one}, func(s state.Status) bool { return s == state.Seeding })
	await(t, c, []state.Hash{two}, func(s state.Status) bool { return s == state.Stopped })
	if err := c.Stop(t.Context(), []state.Hash{one}); err != nil {
		t.Fatal(err)
	}
	await(t, c, []state.Hash{one}, func(s state.Status) bool { return s == state.Stopped })
}

// A list with a torrent that is not there does nothing at all.
func TestUnknownTorrent(t *testing.T) {
	d := transmissiontest.Start(t)
	one := d.Add("one", false)
	c := client(t, d.URL())
	if err := c.Start(t.Context(), []state.Hash{one, {1, 2, 3}}); !errors.Is(err, ErrUnknownTorrent) {
		t.Errorf("got %v", err)
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
