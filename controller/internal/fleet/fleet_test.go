package fleet

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offing/controller/internal/boxtest"
	"offing/tunnel"
	"offing/tunnel/state"
	"offing/tunnel/tor"
)

// home is a running Fleet.
type home struct {
	*Fleet
	t    *testing.T
	stop func() // ends Run and waits for it
}

// start runs a fleet, in a bubble, with the boxes on net paired by these names.
func start(t *testing.T, net boxtest.Net, names ...string) *home {
	t.Helper()
	dir := t.TempDir()
	for i, name := range names {
		write(t, filepath.Join(dir, name), net[i].Pairing.Code()+"\n")
	}
	f, err := New(dir, net, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { f.Run(ctx) })
	h := &home{Fleet: f, t: t, stop: func() { cancel(); running.Wait() }}
	t.Cleanup(h.stop)
	return h
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (h *home) pair(name string, b *boxtest.Box) {
	h.t.Helper()
	write(h.t, filepath.Join(h.dir, name), b.Pairing.Code())
	h.reload()
}

func (h *home) reload() {
	h.t.Helper()
	if err := h.Reload(); err != nil {
		h.t.Fatal(err)
	}
}

// box returns a box as it is now.
func (h *home) box(name string) Box {
	h.t.Helper()
	for _, b := range h.Boxes() {
		if b.Name == name {
			return b
		}
	}
	h.t.Fatalf("there is no box %s", name)
	return Box{}
}

// until waits, by way of Changed, for a box to be as wanted.
func (h *home) until(name, what string, ok func(Box) bool) Box {
	h.t.Helper()
	deadline := time.After(time.Hour) // of the bubble
	for {
		changed := h.Changed()
		b := h.box(name)
		if ok(b) {
			return b
		}
		select {
		case <-changed:
		case <-deadline:
			h.t.Fatalf("%s: not %s after an hour: %+v, %d torrents", name, what, b.Line, b.State.Totals().Torrents)
		}
	}
}

func (h *home) untilLine(name string, want tunnel.State) Box {
	h.t.Helper()
	return h.until(name, string(want), func(b Box) bool { return b.Line.State == string(want) })
}

func (h *home) untilTorrents(name string, want int) Box {
	h.t.Helper()
	return h.until(name, "complete", func(b Box) bool { return b.State.Totals().Torrents == want })
}

func (h *home) names() string {
	var names []string
	for _, b := range h.Boxes() {
		names = append(names, b.Name)
	}
	return strings.Join(names, " ")
}

func torrent(n byte) *state.Torrent {
	return &state.Torrent{Hash: state.Hash{n}, Name: "torrent " + string(rune('a'+n)), Size: 1000, Left: 500}
}

func TestStateArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := boxtest.New(t, 1), boxtest.New(t, 2)
		one.Put(torrent(1), torrent(2))
		h := start(t, boxtest.Net{two, one}, "two", "one")
		b := h.untilTorrents("one", 2)
		if got, _ := b.State.Get(state.Hash{2}); got.Name != torrent(2).Name || got.Left != 500 {
			t.Errorf("arrived as %+v", got)
		}
		two.Put(torrent(3))
		h.untilTorrents("two", 1)
		if b = h.untilLine("one", tunnel.Up); b.Line.Code != "" || b.Line.Reason != "" || b.Line.Since.IsZero() {
			t.Errorf("line %+v", b.Line)
		}
		if h.names() != "one two" || h.box("one").State.Totals().Torrents != 2 {
			t.Errorf("boxes %s", h.names())
		}
		changed := *torrent(1)
		changed.Left = 0
		one.Put(&changed)
		h.until("one", "changed", func(b Box) bool { got, _ := b.State.Get(changed.Hash); return got.Left == 0 })
	})
}

// That the data is still true is a change too: a page shows its age.
func TestFreshnessIsAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := boxtest.New(t, 1)
		one.Put(torrent(1))
		h := start(t, boxtest.Net{one}, "one")
		before := h.untilTorrents("one", 1).State.Version()
		touched := time.Now()
		one.State.Touch(touched)
		b := h.until("one", "fresh", func(b Box) bool { return !b.State.Fresh().Before(touched) })
		if b.State.Version() != before {
			t.Error("nothing but the age has changed, and yet the version has")
		}
	})
}

