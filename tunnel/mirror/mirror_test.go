package mirror

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"reflect"
	"sync"
	"testing"

	"offing/tunnel/internal/memnet"
	"offing/tunnel/state"
)

var quiet = slog.New(slog.DiscardHandler)

// pair is a source and a follower in a test; connections between them come and go.
type pair struct {
	t        *testing.T
	box      *state.State // at the source
	home     *state.State // at the follower
	source   *Source
	follower *Follower
}

func newPair(t *testing.T) *pair {
	box, home := state.New(0xb0), state.New(0x40)
	return &pair{
		t: t, box: box, home: home,
		source:   &Source{State: box, Log: quiet},
		follower: NewFollower(home, quiet),
	}
}

// line is one connection that is up.
type line struct {
	cancel          context.CancelFunc
	ends            sync.WaitGroup
	atBox, atHome   error // valid after wait
	boxEnd, homeEnd io.ReadWriteCloser
}

// connect runs both sides over two ends of a stream.
func (p *pair) connect(boxEnd, homeEnd io.ReadWriteCloser) *line {
	ctx, cancel := context.WithCancel(p.t.Context())
	l := &line{cancel: cancel, boxEnd: boxEnd, homeEnd: homeEnd}
	l.ends.Go(func() { l.atBox = p.source.Run(ctx, boxEnd) })
	l.ends.Go(func() { l.atHome = p.follower.Run(ctx, homeEnd) })
	return l
}

// connectOver connects through two streams, which the caller may have changed.
func (p *pair) connectOver(down, up *memnet.Stream) *line {
	return p.connect(&memnet.End{In: up, Out: down}, &memnet.End{In: down, Out: up})
}

func (p *pair) connectPipe() *line {
	a, b := net.Pipe()
	return p.connect(a, b)
}

// wait waits until both sides have returned.
func (l *line) wait() {
	l.ends.Wait()
	l.cancel()
}

func (l *line) close() {
	l.cancel()
	l.wait()
}

// equal compares the two states.
func (p *pair) equal() {
	p.t.Helper()
	equalStates(p.t, p.box, p.home)
}

func equalStates(t *testing.T, a, b *state.State) {
	t.Helper()
	if !reflect.DeepEqual(torrents(a), torrents(b)) {
		t.Fatalf("torrents differ: %d and %d", a.Totals().Torrents, b.Totals().Torrents)
	}
	if a.Session() != b.Session() || a.Host() != b.Host() || a.Totals() != b.Totals() || a.Settings() != b.Settings() {
		t.Fatalf("boxes differ:\n%+v %+v %+v\n%+v %+v %+v", a.Session(), a.Host(), a.Settings(), b.Session(), b.Host(), b.Settings())
	}
}

func torrents(s *state.State) map[state.Hash]state.Torrent {
	m := make(map[state.Hash]state.Torrent)
	s.Each(func(t *state.Torrent) bool {
		c := *t
		if len(c.Labels) == 0 {
			c.Labels = nil
		}
		m[t.Hash] = c
		return true
	})
	return m
}

func hashOf(i int) state.Hash { return state.Hash{byte(i), byte(i >> 8), byte(i >> 16), 0xaa} }

// fill puts n torrents into the box.
func (p *pair) fill(n int) {
	p.update(func(tx *state.Tx) {
		for i := range n {
			tx.Put(&state.Torrent{
				Hash: hashOf(i), Name: fmt.Sprint("release ", i), Size: 1 << 30, Metadata: state.Whole, Dir: "/srv/torrents",
				Trackers: []string{fmt.Sprint("https://tracker.example/", i%7)}, Options: state.Options{PeerLimit: 50},
			})
		}
		tx.SetSession(state.Session{Daemon: state.DaemonOK, Version: "3.00"})
		tx.SetHost(state.Host{DiskTotal: 1 << 40})
		tx.SetSettings(state.Settings{DownLimit: 1000, DownloadDir: "/srv/torrents"})
	})
}

func (p *pair) update(f func(*state.Tx)) { update(p.t, p.box, f) }

func update(t *testing.T, s *state.State, f func(*state.Tx)) {
	t.Helper()
	if err := s.Update(func(tx *state.Tx) error { f(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// change makes one random change to the box.
func (p *pair) change(r *rand.Rand, pool int) {
	p.update(func(tx *state.Tx) {
		for range 1 + r.IntN(4) {
			h := hashOf(r.IntN(pool))
			switch r.IntN(8) {
			case 0:
				tx.Remove(h)
			case 1:
				tx.SetHost(state.Host{DiskFree: r.Int64()})
			case 2:
				tx.SetSession(state.Session{Daemon: state.DaemonOK, AltSpeed: r.IntN(2) == 0})
				tx.SetSettings(state.Settings{DownLimit: r.Int64(), DHT: r.IntN(2) == 0})
			default:
				tx.Put(&state.Torrent{Hash: h, Name: fmt.Sprint("name ", r.IntN(5)), Left: r.Int64N(1 << 40), RateDown: r.Int64N(1 << 20), Labels: []string{"tv"}[:r.IntN(2)]})
			}
		}
	})
}
