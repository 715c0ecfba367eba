package fleet

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"offing/controller/internal/boxtest"
	"offing/tunnel"
	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// reader counts what it is told of one open torrent.
type reader struct {
	news    chan struct{}
	release func()
}

func (h *home) read(box string, hash state.Hash) *reader {
	r := &reader{news: make(chan struct{}, 1000)}
	r.release = h.Open(box, hash, func() { r.news <- struct{}{} })
	return r
}

func (h *home) comment(box string, hash state.Hash) string {
	d, _, _ := h.Detail(box, hash)
	return d.Comment
}

func TestDetails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, one := watching(t)
		hash := torrent(1).Hash
		one.Put(torrent(1), torrent(2))
		h.untilTorrents("one", 2)
		if _, at, ok := h.Detail("one", hash); ok || !at.IsZero() {
			t.Error("there are details of a torrent that nobody opened")
		}
		first, second := h.read("one", hash), h.read("one", hash)
		expect(t, one, true) // an open torrent's box is watched
		one.PutDetail(state.Detail{Hash: hash, Comment: "a"})
		<-first.news
		<-second.news
		if got := h.comment("one", hash); got != "a" {
			t.Fatalf("the details say %q", got)
		}
		first.release()
		first.release() // counts once
		time.Sleep(time.Hour)
		one.PutDetail(state.Detail{Hash: hash, Comment: "b"})
		<-second.news
		if len(first.news) > 0 {
			t.Error("who has left is still told")
		}
		second.release()
		time.Sleep(linger - time.Millisecond)
		if synctest.Wait(); len(one.Open()) != 1 {
			t.Error("a page that reloads has the box begin anew")
		}
		time.Sleep(2 * time.Second)
		if synctest.Wait(); len(one.Open()) != 0 {
			t.Error("the box still tells details that nobody looks at")
		}
		if got := h.comment("one", hash); got != "" {
			t.Error("old details are kept")
		}
		if _, _, ok := h.Detail("nowhere", hash); ok {
			t.Error("there are details of a box that is not there")
		}
	})
}

// A box that is paired anew while a torrent is open is asked for its details too.
func TestDetailsOfANewLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := boxtest.New(t, 1), boxtest.New(t, 2)
		h := start(t, boxtest.Net{one, other}, "one")
		h.untilLine("one", tunnel.Up)
		hash := torrent(1).Hash
		r := h.read("one", hash)
		defer r.release()
		one.PutDetail(state.Detail{Hash: hash, Comment: "old"})
		<-r.news
		time.Sleep(time.Second)
		other.PutDetail(state.Detail{Hash: hash, Comment: "new"})
		time.Sleep(time.Second)
		h.pair("one", other)
		for h.comment("one", hash) != "new" {
			<-r.news
		}
	})
}

// However many torrents people open, a box keeps what was opened last.
func TestManyOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, one := watching(t)
		var readers []*reader
		for i := range wire.MaxOpen + 3 {
			readers = append(readers, h.read("one", state.Hash{byte(i)}))
		}
		time.Sleep(time.Minute)
		if open := one.Open(); len(open) != wire.MaxOpen || open[0] != (state.Hash{3}) {
			t.Fatalf("%d torrents are open", len(open))
		}
		readers[10].release()
		readers[11].release()
		again := h.read("one", state.Hash{0})
		time.Sleep(time.Minute)
		open := one.Open()
		if len(open) != wire.MaxOpen || !slices.Contains(open, state.Hash{0}) || slices.Contains(open, state.Hash{10}) {
			t.Errorf("after two have left %d are open: %v", len(open), open)
		}
		again.release()
		for _, r := range readers {
			r.release()
		}
	})
}