// Home shows what it has while the line is down, and gets what it missed.
func TestBreakAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := boxtest.New(t, 1), boxtest.New(t, 2)
		one.Put(torrent(1), torrent(2))
		h := start(t, boxtest.Net{one, two}, "one", "two")
		first := h.untilTorrents("one", 2)
		h.untilLine("two", tunnel.Up)

		one.Break(tor.ErrDescriptorNotFound)
		b := h.until("one", "not found", func(b Box) bool { return b.Line.Code == "onion-not-found" })
		if b.State.Totals().Torrents != 2 || b.Line.Reason == "" {
			t.Errorf("while down: %+v, %d torrents", b.Line, b.State.Totals().Torrents)
		}
		if two := h.box("two"); two.Line.State != string(tunnel.Up) {
			t.Errorf("the other box: %+v", two.Line)
		}
		one.Put(torrent(3))
		one.Mend()
		b = h.untilTorrents("one", 3)
		if b.State != first.State {
			t.Error("the state was replaced, which makes all pages begin anew")
		}
		if s := h.keepers["one"].follower.Stats(); s.Snapshots != 1 || s.Deltas == 0 || s.Resyncs != 0 {
			t.Errorf("what was missed did not come as a difference: %+v", s)
		}
	})
}

func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two, other := boxtest.New(t, 1), boxtest.New(t, 2), boxtest.New(t, 3)
		one.Put(torrent(1))
		other.Put(torrent(3), torrent(4))
		h := start(t, boxtest.Net{one, two, other}, "one")
		kept := h.untilTorrents("one", 1)

		changed := h.Changed()
		h.pair("two", two)
		<-changed
		h.untilLine("two", tunnel.Up)
		if got := h.box("one"); got.State != kept.State || got.Line.State != string(tunnel.Up) || one.Dials() != 1 {
			t.Errorf("a box whose file has not changed was dialled %d times: %+v", one.Dials(), got.Line)
		}

		h.pair("one", other)
		if now := h.untilTorrents("one", 2); now.State == kept.State {
			t.Error("another box under the same name took over the old one's state")
		}

		if err := os.Remove(filepath.Join(h.dir, "one")); err != nil {
			t.Fatal(err)
		}
		h.reload()
		if h.names() != "two" {
			t.Errorf("boxes %s", h.names())
		}
		dials := other.Dials()
		other.Break(nil)
		time.Sleep(time.Hour)
		if n := other.Dials() - dials; n != 0 {
			t.Errorf("a removed box was dialled %d times", n)
		}

		h.stop()
		if err := h.Reload(); err == nil {
			t.Error("a fleet that has ended takes boxes")
		}
	})
}

// A file that is no good is said by its box, with what to do; nothing of what
// is in it is repeated, and the other boxes do not mind.
func TestBadPairingFile(t *testing.T) {
	one := boxtest.New(t, 1).Pairing.Code()
	for name, text := range map[string]string{
		"empty": "", "words": "my box is my castle", "cut": one[:100], "mistyped": one[:50] + "22" + one[52:],
		"newer": strings.Replace(one, "offing1", "offing9", 1), "long": strings.Repeat("a", maxFile+1), "binary": "\x00\xff\xfe",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				one := boxtest.New(t, 1)
				h := start(t, boxtest.Net{one}, "one")
				path := filepath.Join(h.dir, "bad")
				write(t, path, text)
				h.reload()
				h.untilLine("one", tunnel.Up)
				line := h.box("bad").Line
				if line.State != string(tunnel.Down) || line.Code != "bad-pairing" || line.Since.IsZero() {
					t.Errorf("%+v", line)
				}
				if !strings.Contains(line.Reason, path) || !strings.Contains(line.Reason, "`offing box add bad") {
					t.Errorf("reason %q", line.Reason)
				}
				if len(text) > 8 && strings.Contains(line.Reason, text[8:]) {
					t.Errorf("the reason tells what is in the file: %q", line.Reason)
				}
				h.pair("bad", one) // and is mended
				h.untilLine("bad", tunnel.Up)
			})
		})
	}
}

// What is no pairing file is left alone.
func TestOtherFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	if err := os.MkdirAll(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".one.tmp", "one~", "a b", strings.Repeat("x", 65)} {
		write(t, filepath.Join(dir, name), "")
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	f, err := New(dir, boxtest.Net{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	boxes := f.Boxes()
	if len(boxes) != 1 || boxes[0].Name != "link" || boxes[0].Line.Code != "bad-pairing" {
		t.Errorf("%+v", boxes)
	}
	if _, err := New(filepath.Join(dir, "a b"), boxtest.Net{}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "folder of the boxes") {
		t.Errorf("a file in place of the folder: %v", err)
	}
}

func TestCheckName(t *testing.T) {
	for name, good := range map[string]bool{
		"a": true, "box-1.example_x": true, "9": true, strings.Repeat("x", 64): true,
		"": false, ".": false, "..": false, ".a": false, "-a": false, "a/b": false, "a b": false, "ä": false, "a\n": false, strings.Repeat("x", 65): false,
	} {
		if err := CheckName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}
