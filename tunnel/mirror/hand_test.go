package mirror

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"offing/tunnel/internal/memnet"
	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// hand is a peer that a test moves by hand. It reads nothing until it is asked to.
type hand struct {
	t      *testing.T
	rw     *memnet.End
	out    *wire.Writer
	frames chan wire.Frame // nil before anything is read
	err    chan error      // of the machine's Run
}

var everything = []wire.Type{
	wire.TypeHello, wire.TypeWelcome, wire.TypeRefuse, wire.TypeSnapshot, wire.TypeDelta,
	wire.TypeAck, wire.TypeInterest, wire.TypeCheck, wire.TypeResync, wire.TypeDetail,
}

func newHand(t *testing.T, run func(*memnet.End) error) *hand {
	a, b := memnet.NewStream(), memnet.NewStream()
	h := &hand{t: t, rw: &memnet.End{In: a, Out: b}, err: make(chan error, 1)}
	h.out, _ = wire.NewWriter(h.rw)
	go func() { h.err <- run(&memnet.End{In: b, Out: a}) }()
	return h
}

// handAtHome is a hand in the place of a follower.
func (p *pair) handAtHome() *hand {
	return newHand(p.t, func(rw *memnet.End) error { return p.source.Run(p.t.Context(), rw) })
}

// handAtBox is a hand in the place of a source.
func (p *pair) handAtBox() *hand {
	return newHand(p.t, func(rw *memnet.End) error { return p.follower.Run(p.t.Context(), rw) })
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

// teller makes frames as a source does, of a state that a test tells it.
type teller struct {
	h   *hand
	s   *state.State
	enc *wire.Encoder
}

const tellersEpoch = 0xb0

// newTeller begins a snapshot, or goes on from the sequence base.
func (h *hand) newTeller(base uint64) *teller {
	return &teller{h: h, s: state.New(tellersEpoch), enc: wire.NewEncoder(base)}
}

// tell changes the state and sends it.
func (l *teller) tell(change func(*state.Tx)) {
	l.h.t.Helper()
	update(l.h.t, l.s, change)
	var news wire.News
	l.s.View(func(r state.Reader) {
		news = l.enc.Encode(nil, r, &wire.Policy{Limit: 1 << 16, Known: true})
	})
	if _, err := l.h.out.WriteNews(&news); err != nil {
		l.h.t.Fatal(err)
	}
	l.h.send()
}

func put(i int, name string) func(*state.Tx) {
	return func(tx *state.Tx) { tx.Put(&state.Torrent{Hash: hashOf(i), Name: name}) }
}

// TestFollowerResyncs sends a follower what does not fit: it asks for a snapshot,
// is deaf until that begins, takes it, and does not bear the same again.
func TestFollowerResyncs(t *testing.T) {
	for name, bad := range map[string]func(*hand){
		"unknown torrent": func(h *hand) {
			other := h.newTeller(1) // as if home knew torrent 2 from before
			update(h.t, other.s, put(2, "before"))
			other.tell(put(2, "after"))
		},
		"wrong sum":      func(h *hand) { h.send(&wire.Check{Seq: 1, Sum: 12345}) },
		"sum of another": func(h *hand) { h.send(&wire.Check{Seq: 7}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { followerResyncs(t, bad) })
		})
	}
}

func followerResyncs(t *testing.T, bad func(*hand)) {
	p := newPair(t)
	// Home has the state of an earlier connection.
	h := p.handAtBox()
	expect[*wire.Hello](h)
	h.send(&wire.Welcome{Version: wire.Version, Epoch: tellersEpoch})
	h.newTeller(0).tell(put(1, "whole"))
	expect[*wire.Ack](h)
	h.ended()

	h = p.handAtBox()
	if hello := expect[*wire.Hello](h); hello.Seq != 1 {
		t.Fatalf("resumes at %d", hello.Seq)
	}
	h.send(&wire.Welcome{Version: wire.Version, Epoch: tellersEpoch})
	bad(h)
	asked := false
	for _, f := range h.drain() {
		_, is := f.(*wire.Resync)
		asked = asked || is
	}
	if !asked || p.follower.version() != (state.Version{}) || p.follower.Stats().Resyncs != 1 {
		t.Fatalf("asked %v, at %v, %+v", asked, p.follower.version(), p.follower.Stats())
	}
	h.send(&wire.Check{Seq: 13}) // what was on its way is no second offence
	h.newTeller(0).tell(put(3, "the snapshot"))
	h.drain()
	if p.follower.version().Seq != 1 || p.home.Totals().Torrents != 1 {
		t.Fatalf("after the snapshot at %v", p.follower.version())
	}
	h.send(&wire.Check{Seq: 1, Sum: 1})
	if err := <-h.err; !errors.Is(err, errDiverged) {
		t.Errorf("the second time: %v", err)
	}
	if p.follower.version() != (state.Version{}) {
		t.Error("the next connection would resume")
	}
}

// TestTooManyTorrents has a box try to fill home's memory.
func TestTooManyTorrents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.follower.most = 100
		h := p.handAtBox()
		expect[*wire.Hello](h)
		h.send(&wire.Welcome{Version: wire.Version, Epoch: tellersEpoch})
		l := h.newTeller(0)
		for i := range 101 {
			l.tell(put(i, ""))
		}
		if err := <-h.err; !errors.Is(err, errProtocol) {
			t.Errorf("ended with %v", err)
		}
		if n := p.home.Totals().Torrents; n > 101 {
			t.Errorf("home has %d torrents", n)
		}
	})
}
