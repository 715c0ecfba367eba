package executor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"offing/agent/internal/transmissiontest"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// TestDaemons does with both generations of the daemon what shows on its disk.
func TestDaemons(t *testing.T) {
	for _, g := range transmissiontest.Generations {
		t.Run(string(g), func(t *testing.T) {
			t.Parallel()
			d := transmissiontest.Start(t, transmissiontest.Of(g))
			w := newWorld(t, 0, nil)
			w.stop()
			w.gate.Daemon = newClient(d.URL())
			w.start(nil)
			there := func(path string, want bool) {
				t.Helper()
				if _, err := os.Stat(filepath.Join(d.DownloadDir(), path)); (err == nil) != want {
					t.Errorf("%s: %v", path, err)
				}
			}
			good := func(c *command.Command) *command.Result {
				t.Helper()
				r := w.do(c)
				if r.Fault != nil || r.Failed != 0 {
					t.Fatalf("%s: %+v", c.Kind, r)
				}
				return r
			}
			content := []byte("what is in the file")
			d.Place("one", content)
			added := good(&command.Command{Kind: command.Add, Add: &command.Addition{
				Metainfo: transmissiontest.Metainfo("one", content), Paused: true, Changes: &command.Changes{Labels: &[]string{"l"}, High: []int32{0}},
			}}).Added
			one := []state.Hash{added.Hash}
			if a := good(&command.Command{Kind: command.Add, Add: &command.Addition{Metainfo: transmissiontest.Metainfo("one", content)}}).Added; !a.Duplicate || a.Hash != one[0] {
				t.Errorf("%+v", a)
			}
			good(&command.Command{Kind: command.Verify, Torrents: one})
			good(&command.Command{Kind: command.Move, Torrents: one, Move: &command.Moving{Dir: "below/it"}})
			there("below/it/one", true)
			there("one", false)
			good(&command.Command{Kind: command.Rename, Torrents: one, Rename: &command.Renaming{Path: "one", Name: "two"}})
			there("below/it/two", true)
			if r := w.do(&command.Command{Kind: command.Move, Torrents: one, Move: &command.Moving{Dir: t.TempDir()}}); r.Fault == nil || r.Fault.Code != command.BadPath {
				t.Errorf("out of the tree: %+v", r)
			}
			if s := good(&command.Command{Kind: command.FreeSpace, Dir: "below"}).Space; s.Free <= 0 {
				t.Errorf("%+v", s)
			}
			good(&command.Command{Kind: command.Configure, Settings: &command.NewSettings{DownloadDir: ptr("below")}})
			if s, err := w.gate.Session(t.Context()); err != nil || s.DownloadDir != filepath.Join(d.DownloadDir(), "below") {
				t.Errorf("%+v, %v", s, err)
			}
			// One that is not there, beside one that is. The daemon has just started, so
			// for some seconds it is not believed.
			r := w.do(&command.Command{Kind: command.Remove, Torrents: append(one, state.Hash{1}), Remove: &command.Removal{Data: true}})
			if r.Done != 1 || r.Failed != 1 || r.Faults[0].Fault.Code != command.UnknownTorrent {
				t.Errorf("%+v", r)
			}
			there("below/it/two", false)
		})
	}
}

// onTouch is a toucher that tells what the daemon shows when it is called.
type onTouch struct {
	daemon Daemon
	mu     sync.Mutex
	shown  map[state.Hash]state.Status // state.Stopped for what is not there
}

func (o *onTouch) TouchAndWait(ctx context.Context, hashes []state.Hash) error {
	known, _, err := o.daemon.Find(ctx, hashes)
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, h := range hashes {
		o.shown[h] = known[h].Status
	}
	return err
}

func (o *onTouch) TouchAllAndWait(context.Context) error { return nil }

func (o *onTouch) status(h state.Hash) (state.Status, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, ok := o.shown[h]
	return s, ok
}

// A result is told when the daemon shows what was done, and after the state was told
// to look: the daemon stops a torrent up to half a second after it says so.
func TestResultShows(t *testing.T) {
	for _, g := range transmissiontest.Generations {
		t.Run(string(g), func(t *testing.T) {
			t.Parallel()
			d := transmissiontest.Start(t, transmissiontest.Of(g))
			w := newWorld(t, 0, nil)
			w.stop()
			w.gate.Daemon = newClient(d.URL())
			touch := &onTouch{daemon: w.gate.Daemon, shown: map[state.Hash]state.Status{}}
			w.start(func(c *Config) { c.Touch = touch })
			h := d.Add("one", false)
			one := []state.Hash{h}
			running := func(when string, want bool) {
				t.Helper()
				known, _, err := w.gate.Find(t.Context(), one)
				told, looked := touch.status(h)
				if err != nil || (known[h].Status != state.Stopped) != want || !looked || (told != state.Stopped) != want {
					t.Errorf("%s: the daemon shows %v and the state was told to look at %v (%v), %v", when, known[h].Status, told, looked, err)
				}
			}
			for range 3 {
				w.await(w.send(&command.Command{Kind: command.Start, Torrents: one}))
				running("started", true)
				w.await(w.send(&command.Command{Kind: command.Stop, Torrents: one}))
				running("stopped", false)
			}
			// A start soon after a stop is not lost. Each result comes when the daemon shows it.
			w.await(w.send(&command.Command{Kind: command.Start, Torrents: one}))
			stop := w.send(&command.Command{Kind: command.Stop, Torrents: one})
			start := w.send(&command.Command{Kind: command.Start, Torrents: one})
			w.await(stop)
			w.await(start)
			running("stopped and started", true)
		})
	}
}

// A torrent that is stopped while it waits to be checked, as each is before its first
// start on 3.00, stays so.
func TestStopOfChecked(t *testing.T) {
	d := transmissiontest.Start(t)
	w := newWorld(t, 0, nil)
	w.stop()
	w.gate.Daemon = newClient(d.URL())
	w.start(nil)
	var all []state.Hash
	for i := range 12 {
		all = append(all, d.Add(fmt.Sprint("torrent ", i), false))
	}
	for range 3 {
		w.do(&command.Command{Kind: command.Start, Torrents: all})
		w.do(&command.Command{Kind: command.Verify, Torrents: all})
		w.do(&command.Command{Kind: command.Stop, Torrents: all})
		known, _, err := w.gate.Find(t.Context(), all)
		if err != nil {
			t.Fatal(err)
		}
		for h, k := range known {
			if k.Status != state.Stopped {
				t.Errorf("%v is %v", h, k.Status)
			}
		}
	}
}
