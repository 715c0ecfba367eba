package fleet

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offing/controller/internal/boxtest"
	"offing/tunnel"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// send has a command delivered, and returns where its result comes.
func (h *home) send(box string, c command.Command) <-chan *command.Result {
	h.t.Helper()
	o, ok := h.Outbox(box)
	if !ok {
		h.t.Fatalf("%s has no outbox", box)
	}
	if c.ID == (command.ID{}) {
		c.ID = command.NewID()
	}
	results := make(chan *command.Result, 10)
	if err := o.Send(&c, func(e command.Event) error {
		if e.Result != nil {
			results <- e.Result
		}
		return nil
	}); err != nil {
		h.t.Fatal(err)
	}
	return results
}

func TestCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := boxtest.New(t, 1)
		running := torrent(1)
		running.Status = state.Downloading
		one.Put(running, torrent(2))
		h := start(t, boxtest.Net{one}, "one")
		h.untilTorrents("one", 2)
		r := <-h.send("one", command.Command{Kind: command.Stop, Torrents: []state.Hash{{1}, {9}}})
		if r.Done != 1 || r.Failed != 1 || len(r.Faults) != 1 || r.Faults[0].Fault.Code != command.UnknownTorrent {
			t.Errorf("came to %+v", r)
		}
		h.until("one", "stopped", func(b Box) bool { got, _ := b.State.Get(state.Hash{1}); return got.Status == state.Stopped })
		r = <-h.send("one", command.Command{Kind: command.Add, Add: &command.Addition{Metainfo: boxtest.Metainfo("linux")}})
		if r.Added == nil || r.Added.Name != "linux" {
			t.Errorf("came to %+v", r)
		}
		h.untilTorrents("one", 3)
		limit, turtle := int64(5000), true
		<-h.send("one", command.Command{Kind: command.Configure, Settings: &command.NewSettings{DownLimit: &limit, AltSpeed: &turtle}})
		h.until("one", "set", func(b Box) bool { return b.State.Settings().DownLimit == limit && b.State.Session().AltSpeed })
		synctest.Wait()
		if n := one.Kept(); n != 0 {
			t.Errorf("the box keeps %d results that home has", n)
		}
		if why := h.box("one").NoCommands; why != "" {
			t.Errorf("commands cannot travel: %s", why)
		}
	})
}

// What is sent while the line is down goes out with the next; what was under way at a
// break is done once.
func TestCommandsOverABreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := boxtest.New(t, 1)
		one.Put(torrent(1))
		h := start(t, boxtest.Net{one}, "one")
		h.untilTorrents("one", 1)
		release := one.Hold()
		underway := h.send("one", command.Command{Kind: command.Stop, Torrents: []state.Hash{{1}}})
		synctest.Wait()
		one.Break(errors.New("away"))
		h.untilLine("one", tunnel.Down)
		waiting := h.send("one", command.Command{Kind: command.Verify, Torrents: []state.Hash{{1}}})
		release()
		time.Sleep(time.Minute)
		one.Mend()
		if r := <-underway; r.Done != 1 {
			t.Errorf("came to %+v", r)
		}
		if r := <-waiting; r.Done != 1 {
			t.Errorf("came to %+v", r)
		}
		synctest.Wait()
		if done := one.Done(); len(done) != 2 || done[0].Kind != command.Stop || done[1].Kind != command.Verify || one.Kept() != 0 {
			t.Errorf("the box did %d commands and keeps %d results", len(done), one.Kept())
		}
	})
}

// A box whose agent is too old is followed all the same, and says what to do.
func TestOldAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := boxtest.New(t, 1, boxtest.WithoutCommands())
		one.Put(torrent(1))
		h := start(t, boxtest.Net{one}, "one")
		h.untilTorrents("one", 1)
		b := h.until("one", "told", func(b Box) bool { return b.NoCommands != "" })
		if !strings.Contains(b.NoCommands, "update the agent on the box") || b.Line.State != string(tunnel.Up) {
			t.Errorf("%+v", b)
		}
		time.Sleep(time.Hour)
		if synctest.Wait(); one.Dials() != 1 {
			t.Errorf("it was dialled %d times", one.Dials())
		}
	})
}

// The outbox is of the box's name: it outlives the pairing, but not the box.
func TestOutboxOfAName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := boxtest.New(t, 1), boxtest.New(t, 2)
		other.Put(torrent(1))
		h := start(t, boxtest.Net{one, other}, "one")
		h.untilLine("one", tunnel.Up)
		synctest.Wait()
		one.Hold()
		first, _ := h.Outbox("one")
		result := h.send("one", command.Command{Kind: command.Stop, Torrents: []state.Hash{{1}}})
		synctest.Wait()
		h.pair("one", other)
		if r := <-result; r.Done != 1 {
			t.Errorf("the box that was paired anew: %+v", r)
		}
		if again, ok := h.Outbox("one"); !ok || again != first {
			t.Error("it has another outbox")
		}
		if err := os.Remove(filepath.Join(h.dir, "one")); err != nil {
			t.Fatal(err)
		}
		h.reload()
		if _, ok := h.Outbox("one"); ok {
			t.Error("a box that was removed has an outbox")
		}
	})
}
