package boxtest

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// home sends commands to a box.
type home struct {
	t   *testing.T
	out *command.Outbox
}

func newHome(t *testing.T, b *Box) *home {
	log := slog.New(slog.DiscardHandler)
	client, err := tunnel.Dial(t.Context(), Net{b}, b.Pairing, log)
	if err != nil {
		t.Fatal(err)
	}
	rw, err := client.Command(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := &home{t, command.NewOutbox(log)}
	ended := make(chan error, 1)
	go func() { ended <- h.out.Run(context.Background(), rw) }()
	t.Cleanup(func() { client.Close(); <-ended })
	return h
}

// send returns where the news come.
func (h *home) send(c command.Command) (command.ID, <-chan command.Event) {
	h.t.Helper()
	c.ID = command.NewID()
	news := make(chan command.Event, 100)
	if err := h.out.Send(&c, func(e command.Event) error { news <- e; return nil }); err != nil {
		h.t.Fatal(err)
	}
	return c.ID, news
}

func (h *home) do(c command.Command) *command.Result {
	h.t.Helper()
	_, news := h.send(c)
	for e := range news {
		if e.Result != nil {
			return e.Result
		}
	}
	return nil
}

// queue returns the first bytes of the hashes in the order of the queue.
func (b *Box) queue() string {
	places := map[int32]byte{}
	b.State.Each(func(t *state.Torrent) bool { places[t.Queue] = t.Hash[0]; return true })
	text := ""
	for i := range len(places) {
		text += fmt.Sprint(places[int32(i)])
	}
	return text
}

func TestEffects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(t, 1)
		for i := range byte(5) {
			b.Put(&state.Torrent{Hash: state.Hash{i + 1}, Name: "t", Queue: int32(i), Metadata: state.Whole})
		}
		h := newHome(t, b)
		two := []state.Hash{{2}, {4}}
		for _, step := range []struct {
			kind command.Kind
			want string
		}{{command.QueueTop, "24135"}, {command.QueueDown, "12435"}, {command.QueueEnd, "13524"}, {command.QueueUp, "13245"}} {
			h.do(command.Command{Kind: step.kind, Torrents: two})
			if got := b.queue(); got != step.want {
				t.Errorf("%s: %s, want %s", step.kind, got, step.want)
			}
		}
		b.PutDetail(state.Detail{Hash: state.Hash{1}, Files: make([]state.File, 3)})
		labels, limit := []string{"tv"}, int64(1000)
		h.do(command.Command{Kind: command.Change, Torrents: []state.Hash{{1}}, Change: &command.Changes{Labels: &labels, UpLimit: &limit, Skip: []int32{-1}, Want: []int32{1}}})
		got, _ := b.State.Get(state.Hash{1})
		d, _, _ := b.details.Detail(state.Hash{1})
		if len(got.Labels) != 1 || got.Options.UpLimit != limit || d.Files[0].Wanted || !d.Files[1].Wanted {
			t.Errorf("changed to %+v, %+v", got, d.Files)
		}
		for text, a := range map[string]command.Addition{
			"linux": {Metainfo: Metainfo("linux")}, "b": {URL: "http://example.org/b.torrent"},
			"c": {Magnet: "magnet:?xt=urn:btih:" + state.Hash{0xcc}.String() + "&dn=c"},
		} {
			if r := h.do(command.Command{Kind: command.Add, Add: &a}); r.Added == nil || r.Added.Name != text || r.Added.Duplicate {
				t.Errorf("added %+v, %v", r, r.Fault)
			}
			if r := h.do(command.Command{Kind: command.Add, Add: &a}); r.Added == nil || !r.Added.Duplicate {
				t.Errorf("added again %+v", r)
			}
		}
	})
}

func TestTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(t, 1)
		b.Put(&state.Torrent{Hash: state.Hash{1}}, &state.Torrent{Hash: state.Hash{2}})
		both := []state.Hash{{1}, {2}}
		h := newHome(t, b)
		b.Refuse(func(_ *command.Command, h state.Hash) *command.Fault {
			if h == (state.Hash{2}) {
				return &command.Fault{Code: command.DiskFull, Text: "full"}
			}
			return nil
		})
		if r := h.do(command.Command{Kind: command.Remove, Remove: &command.Removal{}, Torrents: both}); r.Done != 1 || r.Failed != 1 || r.Faults[0].Fault.Code != command.DiskFull {
			t.Errorf("%+v", r)
		}
		b.Refuse(nil)
		b.Pace(time.Minute)
		began := time.Now()
		_, news := h.send(command.Command{Kind: command.Stop, Torrents: both})
		if e := <-news; e.Progress == nil || e.Progress.Of != 2 || time.Since(began) < time.Minute {
			t.Errorf("%+v", e)
		}
		release := b.Hold()
		id, news := h.send(command.Command{Kind: command.Start, Torrents: both})
		time.Sleep(time.Hour)
		h.out.Cancel(id)
		if e := <-news; e.Result == nil || e.Result.Fault == nil || e.Result.Fault.Code != command.Cancelled {
			t.Errorf("%+v", e)
		}
		release()
		if synctest.Wait(); len(b.Done()) != 2 || b.Kept() != 0 {
			t.Errorf("%d done, %d kept", len(b.Done()), b.Kept())
		}
	})
}
