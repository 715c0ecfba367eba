package mirror

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// hand is a peer that a test moves by hand. It reads nothing until it is asked to.
type hand struct {
	t      *testing.T
	rw     *end
	out    *wire.Writer
	frames chan wire.Frame // nil before anything is read
	err    chan error      // of the machine's Run
}

var everything = []wire.Type{
	wire.TypeHello, wire.TypeWelcome, wire.TypeRefuse, wire.TypePart, wire.TypeDelta,
	wire.TypeAck, wire.TypeFresh, wire.TypeInterest, wire.TypeCheck, wire.TypeResync,
}

func newHand(t *testing.T, run func(*end) error) *hand {
	a, b := newStream(), newStream()
	h := &hand{t: t, rw: &end{in: a, out: b}, err: make(chan error, 1)}
	h.out, _ = wire.NewWriter(h.rw)
	go func() { h.err <- run(&end{in: b, out: a}) }()
	return h
}

// handAtHome is a hand in the place of a follower.
func (p *pair) handAtHome() *hand {
	return newHand(p.t, func(rw *end) error { return p.source.Run(p.t.Context(), rw) })
}

// handAtBox is a hand in the place of a source.
func (p *pair) handAtBox() *hand {
	return newHand(p.t, func(rw *end) error { return p.follower.Run(p.t.Context(), rw) })
}

func (h *hand) send(frames ...wire.Frame) {
	h.t.Helper()
	for _, f := range frames {
		if _, err := h.out.Write(f); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := h.out.Flush(); err != nil {
		h.t.Fatal(err)
	}
}

// read begins to read.
func (h *hand) read() {
	if h.frames != nil {
		return
	}
	h.frames = make(chan wire.Frame, 1000)
	in, err := wire.NewReader(h.rw, everything...)
	if err != nil {
		h.t.Fatal(err)
	}
	go func() {
		defer close(h.frames)
		for {
			f, err := in.Next()
			if err != nil {
				return
			}
			h.frames <- f
		}
	}()
}

// expect reads one frame and its type.
func expect[F wire.Frame](h *hand) F {
	h.t.Helper()
	h.read()
	f := <-h.frames
	want, ok := f.(F)
	if !ok {
		h.t.Fatalf("got %T, want %T", f, want)
	}
	return want
}

// drain returns what has come by now.
func (h *hand) drain() (frames []wire.Frame) {
	h.read()
	for {
		synctest.Wait()
		select {
		case f, ok := <-h.frames:
			if !ok {
				return frames
			}
			frames = append(frames, f)
		default:
			return frames
		}
	}
}

// ended returns the error with which the machine ended.
func (h *hand) ended() error {
	h.rw.Close()
	return <-h.err
}

func TestVersions(t *testing.T) {
	for name, c := range map[string]struct {
		other  uint32
		atHome string // what the follower says of such a box
		atBox  string // what the source says of such a home
	}{
		"older": {wire.Version - 1, "update the agent", "update the controller"},
		"newer": {wire.Version + 1, "update the controller", "update the agent"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				h := p.handAtHome()
				h.send(&wire.Hello{Version: c.other})
				if r := expect[*wire.Refuse](h); r.Code != wire.RefuseVersion || r.Version != wire.Version || !strings.Contains(r.Text, c.atBox) {
					t.Errorf("refused with %+v", r)
				}
				if err := <-h.err; !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), c.atBox) {
					t.Errorf("the source says %v", err)
				}
				for _, answer := range []wire.Frame{
					&wire.Refuse{Version: c.other, Code: wire.RefuseVersion, Text: "lies"},
					&wire.Welcome{Version: c.other, Epoch: 1},
				} {
					h = p.handAtBox()
					expect[*wire.Hello](h)
					h.send(answer)
					if err := <-h.err; !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), c.atHome) {
						t.Errorf("the follower says %v", err)
					}
				}
			})
		})
	}
}

func TestRefusedForAnotherReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newPair(t).handAtBox()
		expect[*wire.Hello](h)
		h.send(&wire.Refuse{Version: wire.Version, Code: 77, Text: "come back \x1b[31mlater"})
		if err := <-h.err; err == nil || errors.Is(err, ErrVersion) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q", err)
		}
	})
}

// TestSourceRefusesNonsense sends a source what no follower sends.
func TestSourceRefusesNonsense(t *testing.T) {
	hello := &wire.Hello{Version: wire.Version}
	for name, frames := range map[string][]wire.Frame{
		"no hello":         {&wire.Ack{}},
		"two hellos":       {hello, hello},
		"ack of nothing":   {hello, &wire.Ack{Frames: 99}},
		"ack taken back":   {hello, &wire.Ack{Frames: 1}, &wire.Ack{Frames: 0}},
		"box's own frames": {hello, &wire.Check{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				p.fill(10)
				h := p.handAtHome()
				for _, f := range frames {
					h.send(f)
					synctest.Wait()
				}
				if err := <-h.err; !errors.Is(err, errProtocol) && !errors.Is(err, wire.ErrMalformed) {
					t.Errorf("ended with %v", err)
				}
			})
		})
	}
}

