package mirror

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// shelf is a Details whose contents a test sets.
type shelf struct {
	mu      sync.Mutex
	open    map[state.Hash]int
	has     map[state.Hash]detail
	changed chan struct{}
}

func newShelf() *shelf {
	return &shelf{open: map[state.Hash]int{}, has: map[state.Hash]detail{}, changed: make(chan struct{})}
}

func (s *shelf) Open(h state.Hash) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[h]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open[h]--
	}
}

func (s *shelf) Detail(h state.Hash) (state.Detail, time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.has[h]
	return d.Detail, d.at, ok && !d.gone
}

func (s *shelf) DetailChanged() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *shelf) put(d state.Detail, gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.has[d.Hash] = detail{d, time.Now(), gone}
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *shelf) openings() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.open {
		n += k
	}
	return n
}

func detailOf(h state.Hash, files int) state.Detail {
	d := state.Detail{Hash: h, Dir: "/srv"}
	for i := range files {
		d.Files = append(d.Files, state.File{Name: fmt.Sprint("file ", i), Size: 1000, Have: int64(i % 1000)})
	}
	return d
}

// TestDetails opens torrents at home: their details come while they are open, and
// only then, also after a break.
func TestDetails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, box := newPair(t), newShelf()
		p.source.Details = box
		p.fill(10)
		l := p.connectPipe().settle()
		p.follower.SetInterest(Watching, hashOf(1), hashOf(2))
		synctest.Wait()
		if n := box.openings(); n != 2 {
			t.Fatalf("%d torrents are open at the box, want 2", n)
		}
		for i := range 5 {
			changed := p.follower.DetailChanged()
			box.put(detailOf(hashOf(1), 3000+i), false) // several frames
			box.put(detailOf(hashOf(5), 1), false)
			time.Sleep(time.Second)
			<-changed
			p.hasDetail(detailOf(hashOf(1), 3000+i))
		}
		if _, at, ok := p.follower.Detail(hashOf(5)); ok || !at.IsZero() {
			t.Error("the detail of a torrent that nobody has open came along")
		}
		box.put(state.Detail{Hash: hashOf(2)}, true)
		time.Sleep(time.Second)
		if _, at, ok := p.follower.Detail(hashOf(2)); ok || at.IsZero() {
			t.Error("it is not said that the torrent is gone")
		}
		l.close()
		if n := box.openings(); n != 0 {
			t.Errorf("%d torrents stay open after the connection", n)
		}

		box.put(detailOf(hashOf(1), 7), false)
		l = p.connectPipe().settle()
		time.Sleep(time.Second)
		p.hasDetail(detailOf(hashOf(1), 7))
		p.follower.SetInterest(Watching)
		synctest.Wait()
		if _, at, _ := p.follower.Detail(hashOf(1)); box.openings() != 0 || !at.IsZero() {
			t.Errorf("closed, yet %d are open at the box", box.openings())
		}
		l.close()
	})
}

// TestDetailsUnasked has a box tell of a torrent that nobody has open: home keeps
// nothing of it.
func TestDetailsUnasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		h := p.handAtBox()
		expect[*wire.Hello](h)
		h.send(&wire.Welcome{Version: wire.Version, Epoch: tellersEpoch})
		d := detailOf(hashOf(1), 3)
		news := wire.NewDetailEncoder().Encode(nil, 0, &d, false, 0, 1000)
		if _, err := h.out.WriteNews(&news); err != nil {
			t.Fatal(err)
		}
		h.send()
		expect[*wire.Ack](h)
		if len(p.follower.details) != 0 {
			t.Error("home keeps it")
		}
		h.ended()
	})
}

func (p *pair) hasDetail(want state.Detail) {
	p.t.Helper()
	got, at, ok := p.follower.Detail(want.Hash)
	if !ok || !got.Equal(&want) || time.Since(at) > 2*time.Second {
		p.t.Errorf("%d files of %v, want %d", len(got.Files), at, len(want.Files))
	}
}