// TestInterestOfLaterVersion keeps an unknown level from being no interest.
func TestInterestOfLaterVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		var told Level
		p.source.Interest = func(_ context.Context, l Level) { told = l }
		h := p.handAtHome()
		h.send(&wire.Hello{Version: wire.Version}, &wire.Interest{Level: 9})
		synctest.Wait()
		if told != Watching {
			t.Errorf("told %d", told)
		}
		h.ended()
	})
}

// TestFollowerResyncs sends a follower what does not fit: it asks for a snapshot,
// is deaf until that begins, takes it, and does not bear the same again.
func TestFollowerResyncs(t *testing.T) {
	const epoch = 0xb0
	to := func(seq uint64) state.Version { return state.Version{Epoch: epoch, Seq: seq} }
	whole := func(i int) state.Change {
		return state.Change{Fields: state.AllFields, Torrent: state.Torrent{Hash: hashOf(i), Name: "whole"}}
	}
	snapshot := &wire.Part{Last: true, Delta: state.Delta{To: to(10), Changes: []state.Change{whole(1)}}}
	unknown := state.Change{Fields: state.FieldName, Torrent: state.Torrent{Hash: hashOf(2)}}
	for name, bad := range map[string]wire.Frame{
		"unknown torrent": &wire.Delta{Delta: state.Delta{From: 10, To: to(11), Changes: []state.Change{unknown}}},
		"gap":             &wire.Delta{Delta: state.Delta{From: 11, To: to(12)}},
		"overlap":         &wire.Delta{Delta: state.Delta{From: 9, To: to(11)}},
		"other epoch":     &wire.Delta{Delta: state.Delta{From: 10, To: state.Version{Epoch: 1, Seq: 11}}},
		"part of nothing": &wire.Part{Index: 1, Delta: state.Delta{To: to(11)}},
		"alien snapshot":  &wire.Part{Delta: state.Delta{To: state.Version{Epoch: 1, Seq: 11}}},
		"wrong sum":       &wire.Check{Seq: 10, Sum: 12345},
		"sum of another":  &wire.Check{Seq: 11},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				h := p.handAtBox()
				expect[*wire.Hello](h)
				h.send(&wire.Welcome{Version: wire.Version, Epoch: epoch}, snapshot)
				expect[*wire.Ack](h)
				h.send(bad)
				asked := false
				for _, f := range h.drain() {
					_, is := f.(*wire.Resync)
					asked = asked || is
				}
				if !asked || p.follower.version() != (state.Version{}) || p.follower.Stats().Resyncs != 1 {
					t.Fatalf("asked %v, at %v, %+v", asked, p.follower.version(), p.follower.Stats())
				}
				// What was on its way is no second offence.
				h.send(&wire.Delta{Delta: state.Delta{From: 12, To: to(13), Changes: []state.Change{unknown}}}, &wire.Check{Seq: 13}, &wire.Part{Index: 4, Delta: state.Delta{To: to(13)}})
				h.send(snapshot)
				h.drain()
				if p.follower.version() != to(10) || p.home.Totals().Torrents != 1 {
					t.Fatalf("after the snapshot at %v", p.follower.version())
				}
				h.send(bad)
				if err := <-h.err; !errors.Is(err, errDiverged) {
					t.Errorf("the second time: %v", err)
				}
				if p.follower.version() != (state.Version{}) {
					t.Error("the next connection would resume")
				}
			})
		})
	}
}

// TestPartMissing skips a part of a snapshot.
func TestPartMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		h := p.handAtBox()
		expect[*wire.Hello](h)
		to := state.Version{Epoch: 1, Seq: 1}
		h.send(&wire.Welcome{Version: wire.Version, Epoch: 1}, &wire.Part{Delta: state.Delta{To: to}}, &wire.Part{Index: 2, Last: true, Delta: state.Delta{To: to}})
		h.drain()
		if s := p.follower.Stats(); s.Resyncs != 1 || s.Snapshots != 0 || p.follower.version() != (state.Version{}) {
			t.Errorf("%+v at %v", s, p.follower.version())
		}
		h.ended()
	})
}

// TestTooManyTorrents has a box try to fill home's memory.
func TestTooManyTorrents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.follower.most = 100
		h := p.handAtBox()
		expect[*wire.Hello](h)
		h.send(&wire.Welcome{Version: wire.Version, Epoch: 1})
		for i := range 200 {
			c := state.Change{Fields: state.AllFields, Torrent: state.Torrent{Hash: hashOf(i)}}
			if _, err := h.out.Write(&wire.Part{Index: uint32(i), Delta: state.Delta{To: state.Version{Epoch: 1, Seq: 1}, Changes: []state.Change{c}}}); err != nil {
				t.Fatal(err)
			}
		}
		h.send()
		if err := <-h.err; !errors.Is(err, errProtocol) {
			t.Errorf("ended with %v", err)
		}
		if n := p.home.Totals().Torrents; n > 101 {
			t.Errorf("home has %d torrents", n)
		}
	})
}
